"""Lines, paragraphs and sentences as units: a key for each run of them, and the spans that cutting some leaves out.

A *piece* is a line, a paragraph or a sentence without the *break* behind it: the line end, blank lines, white space. A
*unit* is a window of one or more pieces in a row; unit u of a document begins with its piece u.

Pieces that are cut go with a break, so that no breaks heap up: the one behind them, or the one before where that is the
weaker (fewer line feeds), or where they end the text. A text so ends as it ended before.

    cut:  b           b             b               b            c           b, c
    of:   "a\\nb\\nc"   "a\\r\\nb\\n"    "a\\n\\nb\\n\\nc"    "a\\n\\nb\\nc"  "a\\nb\\nc"   "a\\nb\\nc\\n"
    left: "a\\nc"      "a\\n"         "a\\n\\nc"         "a\\n\\nc"     "a\\nb"      "a\\n"

Shapes: D = documents in the batch, B = UTF-8 bytes of all documents end to end, U = units of all documents that are
compared, E = pieces of one document, L = units that are lost, P = passages that go, C = code points.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.chunks import find_byte, load8, load_tail, num_chars
from pipeline.kernels.hashing import SEED, mix
from pipeline.kernels.leaf import leaf
from pipeline.kernels.lines import CARRIAGE_RETURN, LINE_FEED, left_stripped, right_stripped
from pipeline.kernels.normal_units import GROWTH, NormalForm, write_normal
from pipeline.kernels.sentences import behind_sentence
from pipeline.kernels.unicode_tables import unicode_tables
from pipeline.kernels.words import Bytes, Int32

LINE, PARAGRAPH, SENTENCE = range(3)
_OTHER_SEED = 0x6A09E667F3BCC909  # of the square root of two
UInt64 = npt.NDArray[np.uint64]
Int64 = npt.NDArray[np.int64]


class UnitRule(NamedTuple):
    """What a unit is: `window` pieces of a kind (LINE, PARAGRAPH, SENTENCE).

    compares_blank: blank lines are pieces, and units that normalise to nothing are compared. min_chars: shorter ones
    are not.
    """

    kind: int
    window: int
    compares_blank: bool
    min_chars: int


class UnitKeys(NamedTuple):
    """Two hashes of each unit that is compared, and which unit of its document it is. Those of document d are
    unit_offsets_D1[d] to unit_offsets_D1[d + 1]. units_D: all units, compared or not."""

    one_U: UInt64
    other_U: UInt64
    number_U: Int32
    unit_offsets_D1: Int64
    units_D: Int64


class Cuts(NamedTuple):
    """Passage p is bytes start_P to end_P of its document, cut for lost unit unit_P, the first that covers it.

    Those of document d are cut_offsets_D1[d] to cut_offsets_D1[d + 1]. is_empty_D: nothing is left but white space.
    """

    start_P: Int64
    end_P: Int64
    unit_P: Int64
    cut_offsets_D1: Int64
    is_empty_D: npt.NDArray[np.bool_]


def unit_keys(text_B: Bytes, offsets_D1: Int32, rule: UnitRule, normal: NormalForm) -> UnitKeys:
    """128 bits of each unit's normal form, by which copies are told: two that differ share them once in 2**128 pairs.

    The forms of a window's pieces are joined by a blank.
    """
    return UnitKeys(*_unit_keys(text_B, offsets_D1, rule, normal))


def unit_cuts(text_B: Bytes, offsets_D1: Int32, rule: UnitRule, lost_L: Int64, lost_offsets_D1: Int64) -> Cuts:
    """The passages that go where units lost_L of each document, ascending, are cut."""
    return Cuts(*_unit_cuts(text_B, offsets_D1, rule, lost_L, lost_offsets_D1, unicode_tables().class_C))


def unit_span(text_B: Bytes, offsets_D1: Int32, rule: UnitRule, doc: int, unit: int) -> tuple[int, int]:
    """Bytes of text_B that are one unit of one document, without the break behind it."""
    starts, stops = _document_pieces(text_B, offsets_D1, rule, doc, unicode_tables().class_C)
    return int(starts[unit]), int(stops[unit + rule.window - 1])


@njit(cache=True, nogil=True)
def _document_pieces(text_B, offsets_D1, rule, doc, class_C):
    begin, end = np.int64(offsets_D1[doc]), np.int64(offsets_D1[doc + 1])
    start_E, stop_E = np.empty(end - begin, np.int64), np.empty(end - begin, np.int64)
    num = _pieces(text_B, begin, end, rule, class_C, start_E, stop_E)
    return start_E[:num], stop_E[:num]


@leaf
def _pieces(text_B, begin, end, rule, class_C, start_E, stop_E):
    """Write where the pieces of text_B[begin:end] start and stop; their number. There are at most as many as bytes."""
    if rule.kind == SENTENCE:
        return _sentences(text_B, begin, end, class_C, start_E, stop_E)
    num, was_blank = 0, True
    at = begin
    while at < end:
        feed = find_byte(text_B, at, end, LINE_FEED)
        stop = feed - 1 if at < feed < end and text_B[feed - 1] == CARRIAGE_RETURN else feed
        is_blank = left_stripped(text_B, at, stop, class_C) == stop
        if rule.kind == PARAGRAPH and not is_blank and not was_blank:
            stop_E[num - 1] = stop
        elif not is_blank or (rule.kind == LINE and rule.compares_blank):
            start_E[num], stop_E[num] = at, stop
            num += 1
        was_blank = is_blank
        at = feed + 1
    return num


@leaf
def _sentences(text_B, begin, end, class_C, start_E, stop_E):
    num = 0
    at = left_stripped(text_B, begin, end, class_C)
    while at < end:
        after = behind_sentence(text_B, at, end, class_C)
        start_E[num], stop_E[num] = at, right_stripped(text_B, at, after, class_C)
        num += 1
        at = after
    return num


@njit(cache=True, nogil=True)
def _unit_keys(text_B, offsets_D1, rule, normal):
    num_docs = offsets_D1.size - 1
    most = np.int64(offsets_D1[num_docs]) - np.int64(offsets_D1[0])  # unwritten pages cost nothing
    one_U, other_U, number_U = np.empty(most, np.uint64), np.empty(most, np.uint64), np.empty(most, np.int32)
    start_E, stop_E = np.empty(most, np.int64), np.empty(most, np.int64)
    form_B = np.empty((GROWTH + 1) * most + 8, np.uint8)  # with a blank behind each piece
    unit_offsets_D1, units_D = np.zeros(num_docs + 1, np.int64), np.zeros(num_docs, np.int64)
    num = 0
    for d in range(num_docs):
        begin, end = np.int64(offsets_D1[d]), np.int64(offsets_D1[d + 1])
        num_pieces = _pieces(text_B, begin, end, rule, normal.class_C, start_E, stop_E)
        units_D[d] = max(num_pieces - rule.window + 1, 0)
        if units_D[d]:
            num = _document_keys(
                text_B, num_pieces, rule, normal, start_E, stop_E, form_B, one_U, other_U, number_U, num
            )
        unit_offsets_D1[d + 1] = num
    return one_U[:num].copy(), other_U[:num].copy(), number_U[:num].copy(), unit_offsets_D1, units_D


@leaf
def _document_keys(text_B, num_pieces, rule, normal, start_E, stop_E, form_B, one_U, other_U, number_U, num):
    """Write the keys of one document behind the first `num`; how many there are now. Spoils start_E and stop_E."""
    to = np.int64(0)
    for e in range(num_pieces):
        first = e - rule.window + 1
        start = to if rule.window > 1 else np.int64(0)
        stop = write_normal(text_B, start_E[e], stop_E[e], normal, form_B, start)
        start_E[e], stop_E[e] = start, stop
        form_B[stop] = 0x20
        to = stop + 1
        if first < 0:
            continue
        start = start_E[first]
        if not rule.compares_blank and _is_blank(form_B, start, stop):
            continue
        if rule.min_chars and num_chars(form_B, start, stop) < rule.min_chars:
            continue
        one_U[num], other_U[num] = _two_hashes(form_B, start, stop)
        number_U[num] = first
        num += 1
    return num


@leaf
def _is_blank(form_B, start, stop):
    while start < stop and form_B[start] == 0x20:
        start += 1
    return start == stop


@leaf
def _two_hashes(form_B, start, end):
    """Two hashes as `hashing.bytes_hash`, the second from another seed."""
    one, other = np.uint64(SEED), np.uint64(_OTHER_SEED)
    at = start
    while end - at >= 8:
        chunk = load8(form_B, at)
        one, other = mix(one ^ chunk), mix(other ^ chunk)
        at += 8
    chunk = load_tail(form_B, at, end) ^ (np.uint64(end - start) << np.uint64(56))
    return mix(one ^ chunk), mix(other ^ chunk)


@njit(cache=True, nogil=True)
def _unit_cuts(text_B, offsets_D1, rule, lost_L, lost_offsets_D1, class_C):
    num_docs = offsets_D1.size - 1
    most = np.int64(offsets_D1[num_docs]) - np.int64(offsets_D1[0])
    start_E, stop_E = np.empty(most, np.int64), np.empty(most, np.int64)
    lost_E = np.empty(most, np.int64)
    start_P, end_P = np.empty(lost_L.size, np.int64), np.empty(lost_L.size, np.int64)
    unit_P = np.empty(lost_L.size, np.int64)
    cut_offsets_D1, is_empty_D = np.zeros(num_docs + 1, np.int64), np.zeros(num_docs, np.bool_)
    num = 0
    for d in range(num_docs):
        begin, end = np.int64(offsets_D1[d]), np.int64(offsets_D1[d + 1])
        lost = slice(lost_offsets_D1[d], lost_offsets_D1[d + 1])
        if lost_L[lost].size:
            num_pieces = _pieces(text_B, begin, end, rule, class_C, start_E, stop_E)
            _mark(lost_L[lost], rule.window, lost_E[:num_pieces])
            is_empty_D[d] = _nothing_left(text_B, num_pieces, start_E, stop_E, lost_E, class_C)
            num = _cut_document(text_B, begin, end, num_pieces, start_E, stop_E, lost_E, start_P, end_P, unit_P, num)
        cut_offsets_D1[d + 1] = num
    return start_P[:num].copy(), end_P[:num].copy(), unit_P[:num].copy(), cut_offsets_D1, is_empty_D


@leaf
def _mark(lost_L, window, lost_E):
    """Write the first lost unit that covers each piece, or -1."""
    lost_E[:] = -1
    covered = 0
    for i in range(lost_L.size):
        for e in range(max(lost_L[i], covered), lost_L[i] + window):
            lost_E[e] = lost_L[i]
        covered = lost_L[i] + window


@leaf
def _nothing_left(text_B, num_pieces, start_E, stop_E, lost_E, class_C):
    for e in range(num_pieces):
        if lost_E[e] < 0 and left_stripped(text_B, start_E[e], stop_E[e], class_C) < stop_E[e]:
            return False
    return True


@leaf
def _cut_document(text_B, begin, end, num_pieces, start_E, stop_E, lost_E, start_P, end_P, unit_P, num):
    """Write the passages of one document behind the first `num`; how many there are now."""
    e = 0
    while e < num_pieces:
        if lost_E[e] < 0:
            e += 1
            continue
        first = e
        while e < num_pieces and lost_E[e] >= 0:
            e += 1
        takes_break_before = first > 0 and (
            e == num_pieces
            or _feeds(text_B, stop_E[e - 1], start_E[e]) > _feeds(text_B, stop_E[first - 1], start_E[first])
        )
        for piece in range(first, e):
            if takes_break_before:
                start, stop = stop_E[piece - 1], stop_E[piece]
            else:
                start, stop = start_E[piece], start_E[piece + 1] if piece + 1 < num_pieces else end
            if piece > first and lost_E[piece] == lost_E[piece - 1]:
                end_P[num - 1] = stop - begin
            else:
                start_P[num], end_P[num], unit_P[num] = start - begin, stop - begin, lost_E[piece]
                num += 1
    return num


@leaf
def _feeds(text_B, start, end):
    num = 0
    for b in range(start, end):
        num += text_B[b] == LINE_FEED
    return num
