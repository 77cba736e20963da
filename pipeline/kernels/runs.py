"""Runs of an array, copied to where they are wanted.

Shapes: T = values end to end, S = runs.
"""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def copy_runs(values_T, from_S, length_S, into, to_S):
    """Copy values_T[from_S[s]:from_S[s] + length_S[s]] to `into` from to_S[s] on, for every run s.

    Several times as fast as indexing with every position (bench_packing.py): runs are read as blocks.
    """
    for s in range(from_S.size):
        start, to, length = from_S[s], to_S[s], length_S[s]
        into[to : to + length] = values_T[start : start + length]
