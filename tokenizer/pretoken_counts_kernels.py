# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False
"""Counts of distinct words in an open-addressing table.

A slot is a key and the number of its word, from 1; 0 is free. The key of a word below 8 bytes is the word itself; of
longer ones the bytes are compared. Shapes: B = bytes of a text, P = pretokens, S = slots, A = bytes of distinct words,
W = room for distinct words.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_SPREAD = 0x9E3779B97F4A7C15  # 2**64 by the golden ratio: Fibonacci hashing, Knuth 6.4
_BASE = 0xD1342543DE82EF95
_LONG = 1 << 63
_MIX = 0xFF51AFD7ED558CCD  # MurmurHash3's finaliser: partitions must not follow slots


@njit(cache=True, nogil=True)
def count_words(text_B, begin, ends_P, times_P, slots_S2, word_A, ends_W, counts_W, used):
    """How many of the words that tile text_B from `begin` were counted before the table was full.

    `used` has the number of distinct words and of their bytes. Word p counts times_P[p] times, or once where times_P is
    empty.
    """
    shift = np.uint64(64)
    num_slots = slots_S2.shape[0]
    while num_slots > 1:
        num_slots >>= 1
        shift -= np.uint64(1)
    mask = slots_S2.shape[0] - 1
    for p in range(ends_P.size):
        end = ends_P[p]
        key = _key(text_B, begin, end)
        slot = np.int64((key * np.uint64(_SPREAD)) >> shift)
        while True:
            w = np.int64(slots_S2[slot, 1]) - 1
            if w < 0:
                break
            if slots_S2[slot, 0] == key and (end - begin < 8 or _equals(text_B, begin, end, word_A, ends_W, w)):
                break
            slot = (slot + 1) & mask
        if w < 0:
            w = used[0]
            if w == counts_W.size or used[1] + end - begin > word_A.size or 2 * (w + 1) > slots_S2.shape[0]:
                return p
            slots_S2[slot, 0], slots_S2[slot, 1] = key, np.uint64(w + 1)
            for b in range(begin, end):
                word_A[used[1] + b - begin] = text_B[b]
            used[0] += 1
            used[1] += end - begin
            ends_W[w], counts_W[w] = used[1], 0
        counts_W[w] += times_P[p] if times_P.size else 1
        begin = end
    return ends_P.size


@njit(cache=True, nogil=True)
def fill_slots(slots_S2, word_A, ends_W, num_words):
    """Enter the words of a table that has grown."""
    shift = np.uint64(64)
    num_slots = slots_S2.shape[0]
    while num_slots > 1:
        num_slots >>= 1
        shift -= np.uint64(1)
    begin = np.int64(0)
    for w in range(num_words):
        key = _key(word_A, begin, ends_W[w])
        slot = np.int64((key * np.uint64(_SPREAD)) >> shift)
        while slots_S2[slot, 1]:
            slot = (slot + 1) & (slots_S2.shape[0] - 1)
        slots_S2[slot, 0], slots_S2[slot, 1] = key, np.uint64(w + 1)
        begin = ends_W[w]


@njit(cache=True, nogil=True)
def partitions_of_words(word_A, offsets_W1, num_partitions):
    """Number of the partition of each word."""
    partition_W = np.empty(offsets_W1.size - 1, np.int64)
    for w in range(partition_W.size):
        mixed = _key(word_A, offsets_W1[w], offsets_W1[w + 1])
        for _ in range(2):
            mixed = (mixed ^ (mixed >> np.uint64(33))) * np.uint64(_MIX)
        partition_W[w] = np.int64((mixed >> np.uint64(33)) % np.uint64(num_partitions))
    return partition_W


@njit(cache=True, nogil=True, inline="always")
def _load(text_B, at, num):
    """The `num` bytes from `at`, 1 to 8 of them, as a little-endian number."""
    i = np.uint64(at)
    if at + 8 <= text_B.size:
        chunk = np.uint64(text_B[i])
        for k in range(1, 8):  # LLVM makes one load of it
            chunk |= np.uint64(text_B[i + np.uint64(k)]) << np.uint64(8 * k)
        return chunk & (~np.uint64(0) >> np.uint64(64 - 8 * num))
    chunk = np.uint64(0)
    for k in range(num):
        chunk |= np.uint64(text_B[i + np.uint64(k)]) << np.uint64(8 * k)
    return chunk


@njit(cache=True, nogil=True, inline="always")
def _key(text_B, begin, end):
    """The word and its length below 8 bytes; else the top bit and a polynomial over chunks of 8 bytes."""
    size = end - begin
    if size < 8:
        return (_load(text_B, begin, size) if size else np.uint64(0)) | np.uint64(size) << np.uint64(56)
    key = np.uint64(size)
    while begin < end:
        chunk = _load(text_B, begin, min(end - begin, 8))
        key = (key ^ chunk) * np.uint64(_BASE)
        key ^= key >> np.uint64(32)
        begin += 8
    return key | np.uint64(_LONG)


@njit(cache=True, nogil=True, inline="always")
def _equals(text_B, begin, end, word_A, ends_W, w):
    at = ends_W[w - 1] if w else np.int64(0)
    if ends_W[w] - at != end - begin:
        return False
    while begin < end:
        num = min(end - begin, 8)
        if _load(text_B, begin, num) != _load(word_A, at, num):
            return False
        begin += 8
        at += 8
    return True
