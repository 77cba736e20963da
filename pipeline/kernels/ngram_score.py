"""Log probability of documents under an n-gram model, as kenlm's `score(sentence, bos=True, eos=True)` gives it.

A word is what stands between white space of ASCII or NUL. A line feed ends a sentence; what stands behind the last one
is a sentence too if it has words. Each sentence begins with <s> as its history, and its end counts as a word, </s>.

Shapes: D = documents in the batch, B = UTF-8 bytes of all documents end to end, P = words and line feeds of all
documents, K = cuts of all documents, M = distinct cuts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.chunks import HIGH_BITS, first_marked, has_below, load8
from pipeline.kernels.ngram_sums import END_OF_SENTENCE, log10_sums
from pipeline.kernels.ngram_table import NgramTable
from pipeline.kernels.unicode_tables import SPACE, unicode_tables
from pipeline.kernels.utf8 import decode
from pipeline.kernels.word_table import WordTable, find_word

LINE_FEED = 10
END_OF_LINE = END_OF_SENTENCE  # among the numbers of words

Int64 = npt.NDArray[np.int64]


class NgramModel(NamedTuple):
    """What scoring needs. unknown, begin, end: numbers of the words <unk>, <s> and </s>."""

    words: WordTable
    ngrams: NgramTable
    unknown: int
    begin: int
    end: int


class Numbered(NamedTuple):
    """Words as numbers, END_OF_LINE for line feeds: those of document d are numbers_P[offsets_D1[d]:offsets_D1[d + 1]].

    num_split_D: how many words str.split finds, which cuts at white space beyond ASCII too.
    """

    numbers_P: npt.NDArray[np.int32]
    offsets_D1: Int64
    num_split_D: Int64


class Scores(NamedTuple):
    """Per document, shape (D,).

    log10_D: sum of log10 probabilities, float64. gain_D: by how much that is above the sum where each word is told the
    one word before it alone, float64; NaN where the scorer can't say. num_pieces_D: words (as str.split) plus
    sentences, int64.
    """

    log10_D: npt.NDArray[np.float64]
    gain_D: npt.NDArray[np.float64]
    num_pieces_D: Int64


def numbered(text_B: npt.NDArray[np.uint8], offsets_D1: npt.NDArray[np.int32], model: NgramModel) -> Numbered:
    """The words of each document, by their numbers in the model."""
    return Numbered(*_numbered(text_B, offsets_D1, unicode_tables().class_C, *model.words, model.unknown))


def repeated(distinct: Numbered, cuts_K: npt.NDArray[np.int32], cut_offsets_D1: Int64) -> Numbered:
    """Documents as sequences of texts: cuts_K[k] is a place in `distinct`, from d's offset for document d."""
    return Numbered(*_repeated(*distinct, cuts_K, cut_offsets_D1))


def ngram_scores(documents: Numbered, model: NgramModel, *, skips_empty: bool) -> Scores:
    """Scores of each document; one without sentences has zeros. skips_empty: lines without words are no sentences."""
    words_P, offsets_D1, num_sentences_D = _sentences(documents.numbers_P, documents.offsets_D1, skips_empty)
    log10_D, gain_D = log10_sums(words_P, offsets_D1, *model.ngrams, model.begin, model.end)
    return Scores(log10_D, gain_D, documents.num_split_D + num_sentences_D)


@njit(cache=True, nogil=True)
def _numbered(text_B, offsets_D1, class_C, slots_T, words_A, starts_V1, unknown):
    num_docs = offsets_D1.size - 1
    # At most a number every byte; unwritten pages cost nothing.
    numbers_P = np.empty(offsets_D1[num_docs] - offsets_D1[0], np.int32)
    number_offsets_D1, num_split_D = np.zeros(num_docs + 1, np.int64), np.zeros(num_docs, np.int64)
    num = np.int64(0)
    for d in range(num_docs):
        at, end = np.int64(offsets_D1[d]), np.int64(offsets_D1[d + 1])
        while at < end:
            if _is_space(text_B[at]):
                numbers_P[num] = END_OF_LINE
                num += text_B[at] == LINE_FEED
                at += 1
                continue
            stop, may_split = _word_end(text_B, at, end)
            numbers_P[num] = find_word(text_B, at, stop, slots_T, words_A, starts_V1, unknown)
            num_split_D[d] += _num_split(text_B, at, stop, class_C) if may_split else 1
            num += 1
            at = stop
        number_offsets_D1[d + 1] = num
    return numbers_P[:num], number_offsets_D1, num_split_D


@njit(cache=True, nogil=True, inline="always")
def _is_space(byte):
    return byte <= 32 and (byte == 32 or 9 <= byte <= 13 or byte == 0)


@njit(cache=True, nogil=True, inline="always")
def _word_end(text_B, at, end):
    """(index behind the word that begins at `at`, True where str.split may cut it)."""
    may_split = False
    while at < end:
        if at + 8 <= end:
            chunk = load8(text_B, at)
            marks = has_below(chunk, 0x21) | (chunk & np.uint64(HIGH_BITS))
            if not marks:
                at += 8
                continue
            at += first_marked(marks)
        byte = text_B[at]
        if _is_space(byte):
            return at, may_split
        # Space beyond ASCII begins with these: U+0085 to U+00A0, U+1680, U+2000 to U+205F, U+3000.
        may_split |= byte < 0x20 or byte == 0xC2 or byte == 0xE1 or byte == 0xE3
        may_split |= byte == 0xE2 and at + 1 < end and text_B[at + 1] <= 0x81
        at += 1
    return end, may_split


@njit(cache=True, nogil=True)
def _num_split(text_B, at, end, class_C):
    """How many words str.split makes of text_B[at:end]."""
    num, was_space = np.int64(0), True
    while at < end:
        code, at = decode(text_B, at, end)
        is_space = class_C[code] & SPACE != 0
        num += was_space and not is_space
        was_space = is_space
    return num


@njit(cache=True, nogil=True)
def _repeated(numbers_P, offsets_M1, num_split_M, cuts_K, cut_offsets_D1):
    num_docs = cut_offsets_D1.size - 1
    total = np.int64(0)
    for cut in cuts_K:
        total += offsets_M1[cut + 1] - offsets_M1[cut]
    out_P, out_offsets_D1, out_split_D = (
        np.empty(total, np.int32),
        np.zeros(num_docs + 1, np.int64),
        np.zeros(num_docs, np.int64),
    )
    to = np.int64(0)
    for d in range(num_docs):
        for k in range(cut_offsets_D1[d], cut_offsets_D1[d + 1]):
            cut = cuts_K[k]
            for p in range(offsets_M1[cut], offsets_M1[cut + 1]):
                out_P[to] = numbers_P[p]
                to += 1
            out_split_D[d] += num_split_M[cut]
        out_offsets_D1[d + 1] = to
    return out_P, out_offsets_D1, out_split_D


@njit(cache=True, nogil=True)
def _sentences(numbers_P, offsets_D1, skips_empty):
    """(words and ends of sentences, offsets, sentences of each document)."""
    num_docs = offsets_D1.size - 1
    words_P = np.empty(numbers_P.size + num_docs, np.int32)
    word_offsets_D1, num_sentences_D = np.zeros(num_docs + 1, np.int64), np.zeros(num_docs, np.int64)
    to = np.int64(0)
    for d in range(num_docs):
        has_words = False
        for p in range(offsets_D1[d], offsets_D1[d + 1]):
            is_end = numbers_P[p] == END_OF_LINE
            words_P[to] = numbers_P[p]
            is_written = has_words or not (is_end and skips_empty)
            to += is_written
            num_sentences_D[d] += is_written and is_end
            has_words = not is_end
        words_P[to] = END_OF_SENTENCE
        to += has_words
        num_sentences_D[d] += has_words
        word_offsets_D1[d + 1] = to
    return words_P[:to], word_offsets_D1, num_sentences_D
