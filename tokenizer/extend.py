"""An existing byte-level BPE tokenizer with further tokens of a corpus: what continued pre-training starts with.

Words are cut as the base cuts them, and then merged further: the most frequent pair of tokens first, as training from
bytes does (see `bpe_train`). So the base's ids stay what they are, and a word is encoded as before unless a new merge
joins what the base made of it. New ids come behind the base's highest, those of added tokens included.

Shapes: A = bytes of all words end to end, W = words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from tokenizer.bpe_encode import FastEncoder, why_not
from tokenizer.byte_level import byte_of, merges_as_pairs
from tokenizer.files import MODEL_INPUT_NAMES
from tokenizer.pretokenize import pattern_of
from tokenizer.tiktoken_ranks import tiktoken_file

_MAX_INT32 = 2**31 - 1
KEPT_FILES = ("special_tokens_map.json", "chat_template.jinja", "chat_template.json")

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Pair = tuple[str, str]


class Base:
    """A tokenizer to extend. Raises ValueError where it is not byte-level BPE, or not one whose words are known here.

    pattern: how it cuts text into words, a name of `pretokenize.PATTERNS`. normalizes: True where texts are brought
    into Unicode's normal form C before. num_ids: its highest id + 1. num_tokens: of all tokens, added ones too.
    """

    def __init__(self, tokenizer_json: bytes) -> None:
        try:
            self.parts: dict[str, Any] = json.loads(tokenizer_json)
            self.model: dict[str, Any] = self.parts["model"]
            self.added = {token["content"]: int(token["id"]) for token in self.parts.get("added_tokens") or ()}
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"not the JSON of a tokenizer ({type(error).__name__}: {error})") from None
        reason = why_not(self.parts)
        if not reason and not self.model["vocab"].keys() >= byte_of().keys():
            reason = "some of the 256 bytes have no token"
        if reason:
            raise ValueError(f"only byte-level BPE can be extended, and {reason}")
        pattern = pattern_of(self.parts.get("pre_tokenizer"))
        assert pattern is not None
        self.pattern = pattern
        self.normalizes = bool(self.parts.get("normalizer"))
        self.vocab: dict[str, int] = {**self.model["vocab"], **self.added}
        self.num_ids = max(self.vocab.values()) + 1
        self.num_tokens = len(self.vocab)

    @cached_property
    def _encoder(self) -> FastEncoder:
        """Of the merges alone: what is added to them or goes before them is not there when words are cut."""
        model = {**self.model, "ignore_merges": False}
        encoder = FastEncoder.of({**self.parts, "added_tokens": [], "normalizer": None, "model": model})
        assert encoder is not None
        return encoder

    def further_merges(
        self, word_A: Bytes, offsets_W1: Ints, counts_W: Ints, num: int, min_frequency: int, max_token_bytes: int | None
    ) -> list[Pair]:
        """At most `num` merges of tokens as they are spelled, in order."""
        from tokenizer.extend_kernels import further_merges  # Numba, at first use

        size = int(offsets_W1[-1] - offsets_W1[0]) + counts_W.size + 1
        if size >= _MAX_INT32:
            raise ValueError(f"{size} bytes of distinct words, at most {_MAX_INT32} fit; leave out rare words")
        ids_T, bounds_W1 = self._encoder.encode(word_A, offsets_W1)
        longest = _MAX_INT32 if max_token_bytes is None else max_token_bytes
        numbers = (self.num_ids, num, max(min_frequency, 1), longest)
        merges_M2 = further_merges(ids_T, bounds_W1, counts_W.copy(), self._encoder.token_bytes_V, *numbers)
        spelled = {token_id: token for token, token_id in self.model["vocab"].items()}
        merges = []
        for left, right in merges_M2.tolist():
            merges.append((spelled[left], spelled[right]))
            spelled[self.num_ids + len(merges) - 1] = spelled[left] + spelled[right]
        return merges

    def with_merges(self, merges: Iterable[Pair]) -> tuple[dict[str, Any], int]:
        """(the tokenizer's JSON with the merges behind its own, how many tokens that adds).

        A merge that spells a token which the base has but never makes, makes that one. Added tokens are put into the
        model's vocabulary, too: the library counts their ids on from its size where they are not.
        """
        vocab, added = dict(self.vocab), []
        for left, right in merges:
            if left + right in self.added:
                raise ValueError(
                    f"{left + right!r} is an added token of the base and a frequent word; add fewer tokens"
                )
            vocab.setdefault(left + right, self.num_ids + len(vocab) - len(self.vocab))
            added.append([left, right])
        own = self.model["merges"]
        if own and isinstance(own[0], str):
            own = [merge.split(" ") for merge in own if not merge.startswith("#version")]
        ordered = dict(sorted(vocab.items(), key=lambda item: item[1]))
        parts = {**self.parts, "model": {**self.model, "vocab": ordered, "merges": [*own, *added]}}
        return parts, len(vocab) - len(self.vocab)


def extended(
    base: Base,
    word_A: Bytes,
    offsets_W1: Ints,
    counts_W: Ints,
    *,
    add_tokens: int,
    min_frequency: int = 0,
    max_token_bytes: int | None = None,
) -> bytes:
    """The tokenizer.json of `base` with `add_tokens` more tokens, or fewer where there is too little to merge.

    Word w is word_A[offsets_W1[w]:offsets_W1[w + 1]], a pretoken by the base's pattern, and occurs counts_W[w] times;
    words may repeat, and their order does not matter. Pairs that occur less than `min_frequency` times, or would have
    more than `max_token_bytes`, are not merged.
    """
    if add_tokens < 1:
        raise ValueError(f"the base has {base.num_ids} ids, and {add_tokens} tokens are to be added; add one at least")
    num = add_tokens
    while True:
        merges = base.further_merges(word_A, offsets_W1, counts_W, num, min_frequency, max_token_bytes)
        parts, found = base.with_merges(merges)
        if found == add_tokens or len(merges) < num:
            return (json.dumps(parts, ensure_ascii=False, indent=2) + "\n").encode()
        num += add_tokens - found  # some merges spell tokens that the base has


def extended_files(base_dir: str | Path, tokenizer_json: bytes) -> dict[str, bytes]:
    """File name to bytes of the extended tokenizer's folder: special tokens and chat template are those of the base.

    The class named reads tokenizer.json as it is, in transformers 4 and 5; files that hold the old vocabulary are left.
    """
    files = {"tokenizer.json": tokenizer_json, **tiktoken_file(tokenizer_json)}
    for name in KEPT_FILES:
        if (path := Path(base_dir) / name).is_file():
            files[name] = path.read_bytes()
    path = Path(base_dir) / "tokenizer_config.json"
    config = json.loads(path.read_bytes()) if path.is_file() else {}
    config = {"model_input_names": MODEL_INPUT_NAMES} | config | {"tokenizer_class": "PreTrainedTokenizerFast"}
    config.pop("auto_map", None)
    return files | {path.name: (json.dumps(config, ensure_ascii=False, indent=2) + "\n").encode()}


def spellings(base_json: bytes, extended_json: bytes) -> dict[int, list[int]]:
    """The base's ids that spell each new token: id to ids.

    Raises ValueError where the second tokenizer does not have all tokens of the first under their ids.
    """
    old, new = (_ids(json.loads(raw)) for raw in (base_json, extended_json))
    moved = [token for token, token_id in old.items() if new.get(token) != token_id]
    if moved:
        raise ValueError(f"{len(moved)} of its {len(old)} tokens have other ids or are gone, {moved[0]!r} is the first")
    parts_of = {"".join(pair): pair for pair in reversed(merges_as_pairs(json.loads(extended_json)["model"]))}
    library: Tokenizer = Tokenizer.from_str(base_json.decode())
    found: dict[int, list[int]] = {}

    def spelled(token: str) -> list[int]:
        if token in old:
            return [old[token]]
        if token not in parts_of:  # an added one
            return list(library.encode(token, add_special_tokens=False).ids)
        return [token_id for part in parts_of[token] for token_id in spelled(part)]

    for token, token_id in sorted(new.items(), key=lambda item: item[1]):
        if token not in old:
            found[token_id] = spelled(token)
    return found


def _ids(parts: Mapping[str, Any]) -> dict[str, int]:
    return {**parts["model"]["vocab"], **{token["content"]: token["id"] for token in parts.get("added_tokens") or ()}}
