"""Passages: words in a row that are to be cut, as spans of bytes with the white space that they leave behind.

Shapes: D = documents in the batch, B = UTF-8 bytes of all documents end to end, W = words of all documents,
P = passages of all documents, C = code points.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.chunks import find_byte
from pipeline.kernels.unicode_tables import ALONE, JOINER, SPACE, WORD, unicode_tables
from pipeline.kernels.utf8 import decode, decode_before
from pipeline.kernels.words import Bytes, Int32

Int64 = npt.NDArray[np.int64]
NEWLINE = 0x0A


def passage_bytes(
    text_B: Bytes, offsets_D1: Int32, starts_W: Int32, ends_W: Int32, row_P: Int64, first_P: Int64, end_P: Int64
) -> tuple[Int64, Int64]:
    """(start_P, end_P) of each passage in bytes of its document row_P: words first_P to end_P of all documents.

    Of the white space on both sides, one stays: at an end of the text the outer one, elsewhere the one with more line
    ends, or the first. Where there is none on one side, the other stays as it is. A last word that is one character of
    a script without spaces is left in where its neighbours would become one word without it.
    """
    return _passage_bytes(text_B, offsets_D1, starts_W, ends_W, row_P, first_P, end_P, unicode_tables().class_C)


@njit(cache=True, nogil=True)
def _passage_bytes(text_B, offsets_D1, starts_W, ends_W, row_P, first_P, end_P, class_C):
    out_start_P, out_end_P = np.empty(row_P.size, np.int64), np.empty(row_P.size, np.int64)
    for p in range(row_P.size):
        text_start, text_end = int(offsets_D1[row_P[p]]), int(offsets_D1[row_P[p] + 1])
        start, end = int(starts_W[first_P[p]]), int(ends_W[end_P[p] - 1])
        outer_start, outer_end = start, end
        while outer_start > text_start:
            code, before = decode_before(text_B, text_start, outer_start)
            if not class_C[code] & SPACE:
                break
            outer_start = before
        while outer_end < text_end:
            code, after = decode(text_B, outer_end, text_end)
            if not class_C[code] & SPACE:
                break
            outer_end = after
        is_at_end, is_at_start = outer_end == text_end, outer_start == text_start
        if outer_start == start and outer_end == end:
            if not is_at_start and not is_at_end and _joins(text_B, text_start, start, end, text_end, class_C):
                end = int(starts_W[end_P[p] - 1])
        elif is_at_start:
            end = outer_end
        elif is_at_end:
            start = outer_start
        elif outer_start < start and outer_end > end:
            if _line_ends(text_B, end, outer_end) > _line_ends(text_B, outer_start, start):
                start = outer_start
            else:
                end = outer_end
        out_start_P[p], out_end_P[p] = start - text_start, end - text_start
    return out_start_P, out_end_P


@njit(cache=True, nogil=True)
def _joins(text_B, text_start, start, end, text_end, class_C):
    """True where the last word before `end` stands alone, and what stands around [start, end) may be of one word."""
    last, _ = decode_before(text_B, start, end)
    before, _ = decode_before(text_B, text_start, start)
    behind, _ = decode(text_B, end, text_end)
    in_word = WORD | JOINER
    return bool(class_C[last] & ALONE and class_C[before] & in_word and class_C[behind] & in_word)


@njit(cache=True, nogil=True)
def _line_ends(text_B, at, end):
    num = 0
    while at < end:
        at = find_byte(text_B, at, end, NEWLINE) + 1
        num += at <= end
    return num
