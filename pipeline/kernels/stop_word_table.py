"""Lists of stop words in which every word of a document is looked up, case as written.

Each stop word has a slot of its own, so that one look at one slot says whether a word is one.

Shapes: L = lists, V = words of a list, V1 = V + 1, A = their bytes end to end, T = slots of all tables end to end.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.hashing import mix, quick_key, table_bits

Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]
ATTEMPTS = 16  # to find a multiplier that keeps all apart, before the table is doubled


class StopWordTables(NamedTuple):
    """Table l has 1 << bits_L[l] slots from first_L[l] on, 0 in free ones; longest_L: bytes of its longest word.

    Keys are `hashing.quick_key`: two words of eight bytes or more share one with probability 2**-63.
    """

    keys_T: UInt64
    first_L: Int64
    bits_L: Int64
    multipliers_L: UInt64
    longest_L: Int64


def stop_word_tables(lists: Sequence[Sequence[str]]) -> StopWordTables:
    """A table for each list; the empty word is in none."""
    tables = [_table(tuple(one)) for one in lists]
    sizes = np.array([keys_T.size for keys_T, _, _ in tables], np.int64)
    return StopWordTables(
        np.concatenate([np.empty(0, np.uint64), *(keys_T for keys_T, _, _ in tables)]),
        np.cumsum(sizes) - sizes,
        np.array([int(size).bit_length() - 1 for size in sizes], np.int64),
        np.array([multiplier for _, multiplier, _ in tables], np.uint64),
        np.array([longest for _, _, longest in tables], np.int64),
    )


@lru_cache(maxsize=1024)  # a job meets the lists of its languages in every batch
def _table(words: tuple[str, ...]) -> tuple[UInt64, np.uint64, int]:
    """(keys, multiplier, bytes of the longest word)."""
    distinct = sorted({word.encode() for word in words if word})
    starts_V1 = np.cumsum([0, *map(len, distinct)])
    keys_V = np.unique(_keys(np.frombuffer(b"".join(distinct), np.uint8), starts_V1))
    bits, multiplier = _apart(keys_V)
    keys_T = np.zeros(1 << bits, np.uint64)
    keys_T[(keys_V * multiplier) >> np.uint64(64 - bits)] = keys_V
    return keys_T, multiplier, max(map(len, distinct), default=0)


@njit(cache=True, nogil=True)
def _keys(words_A, starts_V1):
    keys_V = np.empty(starts_V1.size - 1, np.uint64)
    for v in range(keys_V.size):
        keys_V[v] = quick_key(words_A, starts_V1[v], starts_V1[v + 1])
    return keys_V


@njit(cache=True, nogil=True)
def _apart(keys_V):
    """(bits, multiplier) of a table, an eighth full at most, in which each key has a slot of its own."""
    bits = table_bits(keys_V.size) + 2
    while True:
        for attempt in range(ATTEMPTS):
            multiplier = mix(np.uint64(attempt + 1)) | np.uint64(1)
            is_taken_T = np.zeros(1 << bits, np.bool_)
            apart = 0
            for key in keys_V:
                slot = slot_in(key, multiplier, bits)
                apart += not is_taken_T[slot]
                is_taken_T[slot] = True
            if apart == keys_V.size:
                return bits, multiplier
        bits += 1


@njit(cache=True, nogil=True, inline="always")
def slot_in(key, multiplier, bits):
    """The one slot in a table where the key can be."""
    return np.int64((key * multiplier) >> np.uint64(64 - bits))
