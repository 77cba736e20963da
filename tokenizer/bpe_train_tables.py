# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False
"""What training looks things up in: the count of each pair, and the pair to merge next.

A pair is the key left << 32 | right, so that the smaller key has the smaller left id, then the smaller right one.
Both grow by doubling and are returned anew. Shapes: S = slots of the table of pairs, H = entries of the heap.
"""

from __future__ import annotations

import numpy as np
from numba import njit

NO_PAIR = -1
_SPREAD = 0x9E3779B97F4A7C15  # 2**64 by the golden ratio: Fibonacci hashing, Knuth 6.4


@njit(cache=True, nogil=True)
def new_pairs(bits):
    """Rows of key and count, 2**bits of them, all free: a free row counts 0."""
    pairs_S2 = np.zeros((1 << bits, 2), np.int64)
    pairs_S2[:, 0] = NO_PAIR
    return pairs_S2


@njit(cache=True, nogil=True)
def find(pairs_S2, key):
    """The row of a pair, or the free row where it would go."""
    mask = pairs_S2.shape[0] - 1
    mixed = np.uint64(key) * np.uint64(_SPREAD)
    row = np.int64(mixed ^ (mixed >> np.uint64(32))) & mask
    while pairs_S2[row, 0] != key and pairs_S2[row, 0] != NO_PAIR:
        row = (row + 1) & mask
    return row


@njit(cache=True, nogil=True)
def add_pair(pairs_S2, num_pairs, key, count):
    """(table, rows taken) with a pair that is not in it; twice as long, less what has gone, where it is half full."""
    if 2 * (num_pairs + 1) > pairs_S2.shape[0]:
        larger_S2 = np.zeros((2 * pairs_S2.shape[0], 2), np.int64)
        larger_S2[:, 0] = NO_PAIR
        num_pairs = 0
        for row in range(pairs_S2.shape[0]):
            if pairs_S2[row, 1] != 0:
                larger_S2[find(larger_S2, pairs_S2[row, 0])] = pairs_S2[row]
                num_pairs += 1
        pairs_S2 = larger_S2
    row = find(pairs_S2, key)
    pairs_S2[row, 0], pairs_S2[row, 1] = key, count
    return pairs_S2, num_pairs + 1


@njit(cache=True, nogil=True, inline="always")
def _before(a_3, b_3):
    """True where the first entry is merged before the second: it occurs more often, or its key is smaller."""
    return a_3[0] > b_3[0] or (a_3[0] == b_3[0] and a_3[1] < b_3[1])


@njit(cache=True, nogil=True)
def push(heap_H3, size, count, key, place):
    """The heap of `size` entries (count, pair, place of its positions) with one more."""
    if size == heap_H3.shape[0]:
        larger_H3 = np.empty((2 * size, 3), np.int64)
        larger_H3[:size] = heap_H3
        heap_H3 = larger_H3
    entry = (count, key, place)
    at = size
    while at > 0:
        parent = (at - 1) >> 1
        if not _before(entry, heap_H3[parent]):
            break
        heap_H3[at] = heap_H3[parent]
        at = parent
    heap_H3[at, 0], heap_H3[at, 1], heap_H3[at, 2] = entry
    return heap_H3


@njit(cache=True, nogil=True)
def pop(heap_H3, size):
    """(count, pair, place) of the first of `size` entries, which is taken off."""
    top = (heap_H3[0, 0], heap_H3[0, 1], heap_H3[0, 2])
    last = (heap_H3[size - 1, 0], heap_H3[size - 1, 1], heap_H3[size - 1, 2])
    at, child, size = 0, 1, size - 1
    while child < size:
        if child + 1 < size and _before(heap_H3[child + 1], heap_H3[child]):
            child += 1
        if not _before(heap_H3[child], last):
            break
        heap_H3[at] = heap_H3[child]
        at, child = child, 2 * child + 1
    heap_H3[at, 0], heap_H3[at, 1], heap_H3[at, 2] = last
    return top
