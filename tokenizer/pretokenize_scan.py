# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False
"""Where the next pretoken ends: the split patterns of byte-level BPE as scans over UTF-8 bytes.

One function a family of patterns, each a regular expression read from left to right: the first alternative that
matches wins, runs are greedy, and no byte is looked at more than a few times, whatever the text.

Shapes: B = UTF-8 bytes of all documents end to end, D = documents, P = pretokens, C = code points.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tokenizer.char_table import LETTER, LINE_END, LOWER, NUMBER, OTHER, SPACE, UPPER
from tokenizer.pretokenize_patterns import CL100K, GPT2

# Counting references to arrays at each call, in atomic steps, would take longer than the scan: none is made here.
leaf = njit(cache=True, nogil=True, _nrt=False)

_BLANK = 0x20
_APOSTROPHE = 0x27
_SLASH = 0x2F
_NO_CLASS = 0  # of the end of a document
_REPLACEMENT = 0xFFFD
_S, _D, _M, _T, _L, _V, _R, _E = (ord(letter) for letter in "sdmtlvre")


@njit(cache=True, nogil=True, inline="always")
def next_end(text_B, at, end, class_C, family, max_digits):
    """End of the pretoken that begins at `at`, of a document that ends at `end` > `at`: more than `at`, at most `end`.

    `max_digits`: numbers a pretoken may have, which the GPT-2 family does not limit.
    """
    if family == GPT2:
        return _gpt2_end(text_B, at, end, class_C)
    if family == CL100K:
        return _cl100k_end(text_B, at, end, class_C, max_digits)
    return _o200k_end(text_B, at, end, class_C, max_digits)


@leaf
def _gpt2_end(text_B, at, end, class_C):
    """'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"""
    first = text_B[at]
    if first == _APOSTROPHE:
        stop = contraction_end(text_B, at, end, 0)
        if stop > at:
            return stop
    here, after = kind_at(text_B, at, end, class_C)
    if first == _BLANK:
        behind, after_next = kind_at(text_B, after, end, class_C)
        if behind & (LETTER | NUMBER | OTHER):
            here, after = behind, after_next
    if here & SPACE:
        return _space_end(text_B, at, end, class_C, 0)
    return _run_end(text_B, after, end, class_C, here & (LETTER | NUMBER | OTHER))


@leaf
def _cl100k_end(text_B, at, end, class_C, max_digits):
    """(?i:'s|...)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|..."""
    first = text_B[at]
    if first == _APOSTROPHE:
        stop = contraction_end(text_B, at, end, _BLANK)
        if stop > at:
            return stop
    here, after = kind_at(text_B, at, end, class_C)
    if here & LETTER:
        return _run_end(text_B, after, end, class_C, LETTER)
    if here & NUMBER:
        return _digits_end(text_B, after, end, class_C, max_digits)
    behind, after_next = kind_at(text_B, after, end, class_C)
    if behind & LETTER and not here & LINE_END:
        return _run_end(text_B, after_next, end, class_C, LETTER)
    if here & OTHER or (first == _BLANK and behind & OTHER):
        stop = _run_end(text_B, after, end, class_C, OTHER)
        while stop < end and class_C[text_B[stop]] & LINE_END:
            stop += 1
        return stop
    return _space_end(text_B, at, end, class_C, LINE_END)


@leaf
def _o200k_end(text_B, at, end, class_C, max_digits):
    """As cl100k, but a word is `[UPPER]*[LOWER]+|[UPPER]+[LOWER]*`, ends in a contraction, and `/` ends punctuation."""
    here, after = kind_at(text_B, at, end, class_C)
    stop = at
    if here & (UPPER | LOWER):
        # A mark could be the prefix too, but what matches with it as such matches as far with it in the word.
        stop = _cased_word_end(text_B, at, end, class_C)
    elif here & NUMBER:
        return _digits_end(text_B, after, end, class_C, max_digits)
    elif not here & LINE_END:
        stop = _cased_word_end(text_B, after, end, class_C)
        stop = at if stop == after else stop
    if stop > at:
        if stop < end and text_B[stop] == _APOSTROPHE:
            return contraction_end(text_B, stop, end, _BLANK)
        return stop
    behind, _ = kind_at(text_B, after, end, class_C)
    if here & OTHER or (text_B[at] == _BLANK and behind & OTHER):
        stop = _run_end(text_B, after, end, class_C, OTHER)
        while stop < end and (class_C[text_B[stop]] & LINE_END or text_B[stop] == _SLASH):
            stop += 1
        return stop
    return _space_end(text_B, at, end, class_C, LINE_END)


@leaf
def _cased_word_end(text_B, start, end, class_C):
    """End of `[UPPER]*[LOWER]+|[UPPER]+[LOWER]*` from `start`, or `start` where neither matches.

    Characters of both classes let the first alternative give back what it took: it ends behind the last of them,
    unless a lower-case letter follows the capitals.

        HTMLpage -> HTMLpage    日本ABC -> 日本|ABC    ABC -> ABC
    """
    at, behind_both = start, start
    here, after = kind_at(text_B, at, end, class_C)
    while here & UPPER:
        at = after
        if here & LOWER:
            behind_both = at
        here, after = kind_at(text_B, at, end, class_C)
    if here & LOWER:
        return _run_end(text_B, after, end, class_C, LOWER)
    return behind_both if behind_both > start else at


@leaf
def _space_end(text_B, at, end, class_C, line_end):
    """End of `\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+` from a white space at `at`; with `line_end` 0 of the last two alone."""
    last = behind_line = at
    here, after = kind_at(text_B, at, end, class_C)
    stop = at
    while here & SPACE:
        last, stop = stop, after
        if here & line_end:
            behind_line = stop
        here, after = kind_at(text_B, stop, end, class_C)
    if behind_line > at:
        return behind_line
    return stop if stop == end or last == at else last


@njit(cache=True, nogil=True, inline="always")
def contraction_end(text_B, at, end, fold):
    """End of 's 't 're 've 'm 'll 'd from an apostrophe at `at`, or `at`; with `fold` 0x20 in any case.

    Of all characters that are not ASCII only U+017F, the long s, is another case of one of these letters.
    """
    if at + 1 >= end:
        return at
    first = text_B[at + 1] | fold
    if first in (_S, _T, _M, _D):
        return at + 2
    if at + 2 >= end:
        return at
    if fold and text_B[at + 1] == 0xC5 and text_B[at + 2] == 0xBF:
        return at + 3
    second = text_B[at + 2] | fold
    if (first == _L and second == _L) or (first in (_R, _V) and second == _E):
        return at + 3
    return at


@leaf
def _digits_end(text_B, at, end, class_C, max_digits):
    """First index from `at` on that is not a number, or that is behind `max_digits` numbers with the one before."""
    for _ in range(max_digits - 1):
        here, after = kind_at(text_B, at, end, class_C)
        if not here & NUMBER:
            break
        at = after
    return at


@leaf
def _run_end(text_B, at, end, class_C, wanted):
    """First index from `at` on whose character has no bit of `wanted`."""
    here, after = kind_at(text_B, at, end, class_C)
    while here & wanted:
        at = after
        here, after = kind_at(text_B, at, end, class_C)
    return at


@njit(cache=True, nogil=True, inline="always")
def kind_at(text_B, at, end, class_C):
    """(class, index behind it) of the character at `at`; no class at the end.

    Bytes that are not UTF-8 have some class: nothing outside text_B and class_C is ever read, and the index moves on.
    """
    if at >= end:
        return _NO_CLASS, end
    lead = np.int64(text_B[at])
    if lead < 0x80:
        return np.int64(class_C[lead]), at + 1
    return _wide_kind(text_B, at, end, class_C)


@njit(cache=True, nogil=True, inline="always")
def _wide_kind(text_B, at, end, class_C):
    lead = np.int64(text_B[at])
    width = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    if at + width > end:
        return np.int64(class_C[_REPLACEMENT]), end
    code = lead & (0xFF >> (width + 1))
    for b in range(at + 1, at + width):
        code = code << 6 | np.int64(text_B[b]) & 0x3F
    return np.int64(class_C[code if code < class_C.size else _REPLACEMENT]), at + width
