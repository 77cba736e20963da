# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False
"""Words between white space, as SentencePiece's training sees them: each with the blanks before it.

    "a  mill\\n\\n corn "    a|  mill|\\n\\n| corn|' '

Runs of other ASCII white space, in which no piece can lie, are words of their own.
Shapes: B = UTF-8 bytes of all documents end to end, D = documents, P = words.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_BLANK = 0x20


@njit(cache=True, nogil=True)
def space_word_ends(text_B, offsets_D1):
    """ends_P: word p ends before text_B[ends_P[p]] and begins where the one before it ends; they tile each document."""
    ends_P = np.empty(offsets_D1[-1] - offsets_D1[0], np.int64)
    num_words = 0
    for d in range(offsets_D1.size - 1):
        b, end = np.int64(offsets_D1[d]), np.int64(offsets_D1[d + 1])
        while b < end:
            if _breaks(text_B[b]):
                while b < end and _breaks(text_B[b]):
                    b += 1
            else:
                while b < end and text_B[b] == _BLANK:
                    b += 1
                while b < end and text_B[b] != _BLANK and not _breaks(text_B[b]):
                    b += 1
            ends_P[num_words] = b
            num_words += 1
    return ends_P[:num_words]


@njit(cache=True, nogil=True, inline="always")
def _breaks(byte):
    return 0x09 <= byte <= 0x0D
