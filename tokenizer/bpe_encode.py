"""Token ids of documents straight from their bytes, for tokenizers that are byte-level BPE and nothing else.

The ids are those of the `tokenizers` library where special tokens in a text are read as text, but for the documents
that `left_out` names. Words met before are looked up, others merged; which words were met before changes no id.

    encoder = FastEncoder.of(tokenizer_json)
    ids_T, bounds_D1 = encoder.encode(text_B, offsets_D1)

Shapes: B = UTF-8 bytes of all documents end to end, D = documents, T = tokens.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from tokenizer.bpe_encode_tables import (
    MAX_IDS,
    MAX_MERGES,
    SPARE_IDS,
    Merges,
    WordCache,
    merges_of,
    scratch,
    word_cache,
)
from tokenizer.byte_level import byte_of, merges_as_pairs
from tokenizer.library_documents import LibraryDocuments, normalizers_not_covered
from tokenizer.pretokenize import pattern_of, pretokens

__all__ = ["FastEncoder", "why_not"]

GROUP_BYTES = 1 << 17  # the pretokens of a group stay in the processor's cache; a document is never cut

Bytes = npt.NDArray[np.uint8]
Longs = npt.NDArray[np.int64]


class FastEncoder:
    """Encodes buffers of UTF-8 text; made by `of`. Threads that share one take turns.

    left_out: tells the documents whose ids are not those of the library. token_bytes_V: bytes of each id, which add up
    to those of a text, or None where some byte has no token.
    """

    def __init__(
        self, merges: Merges, pattern: str, left_out: LibraryDocuments, cache: WordCache | None = None
    ) -> None:
        self.pattern = pattern
        self.left_out = left_out
        self.token_bytes_V: npt.NDArray[np.int32] | None = None
        self._merges = merges
        self._cache = cache or word_cache()
        self._lock = Lock()

    @classmethod
    def of(cls, tokenizer: bytes | Mapping[str, Any]) -> FastEncoder | None:
        """The encoder of a `tokenizer.json`, raw or parsed, or None where `why_not` has a reason against it."""
        parts = _parsed(tokenizer)
        if why_not(parts):
            return None
        pattern = pattern_of(parts["pre_tokenizer"])
        assert pattern is not None
        vocab: dict[str, int] = parts["model"]["vocab"]
        byte_ids = _byte_ids(vocab)
        whole = _whole_words(vocab) if parts["model"].get("ignore_merges") else None
        encoder = cls(merges_of(_merges(parts["model"]), byte_ids, whole), pattern, LibraryDocuments(parts))
        if min(byte_ids) >= 0:
            encoder.token_bytes_V = np.zeros(max(vocab.values()) + 1, np.int32)
            encoder.token_bytes_V[list(vocab.values())] = [len(token) for token in vocab]
        return encoder

    def encode(self, text_B: Bytes, offsets_D1: npt.NDArray[np.signedinteger]) -> tuple[npt.NDArray[np.int32], Longs]:
        """(ids_T, bounds_D1): document d has the ids ids_T[bounds_D1[d]:bounds_D1[d + 1]].

        Document d is text_B[offsets_D1[d]:offsets_D1[d + 1]]. Truncation, padding and what a post-processor adds are
        left out. Bytes that are not UTF-8 are encoded too, somehow. ids_T is a view of an array with room for a token
        a byte: copy it where it is kept.
        """
        from tokenizer.bpe_encode_kernels import encode_words  # Numba, at first use

        text_B = text_B.view()
        text_B.flags.writeable = False  # one compiled kernel, whatever the array is
        offsets_D1 = offsets_D1.astype(np.int64)
        ids_T = np.empty(int(offsets_D1[-1] - offsets_D1[0]) + SPARE_IDS, np.int32)
        bounds_D1 = np.zeros(offsets_D1.size, np.int64)
        room = scratch(int(np.diff(offsets_D1).max(initial=0)))
        with self._lock:
            for first, last in _groups(offsets_D1):
                group_G1 = offsets_D1[first : last + 1]
                ends_P, pretoken_bounds_G1 = pretokens(text_B, group_G1, self.pattern)
                tokens_G1 = bounds_D1[first : last + 1]
                words = (text_B, group_G1, ends_P, pretoken_bounds_G1)
                encode_words(*words, self._merges, self._cache, room, ids_T, tokens_G1)
        return ids_T[: bounds_D1[-1]], bounds_D1


def why_not(tokenizer: bytes | Mapping[str, Any]) -> str | None:
    """Why `FastEncoder` does not cover a `tokenizer.json`, raw or parsed, in words; None where it does."""
    parts = _parsed(tokenizer)
    model = parts.get("model") or {}
    if model.get("type") != "BPE":
        return f"its model is {model.get('type')}, not BPE"
    if normalizers := normalizers_not_covered(parts):
        return f"it normalises text ({', '.join(normalizers)})"
    if pattern_of(parts.get("pre_tokenizer")) is None:
        return "its pre_tokenizer is not byte-level with a split pattern that is known here"
    return _model_why_not(model)


def _parsed(tokenizer: bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    return json.loads(tokenizer) if isinstance(tokenizer, bytes) else tokenizer


def _groups(offsets_D1: Longs) -> list[tuple[int, int]]:
    """Ranges of documents that lie within GROUP_BYTES, or are one document."""
    groups = []
    first = 0
    while first < offsets_D1.size - 1:
        last = int(np.searchsorted(offsets_D1, offsets_D1[first] + GROUP_BYTES, "right")) - 1
        last = max(first + 1, last)
        groups.append((first, last))
        first = last
    return groups


def _model_why_not(model: Mapping[str, Any]) -> str | None:
    vocab: dict[str, int] = model["vocab"]
    for name in ("dropout", "continuing_subword_prefix", "end_of_word_suffix"):
        if model.get(name):
            return f"it has {name} {model[name]!r}"
    if len(set(vocab.values())) < len(vocab):
        return "two tokens of its vocabulary have one id"
    if not vocab or min(vocab.values()) < 0 or max(vocab.values()) >= MAX_IDS or len(model["merges"]) >= MAX_MERGES:
        return f"ids are not from 0 to {MAX_IDS - 1}, or merges are not fewer than {MAX_MERGES}"
    unknown = model.get("unk_token") is not None or model.get("byte_fallback")
    if unknown and any(alphabet not in vocab for alphabet in byte_of()):
        return "its vocabulary lacks some of the 256 bytes, and it has an unknown token or byte_fallback for them"
    if any(token not in vocab for merge in merges_as_pairs(model) for token in (*merge, "".join(merge))):
        return "it has a merge whose tokens are not in its vocabulary"
    return None


def _merges(model: Mapping[str, Any]) -> list[tuple[int, int, int]]:
    vocab: dict[str, int] = model["vocab"]
    return [(vocab[left], vocab[right], vocab[left + right]) for left, right in merges_as_pairs(model)]


def _byte_ids(vocab: Mapping[str, int]) -> list[int]:
    ids = [-1] * 256
    for character, byte in byte_of().items():
        ids[byte] = vocab.get(character, -1)
    return ids


def _whole_words(vocab: Mapping[str, int]) -> dict[bytes, int]:
    """Id of each token by its bytes; tokens with other characters are no word of any text."""
    return {
        bytes(map(byte_of().__getitem__, token)): token_id
        for token, token_id in vocab.items()
        if token and byte_of().keys() >= set(token)
    }
