"""Exact similarity of sets of 64-bit hashes, given in ascending order.

Jaccard similarity: elements of both / elements of either. Containment of a in b: elements of both / elements of a.
"""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def least_overlap(size_a, size_b, min_jaccard):
    """The least i for which i / (size_a + size_b - i), as a float64, is at least `min_jaccard`; sizes are positive.

    A quotient of whole numbers is rounded once, so the comparison says what the reported value says; for sets below
    2**30 and thresholds of up to 6 decimals it is also what the decimal fraction says. Above min(size_a, size_b):
    no overlap is enough.
    """
    total = size_a + size_b
    overlap = max(0, int(min_jaccard * total / (1.0 + min_jaccard)) - 1)
    while overlap / (total - overlap) < min_jaccard and 2 * overlap < total:
        overlap += 1
    return overlap


@njit(cache=True, nogil=True)
def least_share(size, min_containment):
    """The least i for which i / size, as a float64, is at least `min_containment`; size is positive."""
    overlap = max(0, int(min_containment * size) - 1)
    while overlap / size < min_containment:
        overlap += 1
    return overlap


@njit(cache=True, nogil=True)
def overlap_at_least(a, b, needed):
    """Elements that the sets a and b share, or -1 where they are fewer than `needed`.

    Gives up as soon as the elements found in one set alone leave too few. No branch depends on which element is
    smaller: on hashes that would be guessed wrong every other time.
    """
    if needed > min(a.size, b.size):
        return -1
    spare_a, spare_b = a.size - needed, b.size - needed
    i, j, overlap = 0, 0, 0
    while i < a.size and j < b.size and i - overlap <= spare_a and j - overlap <= spare_b:
        x, y = a[i], b[j]
        overlap += x == y
        i += x <= y
        j += y <= x
    return overlap if overlap >= needed else -1
