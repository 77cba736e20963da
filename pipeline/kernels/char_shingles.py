"""Shingles of characters: runs of neighbouring code points, each as one 64-bit hash.

Shapes: D = documents in the batch, B = UTF-8 bytes of all documents end to end, S = shingles of all documents.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.kernels.hashing import mix
from pipeline.kernels.shingles import M
from pipeline.kernels.utf8 import decode


@njit(cache=True, nogil=True)
def char_shingle_hashes(text_B, offsets_D1, shingle_chars):
    """Return (shingle_S, shingle_offsets_D1): uint64 hashes of each document's shingles in order, and int64 offsets.

    As `shingles.shingle_hashes`, with mix(code point + 1) in the place of a word's hash: a document of fewer characters
    than `shingle_chars` has one shingle of them all, an empty one has none.
    """
    num_docs = offsets_D1.size - 1
    shingle_S = np.empty(max(0, int(offsets_D1[num_docs]) - int(offsets_D1[0])), np.uint64)
    shingle_offsets_D1 = np.zeros(num_docs + 1, np.int64)
    leaving_factor = np.uint64(1)
    for _ in range(shingle_chars):
        leaving_factor *= np.uint64(M)
    char_R = np.empty(shingle_chars, np.uint64)  # a ring of the last hashes
    s = 0
    for d in range(num_docs):
        at, end = int(offsets_D1[d]), int(offsets_D1[d + 1])
        h, num_chars, place = np.uint64(0), 0, 0
        while at < end:
            code, at = decode(text_B, at, end)
            char = mix(np.uint64(code + 1))
            h = h * np.uint64(M) + char
            if num_chars >= shingle_chars:
                h -= char_R[place] * leaving_factor
            char_R[place] = char
            place = place + 1 if place + 1 < shingle_chars else 0
            num_chars += 1
            if num_chars >= shingle_chars:
                shingle_S[s] = h
                s += 1
        if 0 < num_chars < shingle_chars:
            shingle_S[s] = h
            s += 1
        shingle_offsets_D1[d + 1] = s
    return shingle_S[:s].copy(), shingle_offsets_D1
