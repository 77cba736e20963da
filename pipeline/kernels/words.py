"""Words of documents, and a hash of each.

A word is a maximal run of letters, marks and numbers, with a single apostrophe or hyphen between two of them; of
Han, Kana, Thai, Lao, Khmer and Burmese each code point is a word. Classes: `unicode_tables.py`.

    don't  well-known  3.14   ->  don't | well-known | 3 | 14
    'tis -- 日本語 x2          ->  tis | 日 | 本 | 語 | x2

Shapes: D = documents in the batch, B = UTF-8 bytes of all documents end to end, W = words of all documents,
C = code points.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.unicode_tables import ALONE, JOINER, WORD, unicode_tables
from pipeline.kernels.utf8 import decode

Bytes = npt.NDArray[np.uint8]
Int32 = npt.NDArray[np.int32]
UInt64 = npt.NDArray[np.uint64]


class WordSpans(NamedTuple):
    """Word w is text_B[starts_W[w]:ends_W[w]]; those of document d are word_offsets_D1[d] to word_offsets_D1[d + 1]."""

    starts_W: Int32
    ends_W: Int32
    word_offsets_D1: Int32


def word_spans(text_B: Bytes, offsets_D1: Int32) -> WordSpans:
    """Words of each document in order, as spans of bytes."""
    return WordSpans(*_word_spans(text_B, offsets_D1, unicode_tables().class_C))


def word_hashes(text_B: Bytes, starts_W: Int32, ends_W: Int32) -> UInt64:
    """64-bit hash of each word in lower case: uint64, shape (W,).

    The lower-cased word (see `unicode_tables`) in UTF-8 is cut into little-endian 64-bit chunks, the last of 0 to 7
    bytes with the number of bytes modulo 256 in its top byte. From h = 0x9E3779B97F4A7C15, h = mix(h ^ chunk) for
    each, where mix is the finaliser of splitmix64 (Steele et al. 2014, Stafford's variant 13). Words of up to 7 bytes
    never collide; others do with probability 2**-64 a pair.
    """
    return _word_hashes(text_B, starts_W, ends_W, unicode_tables().lower_C)


@njit(cache=True, nogil=True)
def _word_spans(text_B, offsets_D1, class_C):
    num_docs = offsets_D1.size - 1
    # Words touch only where a code point of three bytes stands alone, so this is enough; unwritten pages cost nothing.
    most = (offsets_D1[num_docs] - offsets_D1[0] + num_docs) // 2 + 1
    starts_W = np.empty(most, np.int32)
    ends_W = np.empty(most, np.int32)
    word_offsets_D1 = np.empty(num_docs + 1, np.int32)
    word_offsets_D1[0] = 0
    num_words = 0
    for d in range(num_docs):
        b, end = int(offsets_D1[d]), int(offsets_D1[d + 1])
        start = -1  # of the open word
        stop = 0  # behind its last letter
        while b < end:
            if text_B[b] < 0x80:
                kind, after = class_C[text_B[b]], b + 1
            else:
                code, after = decode(text_B, b, end)
                kind = class_C[code]
            if kind & WORD:
                if start < 0:
                    start = b
                stop = after
            elif start >= 0 and not (kind & JOINER and stop == b):
                starts_W[num_words], ends_W[num_words] = start, stop
                num_words += 1
                start = -1
            if kind & ALONE:
                starts_W[num_words], ends_W[num_words] = b, after
                num_words += 1
            b = after
        if start >= 0:
            starts_W[num_words], ends_W[num_words] = start, stop
            num_words += 1
        word_offsets_D1[d + 1] = num_words
    return starts_W[:num_words].copy(), ends_W[:num_words].copy(), word_offsets_D1


@njit(cache=True, nogil=True, inline="always")
def mix(h):
    """The finaliser of splitmix64: a bijection of uint64 in which every bit depends on every other."""
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return h ^ (h >> np.uint64(31))


@njit(cache=True, nogil=True, inline="always")
def _packed_utf8(code):
    """(bytes, their number) of a code point in UTF-8, the first byte lowest."""
    if code < 0x80:
        return code, 1
    if code < 0x800:
        return 0x80C0 | code >> 6 | (code & 0x3F) << 8, 2
    if code < 0x10000:
        return 0x8080E0 | code >> 12 | (code >> 6 & 0x3F) << 8 | (code & 0x3F) << 16, 3
    return 0x808080F0 | code >> 18 | (code >> 12 & 0x3F) << 8 | (code >> 6 & 0x3F) << 16 | (code & 0x3F) << 24, 4


@njit(cache=True, nogil=True)
def _word_hashes(text_B, starts_W, ends_W, lower_C):
    hashes_W = np.empty(starts_W.size, np.uint64)
    for w in range(starts_W.size):
        h, chunk = np.uint64(0x9E3779B97F4A7C15), np.uint64(0)
        num_bytes = 0
        b, end = int(starts_W[w]), int(ends_W[w])
        while b < end:
            if text_B[b] < 0x80:
                packed, width, b = lower_C[text_B[b]], 1, b + 1
            else:
                code, b = decode(text_B, b, end)
                packed, width = _packed_utf8(lower_C[code])
            filled = num_bytes & 7
            chunk |= np.uint64(packed) << np.uint64(8 * filled)
            if filled + width >= 8:
                h = mix(h ^ chunk)
                chunk = np.uint64(packed) >> np.uint64(8 * (8 - filled))
            num_bytes += width
        hashes_W[w] = mix(h ^ chunk ^ (np.uint64(num_bytes & 0xFF) << np.uint64(56)))
    return hashes_W
