"""Words and what stands between them as hashes, so that runs of words can be compared as they are written.

Shapes: D = documents in the batch, B = UTF-8 bytes of all documents end to end, W = words of all documents,
C = code points.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from pipeline.kernels.hashing import MULTIPLIER, bytes_hash, mix
from pipeline.kernels.unicode_tables import SPACE, unicode_tables
from pipeline.kernels.utf8 import decode
from pipeline.kernels.words import Bytes, Int32, UInt64, word_spans

BLANK = 0x20


class ExactWords(NamedTuple):
    """Words of documents, case and all. Those of document d are word_offsets_D1[d] to word_offsets_D1[d + 1].

    word_W: `hashing.bytes_hash` of the word's bytes. gap_W: of the characters between the word and the one before it,
    a run of white space counting as one blank; 0 for white space alone, and for the first word of a document. Words of
    up to 7 bytes never collide; others do, and gaps, with probability 2**-64 a pair.
    """

    word_W: UInt64
    gap_W: UInt64
    word_offsets_D1: Int32


def exact_words(text_B: Bytes, offsets_D1: Int32) -> ExactWords:
    """The words of each document in order (see `words`), and the gaps in front of them."""
    spans = word_spans(text_B, offsets_D1)
    word_W, gap_W = _exact_words(text_B, *spans, unicode_tables().class_C)
    return ExactWords(word_W, gap_W, spans.word_offsets_D1)


@njit(cache=True, nogil=True)
def _exact_words(text_B, starts_W, ends_W, word_offsets_D1, class_C):
    word_W, gap_W = np.empty(starts_W.size, np.uint64), np.zeros(starts_W.size, np.uint64)
    for d in range(word_offsets_D1.size - 1):
        first = word_offsets_D1[d]
        for w in range(first, word_offsets_D1[d + 1]):
            start, end = int(starts_W[w]), int(ends_W[w])
            word_W[w] = bytes_hash(text_B, start, end)
            if w > first:
                gap_start = int(ends_W[w - 1])
                if start - gap_start != 1 or text_B[gap_start] != BLANK:
                    gap_W[w] = _gap_hash(text_B, gap_start, start, class_C)
    return word_W, gap_W


@njit(cache=True, nogil=True)
def _gap_hash(text_B, at, end, class_C):
    h, was_space, is_blank = np.uint64(MULTIPLIER), False, at < end
    while at < end:
        if text_B[at] < 0x80:
            code, at = int(text_B[at]), at + 1
        else:
            code, at = decode(text_B, at, end)
        is_space = class_C[code] & SPACE != 0
        is_blank &= is_space
        if is_space and was_space:
            continue
        h = mix(h ^ np.uint64(BLANK if is_space else code))
        was_space = is_space
    return np.uint64(0) if is_blank else mix(h)
