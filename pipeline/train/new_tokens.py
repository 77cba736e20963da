"""Rows for the tokens by which the packed rows' tokenizer extends the base's, where the recipe asks for them.

A new row is the mean of the rows of the old tokens that spell the token, in the input's and in the output's embedding:
it then begins near what the model knows of those words, where a random row would first have to unlearn its noise (the
mean of all rows, transformers' default, knows of none).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from pipeline.config import ShapeBase, TrainConfig
from pipeline.io.packed import Manifest
from pipeline.train.error import TrainError
from tokenizer.extend import spellings

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class NewTokens:
    """The new ids, ascending, the base's ids that spell each, how many rows all ids need, and whose tokenizer it is."""

    ids: tuple[int, ...]
    spelled: tuple[tuple[int, ...], ...]
    num_rows: int
    tokenizer_dir: str


def find_new_tokens(
    config: TrainConfig, base: str | ShapeBase, packed_dir: str, manifest: Manifest, tokenizer_dir: str | None
) -> NewTokens | None:
    """The new tokens; None where the recipe does not ask, or the base's tokenizer is that of the rows.

    The rows' tokenizer is looked for in `tokenizer_dir` and in the run that packed them. Raises TrainError where it is
    not there, the base has none, or one does not extend the other.
    """
    if not config.resizes_embedding or isinstance(base, ShapeBase):
        return None
    base_path = Path(base) / "tokenizer.json"
    if not base_path.is_file():
        raise TrainError(f"resizes_embedding: {base} has no tokenizer.json, which tells what its ids mean; add it")
    old = base_path.read_bytes()
    if hashlib.sha256(old).hexdigest() == manifest.tokenizer:
        return None
    folder = _rows_tokenizer([tokenizer_dir, str(Path(packed_dir).absolute().parent / "tokenizer")], manifest)
    try:
        found = spellings(old, (folder / "tokenizer.json").read_bytes())
    except ValueError as error:
        raise TrainError(
            f"resizes_embedding: {folder} does not extend the tokenizer of {base}: {error}. Extend that one "
            f"(train_tokenizer: {{extend: {base}}}), or pack with it (pack: {{tokenizer: {base}}})"
        ) from None
    return NewTokens(tuple(found), tuple(map(tuple, found.values())), manifest.vocab_size, str(folder))


def _rows_tokenizer(folders: list[str | None], manifest: Manifest) -> Path:
    for folder in filter(None, folders):
        path = Path(folder) / "tokenizer.json"
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == manifest.tokenizer:
            return path.parent
    raise TrainError(
        f"resizes_embedding: the packed rows' tokenizer ({manifest.tokenizer[:12]}) is in none of "
        f"{', '.join(filter(None, folders))}; keep the run's tokenizer/ beside its packed rows"
    )


def add_rows(model: PreTrainedModel, new: NewTokens) -> None:
    """Give the embeddings rows for all ids, in place, and the new tokens' rows their first values."""
    if model.get_input_embeddings().weight.shape[0] < new.num_rows:
        model.resize_token_embeddings(new.num_rows, mean_resizing=False)
    output = model.get_output_embeddings()
    tensors = [model.get_input_embeddings().weight, output.weight, getattr(output, "bias", None)]
    ids_N = torch.tensor(new.ids)
    lengths_N = torch.tensor([len(parts) for parts in new.spelled])
    parts_P = torch.tensor([part for parts in new.spelled for part in parts])
    row_P = torch.repeat_interleave(torch.arange(ids_N.numel()), lengths_N)
    for tensor in {id(one): one for one in tensors if one is not None}.values():
        with torch.no_grad():
            parts = tensor[parts_P.to(tensor.device)].float()
            sums = parts.new_zeros((ids_N.numel(), *parts.shape[1:])).index_add_(0, row_P.to(parts.device), parts)
            means = sums / lengths_N.to(parts.device).reshape(-1, *[1] * (parts.ndim - 1))
            tensor[ids_N.to(tensor.device)] = means.to(tensor.dtype)
