"""64-bit hashes of bytes, for use inside other kernels.

Shapes: B = bytes of the buffer.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.kernels.chunks import load8, load_tail

SEED = 0x9E3779B97F4A7C15
MULTIPLIER = 0xD1342543DE82EF95  # odd, bits well mixed


@njit(cache=True, nogil=True, inline="always")
def mix(h):
    """The finaliser of splitmix64 (Steele et al. 2014, Stafford's variant 13), a bijection of uint64."""
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return h ^ (h >> np.uint64(31))


@njit(cache=True, nogil=True, inline="always")
def bytes_hash(text_B, start, end):
    """Hash of text_B[start:end].

    The bytes are cut into little-endian 64-bit chunks, the last of 0 to 7 bytes with the number of bytes modulo 256
    in its top byte; h = mix(h ^ chunk) for each, from SEED. Texts of up to 7 bytes never collide, others do with
    probability 2**-64 a pair.
    """
    h = np.uint64(SEED)
    at = start
    while end - at >= 8:
        h = mix(h ^ load8(text_B, at))
        at += 8
    return mix(h ^ load_tail(text_B, at, end) ^ (np.uint64(end - start) << np.uint64(56)))


@njit(cache=True, nogil=True, inline="always")
def quick_key(text_B, start, end):
    """A key of text_B[start:end] for a hash table; below 8 bytes it is the text, and no other text has it.

    Longer texts have the top bit set and a folded polynomial over their chunks below it: two share a key with
    probability 2**-63 unless they were made to, so compare bytes where that matters. Spread keys with `slot_of`.
    """
    if end - start < 8:
        return load_tail(text_B, start, end) | np.uint64(end - start) << np.uint64(56)
    key, power = np.uint64(end - start), np.uint64(MULTIPLIER)
    at = start
    while end - at >= 8:
        key += load8(text_B, at) * power
        power *= np.uint64(MULTIPLIER)
        at += 8
    key += load_tail(text_B, at, end) * power
    return key ^ (key >> np.uint64(29)) | np.uint64(1 << 63)  # the last byte of a chunk reaches high bits alone


@njit(cache=True, nogil=True, inline="always")
def slot_of(key, bits):
    """A slot below 2**bits for a key whose bits are not mixed (Fibonacci hashing, Knuth 6.4); bits is 1 to 63."""
    return np.int64((np.uint64(key) * np.uint64(SEED)) >> np.uint64(64 - bits))


@njit(cache=True, nogil=True)
def table_bits(num_items):
    """log2 of the slots of a hash table that stays at most half full."""
    bits = 1
    while (1 << bits) < 2 * num_items:
        bits += 1
    return bits
