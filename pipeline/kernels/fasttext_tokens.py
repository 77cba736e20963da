"""Tokens as fastText reads them, for use inside other kernels.

A token is a run of bytes other than space, tab, line feed, vertical tab, form feed, carriage return and NUL
(dictionary.cc, readWord). Shapes: D = documents, B = UTF-8 bytes of all documents end to end, E = edges.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.kernels.byte_masks import PAD_BYTES, WIDTH, byte_masks, padded
from pipeline.kernels.chunks import load8, load_tail
from pipeline.kernels.hashing import quick_key
from pipeline.kernels.leaf import leaf
from pipeline.kernels.word_masks import AT_ONCE, first_bits, write_bits

EOS = b"</s>"
LABEL_PREFIX = b"__label__"
FNV_START, FNV_PRIME = 2166136261, 16777619
EDGES_AT_ONCE = WIDTH + AT_ONCE + 2  # the most that one step of `read_edges` writes
NO_TEXT_KEY = 1 << 63  # from here on the second half of a key is no text
_LABEL8 = int.from_bytes(LABEL_PREFIX[:8], "little")
_TEXT_KEY_BYTES = 15
# Of a token of n bytes: which bits of its first eight bytes are its own, which of the next eight, and its length.
_OWN_16 = np.array([2 ** (8 * min(n, 8)) - 1 for n in range(16)], np.uint64)
_NEXT_16 = np.array([2 ** (8 * max(n - 8, 0)) - 1 for n in range(16)], np.uint64)

_space_masks = byte_masks(((0, 0), (ord("\t"), ord("\r")), (ord(" "), ord(" "))))


@njit(cache=True, nogil=True)
def read_edges(text_B, offsets_D1, d, at, edges_E, num):
    """Append where tokens begin and end, in turn, from byte `at` of document d on: (document, byte, edges).

    A document ends with a token of no bytes. Stops where there might be no room; an odd number of edges says that the
    last token goes on.
    """
    return _read_edges(text_B, offsets_D1, d, at, edges_E, num, np.empty(PAD_BYTES, np.uint8))


@leaf
def _read_edges(text_B, offsets_D1, d, at, edges_E, num, pad_B):
    while d < offsets_D1.size - 1:
        end = np.int64(offsets_D1[d + 1])
        while at < end and num + EDGES_AT_ONCE <= edges_E.size:
            stop = min(end, at + WIDTH)
            is_token = _token_bits(text_B, at, stop, pad_B)
            changes = is_token ^ (is_token << np.uint64(1) | np.uint64(num & 1))
            num = write_bits(changes, at, edges_E, num)
            at = stop
        if at < end or num + EDGES_AT_ONCE > edges_E.size:
            break
        edges_E[num : num + 3] = end
        num += 2 + (num & 1)
        d += 1
    return d, at, num


@njit(cache=True, nogil=True, inline="always")
def _token_bits(text_B, at, end, pad_B):
    """A bit for each of text_B[at:end], at most 64 bytes: whether it is of a token."""
    if at + WIDTH <= text_B.size:
        (spaces,) = _space_masks(text_B, at)
    else:
        padded(text_B, at, end, pad_B)
        (spaces,) = _space_masks(pad_B, 0)
    return ~spaces & first_bits(end - at)


@njit(cache=True, nogil=True, inline="always")
def is_space(byte):
    """True for a byte between tokens."""
    return (byte == 32) | (byte == 0) | ((byte >= 9) & (byte <= 13))  # without branches, so that LLVM can widen it


@njit(cache=True, nogil=True, inline="always")
def token_key(text_B, start, end):
    """Two uint64 of text_B[start:end]; up to 15 bytes they are the text, and no other text has them.

    Longer texts have at least NO_TEXT_KEY in the second: compare bytes where the keys are equal.
    """
    num = end - start
    if num <= _TEXT_KEY_BYTES:
        length = np.uint64(num) << np.uint64(56)
        if start + 16 <= text_B.size:
            return load8(text_B, start) & _OWN_16[num], load8(text_B, start + 8) & _NEXT_16[num] | length
        if num < 8:
            return load_tail(text_B, start, end), length
        return load8(text_B, start), load_tail(text_B, start + 8, end) | length
    return quick_key(text_B, start, end), np.uint64(NO_TEXT_KEY) | np.uint64(num)


@njit(cache=True, nogil=True, inline="always")
def fnv_step(h, byte):
    """FNV-1a as fastText computes it: bytes are signed, so those from 0x80 on flip the upper 24 bits too."""
    return np.uint32((h ^ np.uint32(np.int8(byte))) * np.uint32(FNV_PRIME))


@njit(cache=True, nogil=True)
def token_hash(text_B, start, end):
    """fastText's 32-bit hash of text_B[start:end]."""
    h = np.uint32(FNV_START)
    for b in range(start, end):
        h = fnv_step(h, text_B[b])
    return h


@njit(cache=True, nogil=True)
def is_label(text_B, start, end):
    """True where a token that the dictionary does not have begins like a label."""
    return end - start > 8 and load8(text_B, start) == np.uint64(_LABEL8) and text_B[start + 8] == ord("_")
