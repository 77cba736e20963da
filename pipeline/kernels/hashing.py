"""64-bit hashes of bytes, for use inside other kernels.

Shapes: B = bytes of the buffer.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.kernels.chunks import load8, load_tail

SEED = 0x9E3779B97F4A7C15


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
