"""Spans that leave of a text only some of its lines, without citations, joined by line feeds and stripped.

    "  One [1] two.\\r\\n\\nmenu\\nThree. "   lines "One [1] two." and "Three."   ->   "One  two.\\nThree."
     ^^    ^^^     ^^^^^^^^^^^^        ^       replaced by nothing, nothing, a line feed, nothing

Shapes: D = documents in the batch, B = UTF-8 bytes of all documents end to end, L = lines that stay, S = spans of the
text that are replaced, C = code points.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.char_classes import char_classes
from pipeline.kernels.citations import next_citation
from pipeline.kernels.leaf import leaf
from pipeline.kernels.lines import LINE_FEED
from pipeline.kernels.rewrite import Spans
from pipeline.kernels.unicode_tables import unicode_tables
from pipeline.kernels.whitespace import stripped
from pipeline.kernels.words import Bytes, Int32

FILLERS = (b"", b"\n")  # by kind of span
_CUT, _JOIN = 0, 1


class LineSpans(NamedTuple):
    """Line l is text_B[starts_L[l]:ends_L[l]], without spaces around it, a line end between it and any other.

    Those of document d are line_offsets_D1[d] to line_offsets_D1[d + 1].
    """

    starts_L: Int32
    ends_L: Int32
    line_offsets_D1: Int32


def joining_spans(
    text_B: Bytes,
    offsets_D1: Int32,
    lines: LineSpans,
    rewrites_D: npt.NDArray[np.bool_],
    has_citations_D: npt.NDArray[np.bool_],
) -> Spans:
    """The spans to be replaced by `FILLERS`; none in documents where `rewrites_D` is False.

    Citations are looked for, to be cut out, where has_citations_D says that lines that stay have some.
    """
    return Spans(
        *_joining_spans(
            text_B, offsets_D1, *lines, rewrites_D, has_citations_D, unicode_tables().class_C, char_classes()
        )
    )


@njit(cache=True, nogil=True)
def _joining_spans(
    text_B, offsets_D1, starts_L, ends_L, line_offsets_D1, rewrites_D, has_citations_D, class_C, char_class_C
):
    num_docs = offsets_D1.size - 1
    most = offsets_D1[num_docs] - offsets_D1[0] + num_docs  # a span has a byte; unwritten pages cost nothing
    starts_S, ends_S, kind_S = np.empty(most, np.int32), np.empty(most, np.int32), np.empty(most, np.uint8)
    span_offsets_D1 = np.zeros(num_docs + 1, np.int32)
    num = 0
    for d in range(num_docs):
        if rewrites_D[d]:
            lines = slice(line_offsets_D1[d], line_offsets_D1[d + 1])
            begin, end = np.int64(offsets_D1[d]), np.int64(offsets_D1[d + 1])
            num = _join(
                text_B,
                begin,
                end,
                starts_L[lines],
                ends_L[lines],
                has_citations_D[d],
                class_C,
                char_class_C,
                starts_S,
                ends_S,
                kind_S,
                num,
            )
        span_offsets_D1[d + 1] = num
    return starts_S[:num].copy(), ends_S[:num].copy(), kind_S[:num].copy(), span_offsets_D1


@leaf
def _join(text_B, begin, end, starts_L, ends_L, cuts_citations, class_C, char_class_C, starts_S, ends_S, kind_S, num):
    """Write the spans of one document behind the first `num`; how many there are now."""
    first = tail_num = num
    behind = tail = begin  # of the last line; of the last character that stays and is no space, with tail_num spans
    for line in range(starts_L.size):
        at, stop = np.int64(starts_L[line]), np.int64(ends_L[line])
        if tail > begin and not (at == behind + 1 and text_B[behind] == LINE_FEED):
            num = _add(starts_S, ends_S, kind_S, num, behind, at, _JOIN)
        while True:
            cut, after = next_citation(text_B, at, stop, char_class_C) if cuts_citations else (stop, stop)
            left, right = stripped(text_B, at, cut, class_C)
            if left < right:
                if tail == begin:
                    num = first if left == begin else _add(starts_S, ends_S, kind_S, first, begin, left, _CUT)
                tail, tail_num = right, num
            if cut == after:
                break
            if tail > begin:
                num = _add(starts_S, ends_S, kind_S, num, cut, after, _CUT)
            at = after
        behind = stop
    return tail_num if tail == end else _add(starts_S, ends_S, kind_S, tail_num, tail, end, _CUT)


@njit(cache=True, nogil=True, inline="always")
def _add(starts_S, ends_S, kind_S, num, start, end, kind):
    starts_S[num], ends_S[num], kind_S[num] = start, end, kind
    return num + 1
