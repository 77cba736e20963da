"""What the Gopher repetition rules measure (Rae et al. 2021, table A1), with the formulas of datatrove 0.10.

Lines are split at runs of line feeds, paragraphs of the stripped text at runs of two or more. A copy is the second or
any later occurrence. Shares of characters are in code points over all code points of the text, spaces included.

Shapes: D = documents in the batch, B = UTF-8 bytes of all documents end to end, W = words of all documents,
N = orders of top n-grams, M = orders of duplicate n-grams, E = parts of one document, T = slots of the hash table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.chunks import is_ascii, num_chars
from pipeline.kernels.copies import copies_room, later_copies
from pipeline.kernels.joined_words import join_words, joined_room
from pipeline.kernels.leaf import leaf
from pipeline.kernels.lines import line_feeds
from pipeline.kernels.repeated_ngrams import (
    count_ngrams,
    duplicate_ngram_chars,
    most_frequent,
    next_suspects,
    ngram_room,
    places_left,
)
from pipeline.kernels.unicode_tables import unicode_tables
from pipeline.kernels.whitespace import stripped
from pipeline.kernels.words import Bytes, Int32, WordSpans

Float64 = npt.NDArray[np.float64]


class GopherRepetitionSignals(NamedTuple):
    """num_chars: int64, shape (D,); the rest float64, 0 for an empty text or fewer than n words.

    parts_4D: duplicate paragraphs per paragraph, their characters per character, and both for lines.
    top_ND: characters of the most frequent n-gram, joined by spaces, times its count, per character.
    duplicate_MD: characters of n-grams seen before, greedily and without overlap, per character.
    """

    num_chars: npt.NDArray[np.int64]
    parts_4D: Float64
    top_ND: Float64
    duplicate_MD: Float64


def gopher_repetition_signals(
    text_B: Bytes, offsets_D1: Int32, words: WordSpans, top_orders: Sequence[int], duplicate_orders: Sequence[int]
) -> GopherRepetitionSignals:
    """The signals of each document; `words` may come from any tokenizer whose tokens are spans of the text, in order
    and none over another.

    As in datatrove, n-grams are equal when their joined texts are, however the words in them are cut. Its words
    include punctuation tokens; ours (`words.word_spans`) do not, so our shares are a little smaller.
    """
    num_chars_D, parts_4D = _copied_parts(text_B, offsets_D1, unicode_tables().class_C)
    top_ND, duplicate_MD = _copied_ngrams(
        text_B, *words, np.array(top_orders, np.int64), np.array(duplicate_orders, np.int64)
    )
    some_chars_D = np.maximum(num_chars_D, 1)
    parts_4D[1::2] /= some_chars_D
    return GopherRepetitionSignals(num_chars_D, parts_4D, top_ND / some_chars_D, duplicate_MD / some_chars_D)


@njit(cache=True, nogil=True)
def _copied_ngrams(text_B, starts_W, ends_W, word_offsets_D1, top_N, duplicate_M):
    num_docs = word_offsets_D1.size - 1
    top_ND = np.zeros((top_N.size, num_docs))
    duplicate_MD = np.zeros((duplicate_M.size, num_docs))
    most, most_bytes = _largest(starts_W, ends_W, word_offsets_D1)
    joined, room = joined_room(most, most_bytes), ngram_room(most)
    places_K, ascending_M = np.empty(most + 1, np.int32), np.argsort(duplicate_M)
    for d in range(num_docs):
        begin, end = word_offsets_D1[d], word_offsets_D1[d + 1]
        num_words = np.int64(end - begin)
        join_words(text_B, starts_W[begin:end], ends_W[begin:end], joined)
        if top_N.size:
            _top_ngrams(joined, num_words, top_N, min(top_N.max(), num_words), places_K, room, top_ND[:, d])
        if duplicate_M.size:
            num = next_suspects(joined, num_words, duplicate_M.min(), places_K, room)
            for m in ascending_M:
                chars, num = duplicate_ngram_chars(joined, num_words, duplicate_M[m], places_K, num, room)
                duplicate_MD[m, d] = chars
    return top_ND, duplicate_MD


@leaf
def _top_ngrams(joined, num_words, top_N, highest, places_K, room, top_chars_N):
    """Write characters of the most frequent n-gram times its count, for each order up to `highest`."""
    num = num_words - 1
    for i in range(num):
        places_K[i] = i
    for n in range(2, highest + 1):
        most, num = count_ngrams(joined, n, places_K, num, room)
        for k in range(top_N.size):
            if top_N[k] == n:
                best, count = most_frequent(joined, n, places_K, num, most, room)
                start, end = np.int64(joined.at_W1[best]), np.int64(joined.at_W1[best + n])
                top_chars_N[k] = count * (num_chars(joined.joined_J, start, end) + n - 1)
        num = places_left(places_K, num)


@njit(cache=True, nogil=True)
def _largest(starts_W, ends_W, word_offsets_D1):
    """(words of the document with most words, bytes from the first word to the last of the one with most)."""
    most = most_bytes = 0
    for d in range(word_offsets_D1.size - 1):
        begin, end = word_offsets_D1[d], word_offsets_D1[d + 1]
        most = max(most, end - begin)
        if begin < end:
            most_bytes = max(most_bytes, ends_W[end - 1] - starts_W[begin])
    return most, most_bytes


@njit(cache=True, nogil=True)
def _copied_parts(text_B, offsets_D1, class_C):
    num_docs = offsets_D1.size - 1
    num_chars_D, parts_4D = np.zeros(num_docs, np.int64), np.zeros((4, num_docs))
    most = 0
    for d in range(num_docs):
        most = max(most, offsets_D1[d + 1] - offsets_D1[d])
    feeds_E = np.empty(most + 1, np.int32)
    num_rows = most // 2 + 2  # all parts but the first and last have a byte, and a line feed behind it
    starts_2E, ends_2E = np.empty((2, num_rows), np.int32), np.empty((2, num_rows), np.int32)
    copies_E, room = np.empty(num_rows, np.int32), copies_room(1024)
    for d in range(num_docs):
        start, end = np.int64(offsets_D1[d]), np.int64(offsets_D1[d + 1])
        num_chars_D[d] = end - start if is_ascii(text_B, start, end) else num_chars(text_B, start, end)
        first, last = stripped(text_B, start, end, class_C)
        num_feeds = line_feeds(text_B, start, end, feeds_E)
        num_parts = _split(feeds_E, num_feeds, start, end, first, last, starts_2E, ends_2E)
        if max(num_parts) > room.slots_E.size:
            room = copies_room(2 * max(num_parts))
        for k in range(2):
            starts_E, ends_E = starts_2E[k], ends_2E[k]
            copies = later_copies(text_B, starts_E, ends_E, num_parts[k], room, copies_E)
            parts_4D[2 * k, d] = copies / num_parts[k]
            for c in range(copies):
                e = copies_E[c]
                parts_4D[2 * k + 1, d] += num_chars(text_B, np.int64(starts_E[e]), np.int64(ends_E[e]))
    return num_chars_D, parts_4D


@leaf
def _split(feeds_E, num_feeds, start, end, first, last, starts_2E, ends_2E):
    """(paragraphs, lines): how many parts, at least one each; empty ones count.

    Row 0 is text_B[first:last], which neither begins nor ends with a line feed, cut at runs of two or more; row 1 is
    text_B[start:end] cut at every run.
    """
    num_paragraphs = num_lines = 0
    paragraph, line = first, start
    e = 0
    while e < num_feeds:
        run = np.int64(feeds_E[e])
        while e + 1 < num_feeds and feeds_E[e + 1] == feeds_E[e] + 1:
            e += 1
        behind = np.int64(feeds_E[e]) + 1
        e += 1
        starts_2E[1, num_lines], ends_2E[1, num_lines] = line, run
        num_lines += 1
        line = behind
        if behind - run >= 2 and first < run < last:
            starts_2E[0, num_paragraphs], ends_2E[0, num_paragraphs] = paragraph, run
            num_paragraphs += 1
            paragraph = behind
    starts_2E[0, num_paragraphs], ends_2E[0, num_paragraphs] = paragraph, last
    starts_2E[1, num_lines], ends_2E[1, num_lines] = line, end
    return num_paragraphs + 1, num_lines + 1
