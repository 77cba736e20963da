"""Rows that a fastText model has for hashes of n-grams, for use inside other kernels.

A hash modulo the number of buckets is a bucket. Every bucket has a row, or in a pruned model a few of them
(dictionary.cc, pushHash). Shapes: K = pieces of 64 buckets, C = hashes in hand.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.chunks import LOW_BITS

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]


def kept_buckets(buckets: Int64, num_buckets: int) -> tuple[UInt64, Int32]:
    """(kept_K, before_K) of the buckets that have rows, in rising order: a bit for each, and how many stand before."""
    kept_K, pieces = np.zeros(num_buckets // 64 + 1, np.uint64), buckets >> 6
    np.bitwise_or.at(kept_K, pieces, np.uint64(1) << (buckets & 63).astype(np.uint64))
    return kept_K, np.searchsorted(pieces, np.arange(kept_K.size)).astype(np.int32)


@njit(cache=True, nogil=True, inline="always")
def has_row(bucket, kept_K):
    """1 where a bucket of a pruned model has a row, else 0: uint64. The one behind the last has none."""
    return (kept_K[bucket >> np.uint64(6)] >> (bucket & np.uint64(63))) & np.uint64(1)


@njit(cache=True, nogil=True, inline="always")
def place_of(bucket, kept_K, before_K):
    """Place of a bucket that has a row among those that have."""
    if kept_K.size == 0:
        return np.int64(bucket)
    below = kept_K[bucket >> np.uint64(6)] & ((np.uint64(1) << (bucket & np.uint64(63))) - np.uint64(1))
    return np.int64(before_K[bucket >> np.uint64(6)]) + num_bits(below)


@njit(cache=True, nogil=True, inline="always")
def num_bits(x):
    """Ones among the 64 bits of x. LLVM makes one instruction of it."""
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(LOW_BITS)) >> np.uint64(56))
