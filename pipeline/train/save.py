"""Write what was trained, whole or not at all, in the layouts that peft and transformers read."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
)


@contextlib.contextmanager
def atomic_dir(out_dir: str | Path) -> Iterator[Path]:
    """Yield a temporary folder beside `out_dir`; when the block ends well, flush its files and put it in its place."""
    final = Path(out_dir).absolute()
    temporary, old = (final.with_name(f".{final.name}.{os.getpid()}.{kind}") for kind in ("tmp", "old"))
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        for path in temporary.rglob("*"):
            if path.is_dir():
                continue
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
        if final.exists():
            final.rename(old)
        temporary.rename(final)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def save_adapter(adapter: PeftModel, out_dir: str, *, base: str, tokenizer_dir: str | None) -> None:
    """Write adapter_config.json (with the base's absolute path), adapter_model.safetensors and the tokenizer files."""
    lora = adapter.peft_config["default"]
    lora.base_model_name_or_path = str(Path(base).absolute())
    lora.target_modules = sorted(lora.target_modules)  # a set: its order would differ from run to run
    with atomic_dir(out_dir) as folder:
        # "auto" would ask the hub whether the base's vocabulary has changed
        adapter.save_pretrained(str(folder), save_embedding_layers=False)
        (folder / "README.md").unlink(missing_ok=True)
        _copy_tokenizer(tokenizer_dir or base, folder)


def save_model(
    model: PreTrainedModel, out_dir: str, *, base: str | None, dtype: torch.dtype, tokenizer_dir: str | None
) -> None:
    """Write the whole model in `dtype`, which also converts `model`, with the tokenizer's files beside it."""
    with atomic_dir(out_dir) as folder:
        model.to(dtype).save_pretrained(str(folder))
        source = tokenizer_dir or base
        if source is not None:
            _copy_tokenizer(source, folder)


def _copy_tokenizer(source: str, folder: Path) -> None:
    for name in TOKENIZER_FILES:
        if (Path(source) / name).is_file():
            shutil.copyfile(Path(source) / name, folder / name)
