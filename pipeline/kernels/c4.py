"""C4's line and page rules (Raffel et al. 2020), measured: which lines stay, and why the others go.

As in the reference code (tensorflow_datasets/text/c4_utils.py, version 4.9.10) and datatrove 0.10's filter, lines are
those of str.splitlines, stripped; words are those of str.split. A line is asked, in this order: has it a word too long?
Then citations are cut out of it. Has it no end mark, too few words, lorem ipsum, "javascript", a curly bracket, a
policy phrase? The first of the line rules takes it; the other two take the page, and are measured for lines that come
so far. What is left of the lines that stay is the new text, joined by line feeds and stripped.

Shapes: D = documents in the batch, B = UTF-8 bytes of all documents end to end, E = lines of one document, L = lines
that stay, K = counts, C = code points.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.byte_masks import WIDTH, byte_masks, num_bits
from pipeline.kernels.char_classes import char_classes
from pipeline.kernels.chunks import HIGH_BITS, LOW_BITS, find_byte, has_below, has_byte, load8, load_tail, num_chars
from pipeline.kernels.citations import copy_without, next_citation
from pipeline.kernels.kept_lines import LineSpans, joining_spans
from pipeline.kernels.leaf import leaf
from pipeline.kernels.lines import left_stripped, right_stripped, split_lines
from pipeline.kernels.phrases import groups_in, phrase_table
from pipeline.kernels.rewrite import Spans
from pipeline.kernels.sentences import num_sentences
from pipeline.kernels.unicode_tables import SPACE, unicode_tables
from pipeline.kernels.utf8 import decode, decode_before
from pipeline.kernels.words import Bytes, Int32

# What is counted of each document; the first six are the outcomes of a line. Of citations and sentences those in lines
# that stay; of lorem ipsum and curly brackets the number of the first line, from 1, and 0 where there is none.
COUNTS = (
    "num_kept_lines",
    "num_long_word_lines",
    "num_no_end_mark_lines",
    "num_few_words_lines",
    "num_javascript_lines",
    "num_policy_lines",
    "num_chars",
    "num_citations",
    "num_sentences",
    "first_lorem_ipsum_line",
    "first_curly_bracket_line",
)
_KEPT, _LONG_WORD, _NO_END_MARK, _FEW_WORDS, _JAVASCRIPT, _POLICY = range(6)
_CHARS, _CITATIONS, _SENTENCES, _FIRST_LOREM_IPSUM, _FIRST_CURLY = range(6, len(COUNTS))

_TOO_MANY = 2**62  # for any line to have
_LOREM_IPSUM_BIT, _JAVASCRIPT_BIT, _POLICY_BIT, _CURLY_BIT, _UNKNOWN = 1, 2, 4, 8, 16
# Bytes that begin no character; `[` and `{`.
_masks = byte_masks(((0x80, 0xBF),), ((0x5B, 0x5B), (0x7B, 0x7B)))
_PHRASES_F, _FIRST_T1, _IS_USED_T, _ENTRIES_E4 = phrase_table(
    (
        ("lorem ipsum",),
        ("javascript",),
        ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"),
    )
)


class C4Rules(NamedTuple):
    """Line rules. A line with more than max_word_chars in one word goes, and one with fewer than min_words.

    needs_end_mark: a line must end in one of `. ? ! "`, with quote_ends also `'`, and not in three dots.
    counts_citation_words: words are counted before citations are cut out.
    """

    max_word_chars: int
    min_words: int
    needs_end_mark: bool
    quote_ends: bool
    cuts_citations: bool
    counts_citation_words: bool
    drops_javascript: bool
    drops_policy: bool


class C4Lines(NamedTuple):
    """counts_KD: int64, a row for each of `COUNTS`. spans: those that make the new text, with `kept_lines.FILLERS`."""

    counts_KD: npt.NDArray[np.int64]
    spans: Spans


def c4_lines(text_B: Bytes, offsets_D1: Int32, rewrites_D: npt.NDArray[np.bool_], rules: C4Rules) -> C4Lines:
    """The lines of each document under `rules`; documents where `rewrites_D` is False have no spans."""
    counts_KD, *lines = _judged_documents(text_B, offsets_D1, rules, unicode_tables().class_C, char_classes())
    has_citations_D = counts_KD[_CITATIONS] > 0
    return C4Lines(counts_KD, joining_spans(text_B, offsets_D1, LineSpans(*lines), rewrites_D, has_citations_D))


@njit(cache=True, nogil=True)
def _judged_documents(text_B, offsets_D1, rules, class_C, char_class_C):
    num_docs = offsets_D1.size - 1
    counts_KD = np.zeros((11, num_docs), np.int64)
    most = offsets_D1[num_docs] - offsets_D1[0]  # a line has a byte; unwritten pages cost nothing
    starts_L, ends_L = np.empty(most, np.int32), np.empty(most, np.int32)
    line_offsets_D1 = np.zeros(num_docs + 1, np.int32)
    stops_E, nexts_E = np.empty(most, np.int32), np.empty(most, np.int32)
    room_2B = np.empty((2, most), np.uint8)  # a line without citations, a text with k for U+212A
    may_end_256 = _last_bytes(rules)
    for d in range(num_docs):
        begin, end = np.int64(offsets_D1[d]), np.int64(offsets_D1[d + 1])
        num_lines = split_lines(text_B, begin, end, class_C, stops_E, nexts_E)
        kept = line_offsets_D1[d]
        counts_K = np.zeros(11, np.int64)
        counts_K[_CHARS], has_brackets = _chars_and_brackets(text_B, begin, end)
        _judge_document(
            text_B,
            begin,
            end,
            has_brackets,
            rules,
            may_end_256,
            class_C,
            char_class_C,
            stops_E[:num_lines],
            nexts_E[:num_lines],
            starts_L[kept:],
            ends_L[kept:],
            room_2B,
            counts_K,
        )
        line_offsets_D1[d + 1] = kept + counts_K[_KEPT]
        for k in range(11):
            counts_KD[k, d] = counts_K[k]
    kept = line_offsets_D1[num_docs]
    return counts_KD, starts_L[:kept].copy(), ends_L[:kept].copy(), line_offsets_D1


@leaf
def _judge_document(
    text_B,
    begin,
    end,
    has_brackets,
    rules,
    may_end_256,
    class_C,
    char_class_C,
    stops_E,
    nexts_E,
    starts_L,
    ends_L,
    room_2B,
    counts_K,
):
    """Write the lines that stay to starts_L and ends_L, and the counts to counts_K."""
    found = np.int64(_UNKNOWN)
    after = begin
    for e in range(stops_E.size):
        start = after
        stop, after = right_stripped(text_B, start, np.int64(stops_E[e]), class_C), np.int64(nexts_E[e])
        if stop - start > rules.max_word_chars and _has_long_word(text_B, start, stop, rules.max_word_chars, class_C):
            counts_K[_LONG_WORD] += 1
            continue
        if not may_end_256[text_B[stop - 1] if start < stop else 0]:
            counts_K[_NO_END_MARK] += 1
            continue
        if found == _UNKNOWN:  # few documents have a phrase, and their lines alone need a search each
            found = groups_in(text_B, begin, end, room_2B[1], _PHRASES_F, _FIRST_T1, _IS_USED_T, _ENTRIES_E4)
        start = left_stripped(text_B, start, stop, class_C)
        has_bracket = has_brackets and _has_bracket(text_B, start, stop)
        citations = 0
        if has_bracket and rules.cuts_citations and next_citation(text_B, start, stop, char_class_C)[0] < stop:
            outcome, bits, sentences, citations = _judged_cut(
                text_B, start, stop, has_bracket, rules, class_C, char_class_C, room_2B
            )
        else:
            outcome, bits, sentences = _judged(
                text_B, start, stop, rules.min_words, has_bracket, found, rules, class_C, room_2B
            )
        if bits & _LOREM_IPSUM_BIT and not counts_K[_FIRST_LOREM_IPSUM]:
            counts_K[_FIRST_LOREM_IPSUM] = e + 1
        if bits & _CURLY_BIT and not counts_K[_FIRST_CURLY]:
            counts_K[_FIRST_CURLY] = e + 1
        if outcome == _KEPT:
            starts_L[counts_K[_KEPT]], ends_L[counts_K[_KEPT]] = start, stop
            counts_K[_SENTENCES] += sentences
            counts_K[_CITATIONS] += citations
        counts_K[outcome] += 1


@njit(cache=True, nogil=True)
def _last_bytes(rules):
    """True for last bytes of a line that may stay: end marks, and `]`, where a citation may stand behind the mark."""
    may_end_256 = np.full(256, not rules.needs_end_mark)
    for byte in (0x2E, 0x3F, 0x21, 0x22, 0x5D):
        may_end_256[byte] = True
    may_end_256[0x27] |= rules.quote_ends
    return may_end_256


@leaf
def _judged_cut(text_B, start, end, has_bracket, rules, class_C, char_class_C, room_2B):
    """(outcome, bits, sentences, citations) as `_judged` says, of a line with citations."""
    min_words = rules.min_words
    if rules.counts_citation_words:
        min_words = np.int64(0 if _has_words(text_B, start, end, min_words, class_C) else _TOO_MANY)
    num_bytes, citations = copy_without(text_B, start, end, char_class_C, room_2B[0])
    line_B, found = text_B, np.int64(_UNKNOWN)
    if start < end:  # always: Numba then has one type for both, and compiles `_judged` once
        line_B, start, end = room_2B[0], np.int64(0), num_bytes
    outcome, bits, sentences = _judged(line_B, start, end, min_words, has_bracket, found, rules, class_C, room_2B)
    return outcome, bits, sentences, citations


@leaf
def _judged(line_B, start, end, min_words, has_bracket, found, rules, class_C, room_2B):
    """(outcome, bits of what the line has, sentences) of one line without citations and without a word too long.

    found: 0 where the document has no phrase, and so the line has none.
    """
    if rules.needs_end_mark and not _has_end_mark(line_B, start, end, rules.quote_ends):
        return _NO_END_MARK, 0, 0
    if not _has_words(line_B, start, end, min_words, class_C):
        return _FEW_WORDS, 0, 0
    if found:
        found = groups_in(line_B, start, end, room_2B[1], _PHRASES_F, _FIRST_T1, _IS_USED_T, _ENTRIES_E4)
    bits = found & _LOREM_IPSUM_BIT
    if rules.drops_javascript and found & _JAVASCRIPT_BIT:
        return _JAVASCRIPT, bits, 0
    if has_bracket and find_byte(line_B, start, end, 0x7B) < end:
        bits |= _CURLY_BIT
    if rules.drops_policy and found & _POLICY_BIT:
        return _POLICY, bits, 0
    return _KEPT, bits, num_sentences(line_B, start, end, class_C)


@leaf
def _chars_and_brackets(text_B, start, end):
    """(code points, whether a `[` or a `{` is among them) of text_B[start:end]."""
    at, num, found = start, end - start, np.uint64(0)
    while at < end and at + WIDTH <= text_B.size:
        tails, brackets = _masks(text_B, at)
        known = ~np.uint64(0) >> np.uint64(WIDTH - min(end - at, WIDTH))
        num -= num_bits(tails & known)
        found |= brackets & known
        at += WIDTH
    if at < end:
        num += num_chars(text_B, at, end) - (end - at)
    return num, found != 0 or _has_bracket(text_B, at, end)


@leaf
def _has_bracket(text_B, start, end):
    """True where there is a `[` or a `{`: one bit apart."""
    at = start
    while at < end:
        chunk = load8(text_B, at) if at + 8 <= end else load_tail(text_B, at, end)
        if has_byte(chunk | np.uint64(0x20 * LOW_BITS), 0x7B):
            return True
        at += 8
    return False


@leaf
def _has_end_mark(line_B, start, end, quote_ends):
    if end <= start:
        return False
    last = line_B[end - 1]
    if last == 0x2E:
        return not (end - start >= 3 and line_B[end - 2] == 0x2E and line_B[end - 3] == 0x2E)
    return last == 0x3F or last == 0x21 or last == 0x22 or (quote_ends and last == 0x27)


@leaf
def _has_words(line_B, start, end, min_words, class_C):
    """True where the line has so many words, found without reading on."""
    num, was_space = np.int64(0), np.uint64(0x80)
    at = start
    while at < end and num < min_words:
        if at + 8 <= end:
            chunk = load8(line_B, at)
            if not (chunk & np.uint64(HIGH_BITS) or has_below(chunk, 0x20)):
                spaces = ~(chunk + np.uint64(0x5F * LOW_BITS)) & np.uint64(HIGH_BITS)  # others reach the top bit
                begins = ~spaces & (spaces << np.uint64(8) | was_space) & np.uint64(HIGH_BITS)
                num += np.int64((begins >> np.uint64(7)) * np.uint64(LOW_BITS) >> np.uint64(56))
                was_space = spaces >> np.uint64(56)
                at += 8
                continue
        code, at = decode(line_B, at, end)
        is_space = np.uint64(0x80) if class_C[code] & SPACE else np.uint64(0)
        num += np.int64(is_space < was_space)
        was_space = is_space
    return num >= min_words


@leaf
def _has_long_word(line_B, start, end, max_chars, class_C):
    """True where a word has more code points. Looks for the last space in as many bytes, and goes on behind it."""
    while end - start > max_chars:
        at, is_space = start + max_chars + 1, False
        while at > start and not is_space:
            code, at = decode_before(line_B, start, at)
            is_space = class_C[code] & SPACE != 0
        if is_space:
            _, start = decode(line_B, at, end)
            continue
        stop = start
        while stop < end:
            code, after = decode(line_B, stop, end)
            if class_C[code] & SPACE:
                break
            stop = after
        if num_chars(line_B, start, stop) > max_chars:
            return True
        start = stop
    return False
