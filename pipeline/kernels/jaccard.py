"""Exact Jaccard similarity of sets of 64-bit hashes, given in ascending order."""

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
def jaccard_at_least(a, b, min_jaccard):
    """Jaccard similarity of the sets a and b as float64, or -1 where it is below `min_jaccard`. Both are not empty.

    Gives up as soon as the elements found in one set alone leave too few for the threshold. No branch depends on which
    element is smaller: on hashes that would be guessed wrong every other time.
    """
    needed = least_overlap(a.size, b.size, min_jaccard)
    if needed > min(a.size, b.size):
        return -1.0
    spare_a, spare_b = a.size - needed, b.size - needed
    i, j, overlap = 0, 0, 0
    while i < a.size and j < b.size and i - overlap <= spare_a and j - overlap <= spare_b:
        x, y = a[i], b[j]
        overlap += x == y
        i += x <= y
        j += y <= x
    if overlap < needed:
        return -1.0
    return overlap / (a.size + b.size - overlap)
