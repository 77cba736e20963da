"""The words of a document end to end, and a key of any of its n-grams in a few steps, however long they are.

Read as a number, the first byte lowest, a text has that number modulo the prime 2**61 - 1 as its key. There 2**61 is 1,
so a shift is a rotation, and the sum of all words before each word gives the key of any n-gram:

    words  ab c de      sums_W1  0, ab, ab + c << 16, ab + c << 16 + de << 24
    key of the two words `c de`  =  (sums_W1[3] - sums_W1[1]) >> 16

N-grams of the same bytes have the same key, however their words are cut. Others can share one: compare their bytes.

Shapes: B = UTF-8 bytes of all documents end to end, W = words of one document, W1 = W + 1, J = bytes of its words.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.chunks import load_tail, same_bytes, store8
from pipeline.kernels.hashing import MULTIPLIER
from pipeline.kernels.leaf import leaf
from pipeline.kernels.words import Bytes, Int32

PRIME = 2**61 - 1
PRIME_BITS = 61
PIECE_BYTES = 7  # as many as are below the prime
SPARE_BYTES = 16  # behind the words, to be read and written


class JoinedWords(NamedTuple):
    """Word w is joined_J[at_W1[w]:at_W1[w + 1]]. sums_W1: of the words before; shifts_W1: bits they are rotated by."""

    joined_J: Bytes
    at_W1: Int32
    shifts_W1: Bytes
    sums_W1: npt.NDArray[np.uint64]


@njit(cache=True, nogil=True)
def joined_room(num_words, num_bytes):
    """Where words of at most so many bytes together can be joined."""
    return JoinedWords(
        np.empty(num_bytes + SPARE_BYTES, np.uint8),
        np.empty(num_words + 1, np.int32),
        np.empty(num_words + 1, np.uint8),
        np.empty(num_words + 1, np.uint64),
    )


@leaf
def join_words(text_B, starts_W, ends_W, joined):
    """Write the words to `joined`, seven bytes at a time; what is too much is overwritten by the next."""
    joined_J, at_W1, shifts_W1, sums_W1 = joined
    at, shift, total = np.int64(0), np.uint64(0), np.uint64(0)
    for w in range(np.uint64(starts_W.size)):
        at_W1[w], shifts_W1[w], sums_W1[w] = at, shift, total
        start, end = np.int64(starts_W[w]), np.int64(ends_W[w])
        while start < end:
            width = np.minimum(end - start, PIECE_BYTES)
            piece = load_tail(text_B, start, start + width)
            store8(joined_J, at, piece)
            total = _below(total + _rotated(piece, shift), PRIME)
            shift = _below(shift + np.uint64(8 * width), PRIME_BITS)
            start, at = start + width, at + width
    at_W1[starts_W.size], shifts_W1[starts_W.size], sums_W1[starts_W.size] = at, shift, total


@njit(cache=True, nogil=True, inline="always")
def _rotated(number, bits):
    """A number below the prime times 2**bits; bits is 0 to 61."""
    return (number << bits) & np.uint64(PRIME) | number >> (np.uint64(PRIME_BITS) - bits)


@njit(cache=True, nogil=True, inline="always")
def _below(number, modulus):
    """A number below twice the modulus, below it; a difference that is negative wraps round and is the larger one."""
    return np.minimum(number, number - np.uint64(modulus))


@njit(cache=True, nogil=True, inline="always")
def ngram_key(shifts_W1, sums_W1, i, n):
    """The key of the n words from word i."""
    i, n = np.uint64(i), np.uint64(n)  # unsigned: Numba asks of others whether they count from the end
    total = sums_W1[i + n] - sums_W1[i]
    total = np.minimum(total, total + np.uint64(PRIME))
    return _rotated(total, np.uint64(PRIME_BITS) - np.uint64(shifts_W1[i]))


@njit(cache=True, nogil=True, inline="always")
def cut_key(at_W1, shifts_W1, sums_W1, i, n):
    """The same of n-grams that are equal only if they are cut alike."""
    key = ngram_key(shifts_W1, sums_W1, i, n)
    for w in range(i + 1, i + n):
        key = key * np.uint64(MULTIPLIER) + np.uint64(at_W1[w] - at_W1[i])
    return key


@njit(cache=True, nogil=True, inline="always")
def same_words(joined_J, at_W1, i, j, n):
    """True where the n words from word i are those from word j, each of them."""
    start, other = np.int64(at_W1[i]), np.int64(at_W1[j])
    k = 1
    while k <= n and at_W1[i + k] - start == at_W1[j + k] - other:
        k += 1
    return k > n and same_bytes(joined_J, start, other, np.int64(at_W1[i + n]) - start)


@njit(cache=True, nogil=True, inline="always")
def same_joined(joined_J, at_W1, i, j, n):
    """True where the n words from word i are the same text as those from word j, however cut."""
    start, other = np.int64(at_W1[i]), np.int64(at_W1[j])
    num_bytes = np.int64(at_W1[i + n]) - start
    return at_W1[j + n] - other == num_bytes and same_bytes(joined_J, start, other, num_bytes)
