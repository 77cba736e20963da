"""Shingles: runs of neighbouring words, each as one 64-bit hash.

Shapes: D = documents in the batch, W = words and S = shingles of all documents.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# An odd number that is 3 modulo 8 (a multiplier of Wang Yi's wyhash): M - 1 and M + 1 are then divisible by no more
# than 2 and 4, so that words in another order keep 60 of the 64 bits apart.
M = 0xA0761D6478BD642F
MOVES = 8  # for each hash, when sorting them; even ones take less than one


@njit(cache=True, nogil=True)
def shingle_hashes(word_hash_W, word_offsets_D1, shingle_words):
    """Return (shingle_S, shingle_offsets_D1): uint64 hashes of each document's shingles in order, and int64 offsets.

    Words w[0] .. w[k-1] with hashes h make the shingle h[0] * M**(k-1) + ... + h[k-1] modulo 2**64, after Karp and
    Rabin 1987: one step per word, however long the shingle. A document of fewer words than `shingle_words` has one
    shingle of all its words; one without words has none. Repeated shingles are repeated.
    """
    num_docs = word_offsets_D1.size - 1
    shingle_offsets_D1 = np.zeros(num_docs + 1, np.int64)
    for d in range(num_docs):
        num_words = word_offsets_D1[d + 1] - word_offsets_D1[d]
        count = max(num_words - shingle_words + 1, min(num_words, 1))
        shingle_offsets_D1[d + 1] = shingle_offsets_D1[d] + count
    shingle_S = np.empty(shingle_offsets_D1[num_docs], np.uint64)
    leaving_factor = np.uint64(1)
    for _ in range(shingle_words):
        leaving_factor *= np.uint64(M)
    for d in range(num_docs):
        start, end = int(word_offsets_D1[d]), int(word_offsets_D1[d + 1])
        full = min(start + shingle_words, end)
        h = np.uint64(0)
        for w in range(start, full):
            h = h * np.uint64(M) + word_hash_W[w]
        s = shingle_offsets_D1[d]
        if end > start:
            shingle_S[s] = h
        for w in range(full, end):
            h = h * np.uint64(M) + (word_hash_W[w] - word_hash_W[w - shingle_words] * leaving_factor)
            s += 1
            shingle_S[s] = h
    return shingle_S, shingle_offsets_D1


@njit(cache=True, nogil=True)
def shingle_sets(shingle_S, shingle_offsets_D1):
    """Return (set_U, set_offsets_D1): each document's distinct shingle hashes in ascending order, and int64 offsets."""
    num_docs = shingle_offsets_D1.size - 1
    set_U = np.empty(shingle_S.size, np.uint64)
    set_offsets_D1 = np.zeros(num_docs + 1, np.int64)
    u = 0
    for d in range(num_docs):
        ordered = _sorted_hashes(shingle_S[shingle_offsets_D1[d] : shingle_offsets_D1[d + 1]])
        for i in range(ordered.size):
            if i == 0 or ordered[i] != ordered[i - 1]:
                set_U[u] = ordered[i]
                u += 1
        set_offsets_D1[d + 1] = u
    return set_U[:u].copy(), set_offsets_D1


@njit(cache=True, nogil=True)
def _sorted_hashes(hash_N):
    """In ascending order, for hashes whose upper bits are spread evenly: four times as fast as np.sort compiled here.

    They are dealt by their upper bits into at least as many places as there are hashes, then each moves past the few
    before it that are greater. Should that take too many moves, np.sort does it.
    """
    num = hash_N.size
    num_bits = 1
    while 1 << num_bits < num:
        num_bits += 1
    shift = np.uint64(64 - num_bits)
    next_P = np.zeros(1 << num_bits, np.int64)
    for h in hash_N:
        next_P[h >> shift] += 1
    at = 0
    for place in range(next_P.size):
        count = next_P[place]
        next_P[place] = at
        at += count
    sorted_N = np.empty(num, np.uint64)
    for h in hash_N:
        sorted_N[next_P[h >> shift]] = h
        next_P[h >> shift] += 1
    moves_left = MOVES * num
    for n in range(1, num):
        h, to = sorted_N[n], n
        while to > 0 and sorted_N[to - 1] > h and moves_left > 0:
            sorted_N[to] = sorted_N[to - 1]
            to -= 1
            moves_left -= 1
        sorted_N[to] = h
    return sorted_N if moves_left > 0 else np.sort(sorted_N)
