"""The best of equal rows.

Shapes: N = rows.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.kernels.hashing import slot_of, table_bits


@njit(cache=True, nogil=True)
def best_equal(one_N, other_N, rank_N):
    """For each row the row of lowest rank, or the first of those, with the same two hashes: int64, shape (N,).

    one_N, other_N: uint64, well mixed. rank_N: integers. Rows are fewer than 2**31.
    """
    bits = table_bits(max(one_N.size, 1))
    first_T = np.full(1 << bits, -1, np.int32)  # by slot: the first row with that key
    group_N, best_N = np.empty(one_N.size, np.int64), np.arange(one_N.size)
    mask = (1 << bits) - 1
    for n in range(one_N.size):
        slot = slot_of(one_N[n], bits)
        while first_T[slot] >= 0 and (one_N[first_T[slot]] != one_N[n] or other_N[first_T[slot]] != other_N[n]):
            slot = (slot + 1) & mask
        if first_T[slot] < 0:
            first_T[slot] = n
        group = group_N[n] = first_T[slot]
        if rank_N[n] < rank_N[best_N[group]]:
            best_N[group] = n
    for n in range(one_N.size):
        if group_N[n] != n:  # best_N of a group's first row is the group's
            best_N[n] = best_N[group_N[n]]
    return best_N
