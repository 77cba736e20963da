"""Eight bytes at a time, for use inside other kernels.

A chunk is a little-endian uint64 of eight bytes. Shapes: B = bytes of the buffer.
"""

from __future__ import annotations

import numpy as np
from numba import njit

HIGH_BITS = 0x8080808080808080
LOW_BITS = 0x0101010101010101


@njit(cache=True, nogil=True, inline="always")
def load8(text_B, at):
    """The eight bytes from `at`. LLVM makes one load of it."""
    i = np.uint64(at)
    chunk = np.uint64(text_B[i])
    for k in range(1, 8):
        chunk |= np.uint64(text_B[i + np.uint64(k)]) << np.uint64(8 * k)
    return chunk


@njit(cache=True, nogil=True, inline="always")
def load_tail(text_B, at, end):
    """The 0 to 7 bytes from `at` to `end`, filled up with zeros."""
    if at + 8 <= text_B.size:
        return load8(text_B, at) & ((np.uint64(1) << np.uint64(8 * (end - at))) - np.uint64(1))
    chunk = np.uint64(0)
    for k in range(end - at):
        chunk |= np.uint64(text_B[at + k]) << np.uint64(8 * k)
    return chunk


@njit(cache=True, nogil=True, inline="always")
def store8(target_B, at, chunk):
    """Write the eight bytes of `chunk` from `at`. LLVM makes one store of it."""
    i = np.uint64(at)
    for k in range(8):
        target_B[i + np.uint64(k)] = np.uint8((chunk >> np.uint64(8 * k)) & np.uint64(0xFF))


@njit(cache=True, nogil=True, inline="always")
def same_bytes(text_B, a, b, num_bytes):
    """True where text_B[a:a + num_bytes] equals text_B[b:b + num_bytes]."""
    k = 0
    while num_bytes - k >= 8:
        if load8(text_B, a + k) != load8(text_B, b + k):
            return False
        k += 8
    return load_tail(text_B, a + k, a + num_bytes) == load_tail(text_B, b + k, b + num_bytes)


@njit(cache=True, nogil=True, inline="always")
def num_continuations(chunk):
    """How many of the eight bytes are UTF-8 continuation bytes, those that start no code point."""
    return np.int64(
        ((chunk & ~(chunk << np.uint64(1)) & np.uint64(HIGH_BITS)) >> np.uint64(7)) * np.uint64(LOW_BITS)
        >> np.uint64(56)
    )


@njit(cache=True, nogil=True, inline="always")
def num_chars(text_B, start, end):
    """Code points in the UTF-8 text text_B[start:end]."""
    num = end - start
    at = start
    while end - at >= 8:
        num -= num_continuations(load8(text_B, at))
        at += 8
    return num - num_continuations(load_tail(text_B, at, end))


@njit(cache=True, nogil=True, inline="always")
def is_ascii(text_B, start, end):
    """True where text_B[start:end] has no byte of 0x80 or more. LLVM looks at 64 bytes at once; it reads to the end."""
    found = False
    for b in range(np.uint64(start), np.uint64(end)):
        found |= text_B[b] >= np.uint8(0x80)
    return not found


@njit(cache=True, nogil=True, inline="always")
def has_byte(chunk, byte):
    """0x80 in the first of the eight bytes that is `byte`, and perhaps in later ones; else 0 (Mycroft's zero test)."""
    odd = chunk ^ (np.uint64(byte) * np.uint64(LOW_BITS))
    return (odd - np.uint64(LOW_BITS)) & ~odd & np.uint64(HIGH_BITS)


@njit(cache=True, nogil=True, inline="always")
def has_below(chunk, byte):
    """0x80 in the first of the eight bytes below `byte`, which is at most 128, and perhaps in later ones; else 0."""
    return (chunk - np.uint64(byte) * np.uint64(LOW_BITS)) & ~chunk & np.uint64(HIGH_BITS)


@njit(cache=True, nogil=True, inline="always")
def first_marked(marks):
    """Index of the first byte with 0x80 in `marks`, which is not 0 and has no other bits."""
    below = ((marks & (~marks + np.uint64(1))) >> np.uint64(7)) - np.uint64(1)
    return np.int64((below & np.uint64(LOW_BITS)) * np.uint64(LOW_BITS) >> np.uint64(56))


@njit(cache=True, nogil=True, inline="always")
def find_byte(text_B, at, end, byte):
    """Index of the first `byte` in text_B[at:end], or `end`."""
    while end - at >= 8:
        marks = has_byte(load8(text_B, at), byte)
        if marks:
            return at + first_marked(marks)
        at += 8
    while at < end and text_B[at] != byte:
        at += 1
    return at
