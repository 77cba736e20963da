"""Tokens of documents as fastText's trainer and `predict` see them, numbered as they come.

Tokens are those of `fasttext_tokens`. Every document ends with the token </s>; text behind a </s> of its own is not
seen. Tokens that begin with __label__ are labels to fastText, never words, and are left out.

    "the mill\\nthe" -> the | mill | the | </s>

A vocabulary grows from batch to batch. Shapes: D = documents in the batch, B = UTF-8 bytes of all documents end to end,
T = tokens of all documents, V = words (room for them), A = bytes of all words (room for them), S = slots.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from pipeline.kernels.buffers import string_view
from pipeline.kernels.chunks import load8, load_tail, store8
from pipeline.kernels.fasttext_tokens import is_label, is_space, token_hash
from pipeline.kernels.hashing import bytes_hash, quick_key, slot_of

Bytes = npt.NDArray[np.uint8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]

EOS = "</s>"
EOS_ID = 0
FIRST_BITS = 12
ROOM = 16  # bytes to spare behind the words, so that eight can be copied at a time


class _Words(NamedTuple):
    """Word v is arena_A[starts_V1[v]:starts_V1[v + 1]]; slots_S holds v + 1, or 0 where free."""

    arena_A: Bytes
    starts_V1: Int64
    key_V: UInt64
    hash_V: Int32
    slots_S: Int32


class Vocabulary:
    """Words seen so far, </s> first."""

    def __init__(self) -> None:
        self._words = _room(FIRST_BITS, 1 << FIRST_BITS)
        self._num_words = 0
        self.token_ids(*string_view(pa.array([EOS])))

    def __len__(self) -> int:
        return self._num_words

    def hashes(self) -> Int32:
        """fastText's 32-bit hash of each word: shape (V,)."""
        return self._words.hash_V[: self._num_words]

    def words(self) -> pa.LargeStringArray:
        """Each word, in order of appearance: shape (V,)."""
        starts_V1 = self._words.starts_V1[: self._num_words + 1]
        arena = pa.py_buffer(self._words.arena_A[: starts_V1[-1]])
        return pa.LargeStringArray.from_buffers(self._num_words, pa.py_buffer(starts_V1), arena)

    def token_ids(self, text_B: Bytes, offsets_D1: Int32) -> tuple[Int32, Int64]:
        """Return (ids_T, token_offsets_D1): each document's tokens by number; new words get the next numbers."""
        num_docs = offsets_D1.size - 1
        ids_T = np.empty(int(offsets_D1[-1] - offsets_D1[0]) // 2 + 2 * num_docs, np.int32)
        token_offsets_D1 = np.zeros(num_docs + 1, np.int64)
        d = 0
        while True:
            d, self._num_words = _token_ids(
                text_B, offsets_D1, d, self._words, self._num_words, ids_T, token_offsets_D1
            )
            if d == num_docs:
                return ids_T[: token_offsets_D1[-1]].copy(), token_offsets_D1
            self._grow(int(offsets_D1[d + 1] - offsets_D1[d]))

    def _grow(self, more_bytes: int) -> None:
        """Twice the room, and at least `more_bytes` for words."""
        old, num_words = self._words, self._num_words
        new = _room(old.slots_S.size.bit_length(), 2 * old.arena_A.size + more_bytes)
        new.arena_A[: old.arena_A.size] = old.arena_A
        new.starts_V1[: num_words + 1] = old.starts_V1[: num_words + 1]
        new.key_V[:num_words], new.hash_V[:num_words] = old.key_V[:num_words], old.hash_V[:num_words]
        _enter(new.key_V[:num_words], new.slots_S)
        self._words = new


def _room(bits: int, num_bytes: int) -> _Words:
    """Room for words in half of 2**bits slots, so that a search is short."""
    num_words = 1 << (bits - 1)
    return _Words(
        np.empty(num_bytes + ROOM, np.uint8),
        np.zeros(num_words + 1, np.int64),
        np.empty(num_words, np.uint64),
        np.empty(num_words, np.int32),
        np.zeros(1 << bits, np.int32),
    )


@njit(cache=True, nogil=True)
def document_hashes(text_B, offsets_D1):
    """`hashing.bytes_hash` of each document: uint64, shape (D,)."""
    hash_D = np.empty(offsets_D1.size - 1, np.uint64)
    for d in range(hash_D.size):
        hash_D[d] = bytes_hash(text_B, int(offsets_D1[d]), int(offsets_D1[d + 1]))
    return hash_D


@njit(cache=True, nogil=True)
def _token_ids(text_B, offsets_D1, first_doc, words, num_words, ids_T, token_offsets_D1):
    """Number the tokens from `first_doc` on: (documents done, words), fewer than all where there is no room.

    A document that found no room is done again from its start; words that it brought are then known.
    """
    # Read from the tuple at each token, they would cost more than the search.
    arena_A, starts_V1, key_V, hash_V, slots_S = words
    bits = _log2(slots_S.size)
    for d in range(first_doc, offsets_D1.size - 1):
        at, end = int(offsets_D1[d]), int(offsets_D1[d + 1])
        t = token_offsets_D1[d]
        token = np.int64(-1)
        while token != EOS_ID:
            start, at = _next_token(text_B, at, end)
            if start == at:
                token = np.int64(EOS_ID)
            elif is_label(text_B, start, at):
                continue
            else:
                token = _number(text_B, start, at, arena_A, starts_V1, key_V, hash_V, slots_S, num_words, bits)
                if token < 0:
                    return d, num_words
                num_words = max(num_words, token + 1)
            ids_T[t] = token
            t += 1
        token_offsets_D1[d + 1] = t
    return offsets_D1.size - 1, num_words


@njit(cache=True, nogil=True, inline="always")
def _next_token(text_B, at, end):
    """(start, end) of the token at or behind `at`; both `end` where there is none."""
    while at < end and is_space(text_B[at]):
        at += 1
    start = at
    while at < end and not is_space(text_B[at]):
        at += 1
    return start, at


@njit(cache=True, nogil=True)
def _number(text_B, start, end, arena_A, starts_V1, key_V, hash_V, slots_S, num_words, bits):
    """The word's number, the next one where it is new, or -1 where there is no room for it."""
    key = quick_key(text_B, start, end)
    mask = (1 << bits) - 1
    slot = slot_of(key, bits)
    while slots_S[slot]:
        v = np.int64(slots_S[slot]) - 1
        if key_V[v] == key and _same(arena_A, starts_V1[v], starts_V1[v + 1], text_B, start, end):
            return v
        slot = (slot + 1) & mask
    used = starts_V1[num_words]
    if num_words == key_V.size or used + (end - start) + ROOM > arena_A.size:
        return np.int64(-1)
    _copy(text_B, start, end, arena_A, used)
    starts_V1[num_words + 1] = used + (end - start)
    key_V[num_words], hash_V[num_words] = key, np.int32(token_hash(text_B, start, end))
    slots_S[slot] = num_words + 1
    return np.int64(num_words)


@njit(cache=True, nogil=True, inline="always")
def _same(arena_A, at, stop, text_B, start, end):
    """True where two texts with the same key are equal: below 8 bytes the key says it."""
    num_bytes = end - start
    if num_bytes < 8:
        return True
    if stop - at != num_bytes:
        return False
    k = 0
    while num_bytes - k >= 8:
        if load8(arena_A, at + k) != load8(text_B, start + k):
            return False
        k += 8
    return load_tail(arena_A, at + k, stop) == load_tail(text_B, start + k, end)


@njit(cache=True, nogil=True, inline="always")
def _copy(text_B, start, end, arena_A, to):
    while end - start >= 8:
        store8(arena_A, to, load8(text_B, start))
        start, to = start + 8, to + 8
    store8(arena_A, to, load_tail(text_B, start, end))


@njit(cache=True, nogil=True)
def _enter(key_V, slots_S):
    """Enter all words, which differ, into free slots."""
    bits = _log2(slots_S.size)
    for v in range(key_V.size):
        slot = slot_of(key_V[v], bits)
        while slots_S[slot]:
            slot = (slot + 1) & (slots_S.size - 1)
        slots_S[slot] = v + 1


@njit(cache=True, nogil=True, inline="always")
def _log2(size):
    bits = 0
    while (1 << bits) < size:
        bits += 1
    return bits
