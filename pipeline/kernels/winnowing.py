"""Winnowing (Schleimer, Wilkerson and Aiken 2003): a few anchors that equal windows of words are sure to share.

A *window* is `window_words` words in a row, an *anchor* a run of half as many. Of the anchors inside a window the one
with the least hash is chosen, and equal windows choose equal ones. A *stretch* is the windows in a row for which one
place was chosen. Anchors of two windows on average: for random text a stretch is about a quarter of a window long.

    words      a b c d e f g ...     windows of 4 words, anchors of 2
    anchors    ab bc cd de ef fg     hashes 7 3 9 5 8 6
    windows    abcd: bc  bcde: bc  cdef: de  defg: de    ->  stretches (abcd, bcde) by bc, (cdef, defg) by de

Shapes: D = documents, W = words of all documents, S = stretches of all documents, N = windows of all stretches.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.exact_words import ExactWords
from pipeline.kernels.hashing import mix
from pipeline.kernels.shingles import M
from pipeline.kernels.words import UInt64

M2 = 0xE7037ED1A0B428DB  # another multiplier of wyhash, 3 modulo 8 as M


class Stretches(NamedTuple):
    """Stretches of documents in order; those of document d are offsets_D1[d] to offsets_D1[d + 1].

    anchor_S: hash of the anchor. first_S: the word, of all documents, that its first window begins with; num_S: how
    many windows. is_tied_S: the anchor stands at two places of one of its windows, so that windows of this one stretch
    may be equal; those of another are all different.
    """

    anchor_S: UInt64
    first_S: npt.NDArray[np.int64]
    num_S: npt.NDArray[np.int64]
    is_tied_S: npt.NDArray[np.bool_]
    offsets_D1: npt.NDArray[np.int64]


def stretches(words: ExactWords, window_words: int) -> Stretches:
    """The stretches of all windows. A document shorter than a window, which is 2 words or more, has none.

    An anchor stays chosen while no other in the window has a lesser hash; then the last of the least is chosen (the
    paper's robust winnowing: of a word repeated a million times few places are chosen, not all).
    """
    return Stretches(*_stretches(*words, window_words))


def window_hashes(
    words: ExactWords, first_S: npt.NDArray[np.int64], num_S: npt.NDArray[np.int64], window_words: int
) -> tuple[UInt64, UInt64]:
    """Two independent 64-bit hashes of every window of these stretches, in order: uint64, shape (N,).

    For words w with hashes h and gaps g in front: h[0] * M**(n-1) + (g[1] + h[1]) * M**(n-2) + ... modulo 2**64, with
    one multiplier and with another (Karp and Rabin 1987). Windows that differ in more than one place have both in
    common with probability 2**-128 a pair, those that differ in one word or gap of 8 bytes or more with 2**-64.
    """
    return _window_hashes(words.word_W, words.gap_W, first_S, num_S, window_words)


@njit(cache=True, nogil=True)
def _stretches(word_W, gap_W, word_offsets_D1, window_words):
    anchor_words = window_words // 2
    num_anchors = window_words - anchor_words + 1  # in a window
    most = max(word_W.size - window_words + 1, 0)
    anchor_S, is_tied_S = np.empty(most, np.uint64), np.zeros(most, np.bool_)
    first_S, num_S = np.empty(most, np.int64), np.zeros(most, np.int64)
    offsets_D1 = np.zeros(word_offsets_D1.size, np.int64)
    ring = 1
    while ring < num_anchors:
        ring *= 2
    mask, hash_R = ring - 1, np.empty(ring, np.uint64)  # of the latest anchors
    first_factor = _power(M, anchor_words - 1)
    leaving_factor = first_factor * np.uint64(M)
    s = 0
    for d in range(word_offsets_D1.size - 1):
        start, end = int(word_offsets_D1[d]), int(word_offsets_D1[d + 1])
        chosen, h, least = -1, np.uint64(0), np.uint64(0)
        for w in range(start, end if end - start >= window_words else start):
            h = h * np.uint64(M) + (word_W[w] + gap_W[w])
            place = w - anchor_words + 1
            if place < start:
                continue
            if place > start:
                h -= (word_W[place - 1] + gap_W[place - 1]) * leaving_factor
            anchor = mix(h - gap_W[place] * first_factor)
            hash_R[place & mask] = anchor
            window = place - num_anchors + 1
            if window < start:
                continue
            has_left = chosen < window
            if has_left or anchor < least:
                chosen, least = place, anchor
                for other in range(place - 1, window - 1 if has_left else place - 1, -1):
                    if hash_R[other & mask] < least:
                        chosen, least = other, hash_R[other & mask]
                anchor_S[s], first_S[s] = least, window
                s += 1
            elif anchor == least:
                is_tied_S[s - 1] = True
            num_S[s - 1] += 1
        offsets_D1[d + 1] = s
    return anchor_S[:s].copy(), first_S[:s].copy(), num_S[:s].copy(), is_tied_S[:s].copy(), offsets_D1


@njit(cache=True, nogil=True)
def _window_hashes(word_W, gap_W, first_S, num_S, window_words):
    total = 0
    for s in range(num_S.size):
        total += num_S[s]
    one_N, other_N = np.empty(total, np.uint64), np.empty(total, np.uint64)
    first_factor, other_first_factor = _power(M, window_words - 1), _power(M2, window_words - 1)
    n, w, one, other = 0, -1, np.uint64(0), np.uint64(0)
    for s in range(first_S.size):
        if first_S[s] + window_words - 1 != w:  # a stretch that follows the last one goes on with its hashes
            one = other = np.uint64(0)
            w = first_S[s]
            for _ in range(window_words - 1):
                item = word_W[w] + gap_W[w]
                one, other = one * np.uint64(M) + item, other * np.uint64(M2) + item
                w += 1
        for _ in range(num_S[s]):
            item, first = word_W[w] + gap_W[w], w - window_words + 1
            one, other = one * np.uint64(M) + item, other * np.uint64(M2) + item
            one_N[n] = mix(one - gap_W[first] * first_factor)
            other_N[n] = mix(other - gap_W[first] * other_first_factor)
            leaving = word_W[first] + gap_W[first]
            one, other = one - leaving * first_factor, other - leaving * other_first_factor
            n, w = n + 1, w + 1
    return one_N, other_N


@njit(cache=True, nogil=True)
def _power(base, exponent):
    power = np.uint64(1)
    for _ in range(exponent):
        power *= np.uint64(base)
    return power
