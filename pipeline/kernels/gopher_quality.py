"""What the Gopher document rules measure (Rae et al. 2021, table A1), with the formulas of datatrove 0.10.

Shapes: D = documents in the batch, B = UTF-8 bytes of all documents end to end, W = words of all documents, or of one;
E = lines of one document, C = code points, T = slots of the stop-word tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.byte_masks import WIDTH, byte_masks, first_bit, num_bits, without_first
from pipeline.kernels.chunks import is_ascii, load8, load_tail, num_chars, num_continuations
from pipeline.kernels.hashing import quick_key
from pipeline.kernels.leaf import leaf
from pipeline.kernels.lines import left_stripped, right_stripped, split_lines
from pipeline.kernels.stop_word_table import slot_in, stop_word_tables
from pipeline.kernels.unicode_tables import ALPHABETIC, SYMBOL, unicode_tables
from pipeline.kernels.utf8 import decode
from pipeline.kernels.words import Bytes, Int32, WordSpans

Float64 = npt.NDArray[np.float64]
HASH, DOT = 0x23, 0x2E
_masks = byte_masks(((HASH, HASH),), ((DOT, DOT),), ((0xE2, 0xE2),), ((0x80, 0x80),))  # U+2026 is E2 80 A6
SHORT_BYTES = 7  # the key of a word so short is the word
LONGEST_TEXT = 2**31


class GopherQualitySignals(NamedTuple):
    """float64, shape (D,) each. A fraction whose denominator would be zero is taken over one instead.

    num_words: words that are not symbols alone. mean_word_chars: their mean length in code points.
    hash_word_fraction, ellipsis_word_fraction: `#`, and `...` or U+2026, per word; can be above 1.
    bullet_line_fraction: lines that begin with `-` or U+2022 after spaces.
    ellipsis_line_fraction: lines that end in `...` or U+2026 before spaces.
    alphabetic_word_fraction: words with a letter. num_stop_words: distinct stop words, case as written.
    """

    num_words: Float64
    mean_word_chars: Float64
    hash_word_fraction: Float64
    ellipsis_word_fraction: Float64
    bullet_line_fraction: Float64
    ellipsis_line_fraction: Float64
    alphabetic_word_fraction: Float64
    num_stop_words: Float64


def gopher_quality_signals(
    text_B: Bytes, offsets_D1: Int32, words: WordSpans, lists: Sequence[Sequence[str]], list_D: Int32
) -> GopherQualitySignals:
    """The signals of each document; `words` may come from any tokenizer whose tokens are spans of the text.

    lists: stop words; list_D: which of them is each document's, or -1 for none: num_stop_words is NaN.
    Lines are those of str.splitlines and spaces those of str.isspace, as in datatrove. Its words include punctuation
    tokens, which count below the line of every fraction; ours (`words.word_spans`) do not.
    """
    class_C = unicode_tables().class_C
    hashes_D, ellipses_D, lines_D, bullets_D, endings_D = _line_counts(text_B, offsets_D1, class_C)
    tables = stop_word_tables([*lists, ()])  # the last is that of -1
    words_D, chars_D, alphabetic_D, stops_D = _word_counts(text_B, *words, class_C, tables, list_D)
    all_D = np.diff(words.word_offsets_D1)
    some_words_D, some_lines_D = np.maximum(all_D, 1), np.maximum(lines_D, 1)
    return GopherQualitySignals(
        num_words=words_D.astype(np.float64),
        mean_word_chars=chars_D / np.maximum(words_D, 1),
        hash_word_fraction=hashes_D / some_words_D,
        ellipsis_word_fraction=ellipses_D / some_words_D,
        bullet_line_fraction=bullets_D / some_lines_D,
        ellipsis_line_fraction=endings_D / some_lines_D,
        alphabetic_word_fraction=alphabetic_D / some_words_D,
        num_stop_words=np.where(list_D < 0, np.nan, stops_D),
    )


@njit(cache=True, nogil=True)
def _word_counts(text_B, starts_W, ends_W, word_offsets_D1, class_C, tables, list_D):
    """(words that are not symbols alone, their code points, words with a letter, distinct stop words)."""
    num_docs = word_offsets_D1.size - 1
    counts_4D = np.zeros((4, num_docs), np.int64)
    seen_T = np.full(tables.keys_T.size, -1, np.int32)  # last document with that stop word
    for d in range(num_docs):
        begin, end = word_offsets_D1[d], word_offsets_D1[d + 1]
        counts = _document_words(text_B, starts_W[begin:end], ends_W[begin:end], class_C, tables, list_D[d], seen_T, d)
        for k in range(4):
            counts_4D[k, d] = counts[k]
    return counts_4D


@leaf
def _document_words(text_B, starts_W, ends_W, class_C, tables, which, seen_T, d):
    keys_T, first, bits = tables.keys_T, tables.first_L[which], tables.bits_L[which]
    multiplier, longest = tables.multipliers_L[which], tables.longest_L[which]
    all_ascii = starts_W.size > 0 and is_ascii(text_B, np.int64(starts_W[0]), np.int64(ends_W[-1]))
    # One comparison each, of unsigned lengths: two would be two jumps, and the first is often guessed wrong.
    uncounted = np.uint64(0 if all_ascii else LONGEST_TEXT)
    long_stop_words = np.uint64(max(longest - SHORT_BYTES, 0))
    words = alphabetic = stops = 0
    chars = np.int64(0)
    for w in range(starts_W.size):
        start, end = np.int64(starts_W[w]), np.int64(ends_W[w])
        num_bytes = end - start
        if num_bytes <= 0:
            continue
        head = _head(text_B, start, end)
        has_letter = has_other = True
        if not _is_ascii_letter(head & np.uint64(0xFF)):
            has_letter, has_other = _word_kind(text_B, start, end, class_C)
        words += has_other
        word_chars = num_bytes - num_continuations(head)
        if np.uint64(num_bytes - 9) < uncounted:
            word_chars = num_chars(text_B, start, end)
        chars += word_chars * has_other
        alphabetic += has_letter
        # Every word is looked up: a guess whether it is a stop word would often be wrong.
        key = head | np.uint64(num_bytes) << np.uint64(56)
        if np.uint64(num_bytes - 8) < long_stop_words:
            key = quick_key(text_B, start, end)
        slot = first + slot_in(key, multiplier, bits)
        before = np.int64(seen_T[slot])
        is_stop = (keys_T[slot] == key) & (num_bytes <= longest)
        stops += is_stop & (before != d)
        seen_T[slot] = d if is_stop else before
    return words, chars, alphabetic, stops


@njit(cache=True, nogil=True, inline="always")
def _head(text_B, start, end):
    """The first eight bytes of a word that has one, or all it has, filled up with zeros."""
    if start + 8 > text_B.size:
        return load_tail(text_B, start, end)
    return load8(text_B, start) & (np.uint64(2**64 - 1) >> np.uint64(64 - 8 * np.minimum(end - start, 8)))


@njit(cache=True, nogil=True, inline="always")
def _is_ascii_letter(byte):
    return (byte | np.uint64(0x20)) - np.uint64(0x61) < np.uint64(26)


@leaf
def _word_kind(text_B, start, end, class_C):
    """(has a letter, has anything but symbols) of one word; the first letter mostly answers both."""
    has_letter = has_other = False
    at = start
    while at < end and not (has_letter and has_other):
        code, at = decode(text_B, at, end)
        has_letter |= class_C[code] & ALPHABETIC != 0
        has_other |= class_C[code] & SYMBOL == 0
    return has_letter, has_other


@njit(cache=True, nogil=True)
def _line_counts(text_B, offsets_D1, class_C):
    """(`#`, ellipses, lines, those that begin with a bullet, those that end in an ellipsis)."""
    num_docs = offsets_D1.size - 1
    counts_5D = np.zeros((5, num_docs), np.int64)
    most = np.int64(0)
    for d in range(num_docs):
        most = max(most, np.int64(offsets_D1[d + 1] - offsets_D1[d]))
    stops_E, nexts_E = np.empty(most, np.int32), np.empty(most, np.int32)
    for d in range(num_docs):
        start, end = np.int64(offsets_D1[d]), np.int64(offsets_D1[d + 1])
        counts_5D[0, d], counts_5D[1, d] = _hashes_and_ellipses(text_B, start, end)
        num_lines = split_lines(text_B, start, end, class_C, stops_E, nexts_E)
        counts_5D[2, d] = num_lines
        for e in range(num_lines):
            stop = np.int64(stops_E[e])
            counts_5D[3, d] += _begins_with_bullet(text_B, start, stop, class_C)
            counts_5D[4, d] += _ends_in_ellipsis(text_B, start, stop, class_C)
            start = np.int64(nexts_E[e])
    return counts_5D


@leaf
def _hashes_and_ellipses(text_B, start, end):
    """(`#`, `...` and U+2026) in text_B[start:end], dots from left to right without overlap."""
    hashes = ellipses = 0
    at = behind = start
    one, last = np.uint64(1), np.uint64(1 << 63)  # what follows the last byte is not in sight
    while at < end and at + WIDTH <= text_B.size:
        known = ~np.uint64(0) >> np.uint64(WIDTH - min(end - at, WIDTH))
        symbols, dots, e2, n80 = _masks(text_B, at)
        hashes += num_bits(symbols & known)
        begins = (dots & (dots >> one | last) | e2 & (n80 >> one | last)) & known
        while begins:
            b = at + first_bit(begins)
            begins = without_first(begins)
            if b >= behind and _is_ellipsis(text_B, b, end):
                ellipses += 1
                behind = b + 3
        at += WIDTH
    for b in range(at, end):
        hashes += text_B[b] == HASH
        if b >= behind and _is_ellipsis(text_B, b, end):
            ellipses += 1
            behind = b + 3
    return hashes, ellipses


@njit(cache=True, nogil=True, inline="always")
def _is_ellipsis(text_B, at, end):
    """True where `...` or U+2026 stands: three bytes either."""
    if at + 3 > end:
        return False
    first, second, third = text_B[at], text_B[at + 1], text_B[at + 2]
    dots = first == DOT and second == DOT and third == DOT
    return dots or (first == 0xE2 and second == 0x80 and third == 0xA6)


@leaf
def _begins_with_bullet(text_B, start, end, class_C):
    at = left_stripped(text_B, start, end, class_C)
    if at < end and text_B[at] == 0xE2:
        return at + 3 <= end and text_B[at + 1] == 0x80 and text_B[at + 2] == 0xA2
    return at < end and text_B[at] == 0x2D


@leaf
def _ends_in_ellipsis(text_B, start, end, class_C):
    stop = right_stripped(text_B, start, end, class_C)
    return stop - 3 >= start and _is_ellipsis(text_B, stop - 3, stop)
