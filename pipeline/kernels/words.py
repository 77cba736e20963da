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

from pipeline.kernels.byte_masks import PAD_BYTES, WIDTH, num_bits
from pipeline.kernels.chunks import HIGH_BITS, load8, load_tail
from pipeline.kernels.hashing import SEED, mix
from pipeline.kernels.leaf import leaf
from pipeline.kernels.unicode_tables import ALONE, JOINER, WORD, unicode_tables
from pipeline.kernels.utf8 import decode
from pipeline.kernels.word_masks import AT_ONCE, bit_at, first_bits, word_masks, write_bits

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


def word_counts(text_B: Bytes, offsets_D1: Int32) -> npt.NDArray[np.int64]:
    """How many words each document has: int64, shape (D,); a third of the time of `word_spans`."""
    return _word_counts(text_B, offsets_D1, unicode_tables().class_C)


def words_of_some(words: WordSpans, offsets_D1: Int32, stays_D: npt.NDArray[np.bool_], some_D1: Int32) -> WordSpans:
    """The words where only some documents stay, whose bytes have moved together: from offsets_D1 to some_D1."""
    return WordSpans(*_words_of_some(*words, offsets_D1, stays_D, some_D1))


def word_hashes(text_B: Bytes, starts_W: Int32, ends_W: Int32) -> UInt64:
    """64-bit hash of each word in lower case: uint64, shape (W,).

    It is `hashing.bytes_hash` of the lower-cased word (see `unicode_tables`) in UTF-8. Words of up to 7 bytes never
    collide; others do with probability 2**-64 a pair.
    """
    return _word_hashes(text_B, starts_W, ends_W, unicode_tables().lower_C)


@njit(cache=True, nogil=True)
def _word_spans(text_B, offsets_D1, class_C):
    num_docs = offsets_D1.size - 1
    # A word takes two bytes with the one behind; only code points of three bytes touch. Unwritten pages cost nothing.
    room = (offsets_D1[num_docs] - offsets_D1[0]) // 2 + num_docs + 2 * AT_ONCE
    starts_W, ends_W = np.empty(room, np.int32), np.empty(room, np.int32)
    word_offsets_D1, pad_B = np.zeros(num_docs + 1, np.int32), np.empty(PAD_BYTES, np.uint8)
    begun, ended = np.int64(0), np.int64(0)
    for d in range(num_docs):
        at, end = np.int64(offsets_D1[d]), np.int64(offsets_D1[d + 1])
        before = was_word = np.uint64(0)  # whether the last character is a word character, and whether it is in a word
        while at < end:
            num, word, in_word = word_masks(text_B, at, end, class_C, before, pad_B)
            if num == 0:
                stop = min(at + WIDTH, end)
                at, before, was_word, begun, ended = _spans_by_characters(
                    text_B, at, stop, end, class_C, before, was_word, starts_W, ends_W, begun, ended
                )
                continue
            changes = (in_word ^ (in_word << np.uint64(1) | was_word)) & first_bits(num)
            begun = write_bits(changes & in_word, at, starts_W, begun)
            ended = write_bits(changes & ~in_word, at, ends_W, ended)
            before, was_word = bit_at(word, num - 1), bit_at(in_word, num - 1)
            at += num
        ends_W[ended] = end
        ended += np.int64(was_word)
        word_offsets_D1[d + 1] = ended
    return starts_W[:begun], ends_W[:ended], word_offsets_D1


@njit(cache=True, nogil=True)
def _word_counts(text_B, offsets_D1, class_C):
    counts_D, pad_B = np.zeros(offsets_D1.size - 1, np.int64), np.empty(PAD_BYTES, np.uint8)
    starts_W, ends_W = np.empty(2 * WIDTH, np.int32), np.empty(2 * WIDTH, np.int32)
    for d in range(counts_D.size):
        at, end = np.int64(offsets_D1[d]), np.int64(offsets_D1[d + 1])
        before = was_word = np.uint64(0)
        num_words = np.int64(0)
        while at < end:
            num, word, in_word = word_masks(text_B, at, end, class_C, before, pad_B)
            if num == 0:
                stop = min(at + WIDTH, end)
                at, before, was_word, begun, _ = _spans_by_characters(
                    text_B, at, stop, end, class_C, before, was_word, starts_W, ends_W, np.int64(0), np.int64(0)
                )
                num_words += begun
                continue
            num_words += num_bits(in_word & ~(in_word << np.uint64(1) | was_word) & first_bits(num))
            before, was_word = bit_at(word, num - 1), bit_at(in_word, num - 1)
            at += num
        counts_D[d] = num_words
    return counts_D


@njit(cache=True, nogil=True)
def _words_of_some(starts_W, ends_W, word_offsets_D1, offsets_D1, stays_D, some_D1):
    num_words = 0
    for d in range(stays_D.size):
        num_words += (word_offsets_D1[d + 1] - word_offsets_D1[d]) * stays_D[d]
    new_starts_W, new_ends_W = np.empty(num_words, np.int32), np.empty(num_words, np.int32)
    new_offsets_D1 = np.zeros(some_D1.size, np.int32)
    num = to = 0
    for d in range(stays_D.size):
        if stays_D[d]:
            begin, end = word_offsets_D1[d], word_offsets_D1[d + 1]
            moved = np.int32(some_D1[num] - offsets_D1[d])
            behind = to + end - begin
            _move(starts_W[begin:end], moved, new_starts_W[to:behind])
            _move(ends_W[begin:end], moved, new_ends_W[to:behind])
            num, to = num + 1, behind
            new_offsets_D1[num] = to
    return new_starts_W, new_ends_W, new_offsets_D1


@leaf
def _move(from_W, moved, to_W):
    for w in range(to_W.size):
        to_W[w] = from_W[w] + moved


@leaf
def _spans_by_characters(text_B, at, stop, end, class_C, before, was_word, starts_W, ends_W, begun, ended):
    """Write where words begin and end from the characters before `stop`, of which some are words of their own."""
    here, after = _kind(text_B, at, end, class_C)
    while at < stop:
        behind, after_next = _kind(text_B, after, end, class_C)
        is_word = np.uint64((here & WORD) | ((here // JOINER) & np.int64(before) & behind & WORD))
        starts_W[begun] = ends_W[ended] = at
        begun += np.int64(is_word & ~was_word)
        ended += np.int64(was_word & ~is_word)
        if here & ALONE:
            starts_W[begun], ends_W[ended] = at, after
            begun, ended = begun + 1, ended + 1
        before, was_word, here = np.uint64(here & WORD), is_word, behind
        at, after = after, after_next
    return at, before, was_word, begun, ended


@njit(cache=True, nogil=True, inline="always")
def _kind(text_B, at, end, class_C):
    """(class, index behind it) of the character at `at`; class 0 at the end."""
    if at >= end:
        return 0, end
    if text_B[at] < 0x80:
        return int(class_C[text_B[at]]), at + 1
    code, after = decode(text_B, at, end)
    return int(class_C[code]), after


@njit(cache=True, nogil=True)
def _word_hashes(text_B, starts_W, ends_W, lower_C):
    hashes_W = np.empty(starts_W.size, np.uint64)
    for w in range(starts_W.size):
        start, end = int(starts_W[w]), int(ends_W[w])
        h, is_ascii = _ascii_hash(text_B, start, end)
        hashes_W[w] = h if is_ascii else _unicode_hash(text_B, start, end, lower_C)
    return hashes_W


@njit(cache=True, nogil=True, inline="always")
def _ascii_hash(text_B, start, end):
    """(hash, True) of text_B[start:end] in lower case, eight bytes at a time; (anything, False) if not all ASCII."""
    high = np.uint64(0)
    h = np.uint64(SEED)
    at = start
    while end - at >= 8:
        chunk = load8(text_B, at)
        high |= chunk
        h = mix(h ^ _lower8(chunk))
        at += 8
    chunk = load_tail(text_B, at, end)
    h = mix(h ^ _lower8(chunk) ^ (np.uint64(end - start) << np.uint64(56)))
    return h, ((high | chunk) & np.uint64(HIGH_BITS)) == 0


@njit(cache=True, nogil=True, inline="always")
def _lower8(chunk):
    """Eight ASCII bytes with A-Z in lower case. The top bit of each byte says: at least A, not above Z."""
    at_least_A = chunk + np.uint64(0x3F3F3F3F3F3F3F3F)
    above_Z = chunk + np.uint64(0x2525252525252525)
    return chunk | ((at_least_A & ~above_Z & np.uint64(HIGH_BITS)) >> np.uint64(2))


@njit(cache=True, nogil=True)
def _unicode_hash(text_B, start, end, lower_C):
    h, chunk = np.uint64(SEED), np.uint64(0)
    num_bytes = 0
    at = start
    while at < end:
        code, at = decode(text_B, at, end)
        packed, width = _packed_utf8(lower_C[code])
        filled = num_bytes & 7
        chunk |= np.uint64(packed) << np.uint64(8 * filled)
        if filled + width >= 8:
            h = mix(h ^ chunk)
            chunk = np.uint64(packed) >> np.uint64(8 * (8 - filled))
        num_bytes += width
    return mix(h ^ chunk ^ (np.uint64(num_bytes) << np.uint64(56)))


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
