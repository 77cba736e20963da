"""What FineWeb's own rules measure (Penedo et al. 2024, section 3.6), with the formulas of datatrove 0.10.

Lines are split at line feeds and taken as they are, a carriage return at the end included; those of spaces alone do
not count. A copy is the second or any later occurrence of a line. Characters are code points.

Shapes: D = documents in the batch, B = UTF-8 bytes of all documents end to end, E = lines of one document,
C = code points.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.chunks import is_ascii, num_chars
from pipeline.kernels.copies import copies_room, later_copies
from pipeline.kernels.leaf import leaf
from pipeline.kernels.lines import left_stripped, line_feeds
from pipeline.kernels.sentences import ends_in_terminal
from pipeline.kernels.unicode_tables import unicode_tables
from pipeline.kernels.words import Bytes, Int32, WordSpans

Float64 = npt.NDArray[np.float64]


class FineWebSignals(NamedTuple):
    """float64, shape (D,) each. A fraction whose denominator would be zero is taken over one instead.

    num_lines: lines with more than spaces. terminal_line_fraction: lines whose last character is terminal punctuation.
    short_line_fraction: lines of at most so many code points. duplicate_line_char_fraction: code points in copies of
    lines, over all but line feeds. newlines_per_word: line feeds per word.
    """

    num_lines: Float64
    terminal_line_fraction: Float64
    short_line_fraction: Float64
    duplicate_line_char_fraction: Float64
    newlines_per_word: Float64


def fineweb_signals(text_B: Bytes, offsets_D1: Int32, words: WordSpans, short_line_chars: int) -> FineWebSignals:
    """The signals of each document; `words` may come from any tokenizer.

    datatrove's words include punctuation, ours (`words.word_spans`) do not, so here a line feed weighs a little more.
    """
    lines_D, terminal_D, short_D, copied_D, chars_D, feeds_D = _line_counts(
        text_B, offsets_D1, short_line_chars, unicode_tables().class_C
    )
    some_lines_D = np.maximum(lines_D, 1)
    return FineWebSignals(
        num_lines=lines_D.astype(np.float64),
        terminal_line_fraction=terminal_D / some_lines_D,
        short_line_fraction=short_D / some_lines_D,
        duplicate_line_char_fraction=copied_D / np.maximum(chars_D, 1),
        newlines_per_word=feeds_D / np.maximum(np.diff(words.word_offsets_D1), 1),
    )


@njit(cache=True, nogil=True)
def _line_counts(text_B, offsets_D1, short_chars, class_C):
    """(lines, terminal ones, short ones, code points in copies, code points but line feeds, line feeds)."""
    num_docs = offsets_D1.size - 1
    counts_6D = np.zeros((6, num_docs), np.int64)
    most = 1
    for d in range(num_docs):
        most = max(most, offsets_D1[d + 1] - offsets_D1[d] + 1)
    starts_E, ends_E, copies_E = np.empty(most, np.int32), np.empty(most, np.int32), np.empty(most, np.int32)
    room = copies_room(1024)
    for d in range(num_docs):
        start, end = np.int64(offsets_D1[d]), np.int64(offsets_D1[d + 1])
        lines, feeds = _lines_with_text(text_B, start, end, class_C, starts_E, ends_E)
        if lines > room.slots_E.size:
            room = copies_room(2 * lines)
        copies = later_copies(text_B, starts_E, ends_E, lines, room, copies_E)
        copied = 0
        for k in range(copies):
            copied += num_chars(text_B, np.int64(starts_E[copies_E[k]]), np.int64(ends_E[copies_E[k]]))
        all_ascii = is_ascii(text_B, start, end)
        terminal = short = 0
        for e in range(lines):
            left, right = np.int64(starts_E[e]), np.int64(ends_E[e])
            terminal += ends_in_terminal(text_B, left, right, class_C)
            line_chars = right - left
            if line_chars > short_chars and not all_ascii:
                line_chars = num_chars(text_B, left, right)
            short += line_chars <= short_chars
        chars = end - start if all_ascii else num_chars(text_B, start, end)
        for k, count in enumerate((lines, terminal, short, copied, chars - feeds, feeds)):
            counts_6D[k, d] = count
    return counts_6D


@leaf
def _lines_with_text(text_B, start, end, class_C, starts_E, ends_E):
    """(lines with more than spaces, line feeds); where the lines stand."""
    feeds = line_feeds(text_B, start, end, ends_E)
    num = 0
    for e in range(feeds + 1):
        stop = np.int64(ends_E[e]) if e < feeds else end
        if start < stop and left_stripped(text_B, start, stop, class_C) < stop:
            starts_E[num], ends_E[num] = start, stop
            num += 1
        start = stop + 1
    return num, feeds
