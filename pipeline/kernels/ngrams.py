"""Equal texts and equal runs of words in one document, each known by the index of the first.

Everything is exact: equal hashes are believed only after the bytes were compared. A slot of a hash table holds an
owner and a key. The owner is `base` plus the index of an item; smaller ones are left over from earlier uses, so a table
is never cleared: the caller raises `base` by the number of items after each use.

Shapes: W = words of the document, T = slots of the hash table.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.kernels.chunks import same_bytes
from pipeline.kernels.hashing import quick_key, slot_of, table_bits


@njit(cache=True, nogil=True)
def first_equals(text_B, starts_W, ends_W, table_2T, base, first_W, counts_W):
    """Write to first_W the index of the first equal text, itself where new, and there to counts_W how many."""
    bits = table_bits(starts_W.size)
    mask = (1 << bits) - 1
    for w in range(starts_W.size):
        start, end = int(starts_W[w]), int(ends_W[w])
        key = np.int64(quick_key(text_B, start, end))
        slot = _slot_with(table_2T, slot_of(key, bits), mask, key, base)
        if end - start >= 8:  # below, the key is the text
            while table_2T[2 * slot] >= base and not _same_text(text_B, starts_W, ends_W, table_2T[2 * slot] - base, w):
                slot = _slot_with(table_2T, (slot + 1) & mask, mask, key, base)
        first = _claim(table_2T, slot, key, base, w)
        first_W[w], counts_W[w] = first, 0
        counts_W[first] += 1


@njit(cache=True, nogil=True, inline="always")
def _same_text(text_B, starts_W, ends_W, v, w):
    num_bytes = int(ends_W[v]) - int(starts_W[v])
    return num_bytes == ends_W[w] - starts_W[w] and same_bytes(text_B, int(starts_W[v]), int(starts_W[w]), num_bytes)


@njit(cache=True, nogil=True, inline="always")
def _slot_with(table_2T, slot, mask, key, base):
    """The first slot at or behind `slot` that is free or has `key`."""
    while table_2T[2 * slot] >= base and table_2T[2 * slot + 1] != key:
        slot = (slot + 1) & mask
    return slot


@njit(cache=True, nogil=True, inline="always")
def _claim(table_2T, slot, key, base, item):
    """Enter `item` where the slot is free; the slot's item."""
    first = table_2T[2 * slot] - base if table_2T[2 * slot] >= base else item
    table_2T[2 * slot], table_2T[2 * slot + 1] = base + first, key
    return first


@njit(cache=True, nogil=True)
def next_ngrams(words_W, n, table_2T, base, first_W, counts_W, new_counts_W):
    """From the first occurrences of (n - 1)-grams to those of n-grams, in place; counts into new_counts_W.

    The most frequent n-gram comes back by its first word, the first met among equals; -1 where there are fewer than n
    words. An n-gram is the pair of its first n - 1 words and its last, both known by an index: a key that can't
    collide. Where its first or its last n - 1 words occur once, so does the n-gram, and there is nothing to look up.
    """
    bits = table_bits(first_W.size)
    mask = (1 << bits) - 1
    num_ngrams = first_W.size - n + 1
    best, best_count = (0, 1) if num_ngrams > 0 else (-1, 0)
    for i in range(num_ngrams):
        if (counts_W[first_W[i]] == 1) | (counts_W[first_W[i + 1]] == 1):
            first_W[i], new_counts_W[i] = i, 1
            continue
        key = np.int64(first_W[i]) << 32 | np.int64(words_W[i + n - 1])
        slot = _slot_with(table_2T, slot_of(key, bits), mask, key, base)
        first = _claim(table_2T, slot, key, base, i)
        first_W[i], new_counts_W[i] = first, 0
        new_counts_W[first] += 1
        count = new_counts_W[first]
        if count > best_count or (count == best_count and first < best):
            best, best_count = first, count
    return best
