"""Normal forms of a line or sentence, by which copies are told; for use inside other kernels.

    RAW       white space around it goes
    LOWER     the same, in lower case: C4's line rule (tensorflow_datasets/text/c4_utils.py)
    CCNET     the same, digits as 0, without control characters and punctuation beyond ASCII: normalize_for_dedup of
              cc_net/text_normalizer.py
    FINEWEB   lower case, numbers as 0, punctuation and white space as one blank, without accents: simplify_text of
              datatrove 0.10.1

    of " \u00c9 \u2013 1.5 ":   "\u00c9 \u2013 1.5"   "\u00e9 \u2013 1.5"   "\u00e9  0.0"   "e 0"

Where the originals ask what stands around, code points here change one by one: every small sigma is the middle one, the
lower case of U+0130 is i, marks stay in their order, and blanks that dropping a mark brings together become one.

Shapes: B = UTF-8 bytes of all documents end to end, C = code points, S and A as in `ccnet_text`.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.ascii_chunks import in_range, lower
from pipeline.kernels.ccnet_text import MAX_GROWTH, ccnet_tables
from pipeline.kernels.chunks import HIGH_BITS, LOW_BITS, has_below, has_byte, load8, load_tail, store8
from pipeline.kernels.leaf import leaf
from pipeline.kernels.lines import left_stripped, right_stripped
from pipeline.kernels.unicode_tables import SPACE, SYMBOL, unicode_tables
from pipeline.kernels.utf8 import decode

RAW, LOWER, CCNET, FINEWEB = range(4)
GROWTH = MAX_GROWTH  # bytes per byte, at most
_FINAL_SIGMA, _SIGMA = 0x3C2, 0x3C3
# What becomes of a code point: itself, its lower case, nothing, 0, a blank, its text in the table of `ccnet_text`.
_STAYS, _LOWER, _GOES, _DIGIT, _BLANK, _TEXT = range(6)
# Punctuation beyond ASCII that CCNet and datatrove know alike.
_MARKS = (
    "\uff0c\u3002\u3001\u201e\u201d\u201c\u00ab\u00bb\u300d\u300c\u300a\u300b\u00b4\u2236\uff1a\uff1f\uff01"
    "\uff08\uff09\uff1b\u2013\u2014\uff0e\uff5e\u2019\u2026\u2501\u3008\u3009\u3010\u3011\uff05\u25ba"
)
_IN_NUMBERS = (0x2E, 0x2C, 0x60C, 0x66B, 0x2396, 0x2397, 0x2398)


class NormalForm(NamedTuple):
    """form: RAW to FINEWEB. action_C: uint8; the others as in `unicode_tables` and `ccnet_text`."""

    form: int
    action_C: npt.NDArray[np.uint8]
    lower_C: npt.NDArray[np.int32]
    class_C: npt.NDArray[np.uint8]
    text_C: npt.NDArray[np.int32]
    starts_S1: npt.NDArray[np.int32]
    texts_A: npt.NDArray[np.uint8]


@cache
def normal_form(form: int) -> NormalForm:
    """The tables of a normal form, made once per process from committed ones."""
    class_C, lower_C = unicode_tables()
    text_C, starts_S1, texts_A, _ = ccnet_tables()
    lower_C = lower_C.copy()
    lower_C[_FINAL_SIGMA] = _SIGMA
    action_C = np.zeros(class_C.size, np.uint8)
    action_C[lower_C != np.arange(lower_C.size)] = _LOWER
    texts = [texts_A[a:b].tobytes() for a, b in pairwise(starts_S1.tolist())]
    is_digit_C = text_C == texts.index(b"0") + 1
    is_digit_C[0x30:0x3A] = True
    marks = [ord(mark) for mark in _MARKS]
    controls = [*range(0x20), *range(0x7F, 0xA0)]
    if form == CCNET:
        action_C[marks + controls] = _GOES
        action_C[is_digit_C] = _DIGIT
    elif form == FINEWEB:
        action_C[(text_C > 0) & (action_C != _LOWER)] = _TEXT
        action_C[(action_C == _LOWER) & (np.arange(text_C.size) != _FINAL_SIGMA) & (text_C > 0)] = _TEXT
        action_C[(class_C & SPACE) != 0] = _BLANK
        action_C[0x21:0x7F][(class_C[0x21:0x7F] & SYMBOL) != 0] = _BLANK
        action_C[marks + controls] = _BLANK
        action_C[is_digit_C] = _DIGIT
    return NormalForm(form, action_C, lower_C, class_C, text_C, starts_S1, texts_A)


@leaf
def write_normal(text_B, start, end, normal, out_B, to):
    """Write the normal form of text_B[start:end] at `to`; the index behind it.

    out_B has room for GROWTH bytes for each, and for eight more.
    """
    if normal.form == FINEWEB:
        return _write_words(text_B, start, end, normal, out_B, to)
    start = left_stripped(text_B, start, end, normal.class_C)
    end = right_stripped(text_B, start, end, normal.class_C)
    at = start
    while at < end:
        num = min(end - at, 8)
        chunk = _filled(text_B, at, num)
        is_plain = not (chunk & np.uint64(HIGH_BITS) or (normal.form == CCNET and _has_controls(chunk)))
        if is_plain or normal.form == RAW:
            store8(out_B, to, _eight(chunk, normal.form))
            at, to = at + num, to + num
            continue
        stop = at + num
        while at < stop:
            at, to = _write_one(text_B, at, end, normal, out_B, to)
    return to


@njit(cache=True, nogil=True, inline="always")
def _filled(text_B, at, num):
    """The `num` bytes from `at`, 1 to 8, filled up with blanks."""
    if num == 8:
        return load8(text_B, at)
    return load_tail(text_B, at, at + num) | (np.uint64(0x20 * LOW_BITS) << np.uint64(8 * num))


@njit(cache=True, nogil=True, inline="always")
def _has_controls(chunk):
    return (has_below(chunk, 0x20) | has_byte(chunk, 0x7F)) != 0


@njit(cache=True, nogil=True, inline="always")
def _eight(chunk, form):
    """Eight bytes of ASCII, or of anything where RAW."""
    if form == RAW:
        return chunk
    chunk = lower(chunk)
    if form == CCNET:
        digits = (in_range(chunk, 0x30, 0x39) & np.uint64(HIGH_BITS)) >> np.uint64(7)
        chunk &= ~(digits * np.uint64(0x0F))
    return chunk


@leaf
def _write_one(text_B, at, end, normal, out_B, to):
    """(index behind in the text, index behind in the form) of the character at `at`."""
    code, after = decode(text_B, at, end)
    action = normal.action_C[code]
    if action == _LOWER:
        return after, _write_code(normal.lower_C[code], out_B, to)
    if action == _DIGIT:
        out_B[to] = 0x30
        return after, to + 1
    if action == _TEXT:
        text = normal.text_C[code] - 1
        for a in range(normal.starts_S1[text], normal.starts_S1[text + 1]):
            out_B[to] = normal.texts_A[a]
            to += 1
        return after, to
    if action == _STAYS:
        for b in range(at, after):
            out_B[to] = text_B[b]
            to += 1
    return after, to


@leaf
def _write_code(code, out_B, to):
    if code < 0x80:
        out_B[to] = code
        return to + 1
    if code < 0x800:
        out_B[to], out_B[to + 1] = 0xC0 | code >> 6, 0x80 | code & 0x3F
        return to + 2
    if code < 0x10000:
        out_B[to], out_B[to + 1], out_B[to + 2] = 0xE0 | code >> 12, 0x80 | code >> 6 & 0x3F, 0x80 | code & 0x3F
        return to + 3
    out_B[to], out_B[to + 1] = 0xF0 | code >> 18, 0x80 | code >> 12 & 0x3F
    out_B[to + 2], out_B[to + 3] = 0x80 | code >> 6 & 0x3F, 0x80 | code & 0x3F
    return to + 4


@leaf
def _write_words(text_B, start, end, normal, out_B, to):
    """The form FINEWEB: blanks only between what they separate."""
    begin, at = to, start
    while at < end:
        num = min(end - at, 8)
        chunk = _filled(text_B, at, num)
        was_blank = to == begin or out_B[to - 1] == 0x20
        if not (chunk | in_range(chunk, 0x30, 0x39)) & np.uint64(HIGH_BITS):
            to = _write_eight(chunk, num, was_blank, out_B, to)
            at += num
            continue
        code, after = decode(text_B, at, end)
        action = normal.action_C[code]
        if action == _BLANK:
            if not was_blank:
                out_B[to] = 0x20
                to += 1
            at = after
        elif action == _DIGIT:
            out_B[to] = 0x30
            at, to = _behind_number(text_B, after, end, normal.action_C), to + 1
        elif code < 0x80:
            out_B[to] = code | 0x20
            at, to = after, to + 1
        else:
            at, to = _write_one(text_B, at, end, normal, out_B, to)
    return to - 1 if to > begin and out_B[to - 1] == 0x20 else to


@njit(cache=True, nogil=True, inline="always")
def _write_eight(chunk, num, was_blank, out_B, to):
    """Write `num` of eight ASCII bytes that are no digits: letters in lower case, else blanks, one for many."""
    folded = chunk | np.uint64(0x20 * LOW_BITS)
    is_letter = (in_range(folded, 0x61, 0x7A) & np.uint64(HIGH_BITS)) >> np.uint64(7)
    is_blank = is_letter ^ np.uint64(LOW_BITS)
    chunk = folded & is_letter * np.uint64(0xFF) | is_blank << np.uint64(5)
    doubled = is_blank & (is_blank << np.uint64(8) | np.uint64(was_blank))
    store8(out_B, to, chunk)
    if not doubled:
        return to + num
    for k in range(num):  # written at every byte, counted where it stays
        out_B[to] = np.uint8((chunk >> np.uint64(8 * k)) & np.uint64(0xFF))
        to += np.int64(1) - np.int64((doubled >> np.uint64(8 * k)) & np.uint64(1))
    return to


@leaf
def _behind_number(text_B, at, end, action_C):
    """Index behind the digits from `at`, and behind one mark within a number with more digits."""
    at = _behind_digits(text_B, at, end, action_C)
    if at < end:
        code, after = decode(text_B, at, end)
        if code in _IN_NUMBERS:
            behind = _behind_digits(text_B, after, end, action_C)
            if behind > after:
                return behind
    return at


@leaf
def _behind_digits(text_B, at, end, action_C):
    while at < end:
        code, after = decode(text_B, at, end)
        if action_C[code] != _DIGIT:
            break
        at = after
    return at
