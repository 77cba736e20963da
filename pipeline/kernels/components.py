"""Connected components: which documents may bear on each other.

Shapes: N = documents, K = buckets, M = members of all buckets.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _root(parent_N, n):
    while parent_N[n] != n:
        parent_N[n] = parent_N[parent_N[n]]
        n = parent_N[n]
    return n


@njit(cache=True, nogil=True)
def join_members(parent_N, member_M, bucket_offsets_K1):
    """Join the members of each bucket in `parent_N`, a forest whose roots are the least of their trees; it is changed.

    Begin with parent_N = arange(N), int64. The forest after all buckets does not depend on their order.
    """
    for k in range(bucket_offsets_K1.size - 1):
        first = _root(parent_N, member_M[bucket_offsets_K1[k]])
        for m in range(bucket_offsets_K1[k] + 1, bucket_offsets_K1[k + 1]):
            other = _root(parent_N, member_M[m])
            least = min(first, other)
            parent_N[max(first, other)] = least
            first = least


@njit(cache=True, nogil=True)
def component_roots(parent_N):
    """The least member of each document's component: int64, shape (N,)."""
    root_N = np.empty_like(parent_N)
    for n in range(parent_N.size):  # parents stand before their children, so their roots are known
        root_N[n] = n if parent_N[n] == n else root_N[parent_N[n]]
    return root_N
