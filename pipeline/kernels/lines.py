"""Lines of a text, for use inside other kernels.

Shapes: B = UTF-8 bytes of all documents end to end, E = lines of one document, C = code points.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.kernels.byte_masks import WIDTH, byte_masks, first_bit, without_first
from pipeline.kernels.chunks import HIGH_BITS, LOW_BITS, first_marked, load8, load_tail
from pipeline.kernels.leaf import leaf
from pipeline.kernels.unicode_tables import LINE_END, SPACE
from pipeline.kernels.utf8 import decode, decode_before

LINE_FEED = 0x0A
CARRIAGE_RETURN = 0x0D
# Line ends of ASCII; the bytes of U+0085, U+2028 and U+2029: C2, E2, 85, 80, A8 or A9.
_masks = byte_masks(
    ((0x0A, 0x0D), (0x1C, 0x1E)), ((0xC2, 0xC2),), ((0xE2, 0xE2),), ((0x85, 0x85),), ((0x80, 0x80),), ((0xA8, 0xA9),)
)
_feed_mask = byte_masks(((LINE_FEED, LINE_FEED),))


@leaf
def split_lines(text_B, start, end, class_C, stops_E, nexts_E):
    """Lines of text_B[start:end] as str.splitlines cuts it: their number, where each stops, and where the next begins.

    There are at most as many as bytes.
    """
    num, line = 0, start
    at = start
    while at < end and at + WIDTH <= text_B.size:
        bits = _line_ends(text_B, at) & (~np.uint64(0) >> np.uint64(WIDTH - min(end - at, WIDTH)))
        while bits:
            stop = at + first_bit(bits)
            bits = without_first(bits)
            num, line = _end_line(text_B, stop, line, end, class_C, stops_E, nexts_E, num)
        at += WIDTH
    while at + 8 <= end:
        marks = _marks(load8(text_B, at))
        if marks:
            num, line = _end_lines(text_B, at, marks, line, end, class_C, stops_E, nexts_E, num)
        at += 8
    if at < end:
        marks = _marks(load_tail(text_B, at, end))
        num, line = _end_lines(text_B, at, marks, line, end, class_C, stops_E, nexts_E, num)
    if line < end:
        stops_E[num], nexts_E[num] = end, end
        num += 1
    return num


@njit(cache=True, nogil=True, inline="always")
def _marks(chunk):
    """0x80 in each of eight bytes that may begin a line end."""
    low = np.uint64(0x7F * LOW_BITS)
    marks = ~(((chunk & low) + np.uint64(0x60 * LOW_BITS)) | chunk) & np.uint64(HIGH_BITS)  # below 0x20
    if chunk & np.uint64(HIGH_BITS):
        marks |= _equal(chunk, 0xC2) | _equal(chunk, 0xE2)  # U+0085; U+2028, U+2029
    return marks


@leaf
def _end_lines(text_B, at, marks, line, end, class_C, stops_E, nexts_E, num):
    """(number of lines, begin of the next) after the marked bytes of the eight from `at`; before `line` none count."""
    while marks:
        stop = at + first_marked(marks)
        marks &= marks - np.uint64(1)
        num, line = _end_line(text_B, stop, line, end, class_C, stops_E, nexts_E, num)
    return num, line


@njit(cache=True, nogil=True, inline="always")
def _end_line(text_B, stop, line, end, class_C, stops_E, nexts_E, num):
    """(number of lines, begin of the next) where at `stop` a line may end."""
    if text_B[stop] == LINE_FEED and line <= stop < end:
        stops_E[num], nexts_E[num] = stop, stop + 1
        return num + 1, stop + 1
    if line <= stop < end:
        code, after = decode(text_B, stop, end)
        if class_C[code] & LINE_END:
            if code == CARRIAGE_RETURN and after < end and text_B[after] == LINE_FEED:
                after += 1
            stops_E[num], nexts_E[num] = stop, after
            return num + 1, after
    return num, line


@njit(cache=True, nogil=True, inline="always")
def _line_ends(text_B, at):
    """A bit for each of the 64 bytes from `at` that may begin a line end."""
    controls, c2, e2, n85, n80, a8 = _masks(text_B, at)
    one = np.uint64(1)
    last = one << np.uint64(63)  # what follows the last byte is not in sight
    wide = e2 & (n80 >> one | last) & (a8 >> np.uint64(2) | last | last >> one)  # U+2028, U+2029
    return controls | c2 & (n85 >> one | last) | wide


@leaf
def line_feeds(text_B, start, end, feeds_E):
    """Line feeds in text_B[start:end]: their number, and where they stand."""
    num, at = 0, start
    while at < end and at + WIDTH <= text_B.size:
        bits = _feed_mask(text_B, at)[0] & (~np.uint64(0) >> np.uint64(WIDTH - min(end - at, WIDTH)))
        while bits:
            feeds_E[num] = at + first_bit(bits)
            num += 1
            bits = without_first(bits)
        at += WIDTH
    while at + 8 <= end:
        marks = _equal(load8(text_B, at), LINE_FEED)
        while marks:
            feeds_E[num] = at + first_marked(marks)
            num += 1
            marks &= marks - np.uint64(1)
        at += 8
    for last in range(at, end):
        feeds_E[num] = last
        num += text_B[last] == LINE_FEED
    return num


@njit(cache=True, nogil=True, inline="always")
def _equal(chunk, byte):
    """0x80 in each of the eight bytes that is `byte`."""
    low = np.uint64(0x7F * LOW_BITS)
    odd = chunk ^ np.uint64(byte * LOW_BITS)
    return ~(((odd & low) + low) | odd) & np.uint64(HIGH_BITS)


@leaf
def right_stripped(text_B, start, end, class_C):
    """End of what str.rstrip leaves of text_B[start:end]; a look at the last byte mostly says."""
    if start < end and not 0x20 < text_B[end - 1] < 0x80:
        return _before_spaces(text_B, start, end, class_C)
    return end


@leaf
def left_stripped(text_B, start, end, class_C):
    """Begin of what str.lstrip leaves of text_B[start:end]; a look at the first byte mostly says."""
    if start < end and not 0x20 < text_B[start] < 0x80:
        return behind_spaces(text_B, start, end, class_C)
    return start


@leaf
def _before_spaces(text_B, start, end, class_C):
    while end > start:
        code, before = decode_before(text_B, start, end)
        if not class_C[code] & SPACE:
            return end
        end = before
    return start


@leaf
def behind_spaces(text_B, at, end, class_C):
    """Index of the first character of text_B[at:end] that is no space, or `end`."""
    while at < end:
        if text_B[at] == 0x20:
            at += 1
            continue
        code, after = decode(text_B, at, end)
        if not class_C[code] & SPACE:
            return at
        at = after
    return end
