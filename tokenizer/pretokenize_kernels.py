# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False
"""Ends of all pretokens: those of 64 bytes at once where it goes, else a scan to the end of one.

Shapes: B = UTF-8 bytes of all documents end to end, D = documents, P = pretokens, C = code points.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tokenizer.pretokenize_masks import WIDTH, borders, first_bit
from tokenizer.pretokenize_scan import next_end


@njit(cache=True, nogil=True)
def pretoken_ends(text_B, offsets_D1, class_C, family, max_digits):
    """(ends_P, bounds_D1): where each pretoken ends, and how many there are before each document and in all.

    ends_P is a view of an array with room for a pretoken a byte; pages never written cost no memory.
    """
    num_docs = offsets_D1.size - 1
    ends_B = np.empty(offsets_D1[num_docs] - offsets_D1[0], np.int64)
    bounds_D1 = np.zeros(num_docs + 1, np.int64)
    num = np.int64(0)
    for d in range(num_docs):
        at, end = np.int64(offsets_D1[d]), np.int64(offsets_D1[d + 1])
        while at < end:
            if at + WIDTH <= text_B.size:
                begins = borders(text_B, at, end, class_C, family, max_digits)
                if begins:
                    base = at
                    while begins:
                        at = base + first_bit(begins)
                        ends_B[num] = at
                        num += 1
                        begins &= begins - np.uint64(1)
                    continue
            at = next_end(text_B, at, end, class_C, family, max_digits)
            ends_B[num] = at
            num += 1
        bounds_D1[d + 1] = num
    return ends_B[:num], bounds_D1
