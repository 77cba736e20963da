"""Words met before, each with what a fastText model adds up for it.

A word's sum is the same whenever it is computed, so nothing depends on which are known. A word's key says in which of
many sets it may be known; a set has two words. One that is met again moves to the front, and a new one takes the place
behind. None goes that a token of the block in hand stands for: a new word that finds no other place is not known the
next time, nor is one of more than MAX_KEPT_BYTES.

Shapes: S = sets, V = 2 * S known words, and Q new ones behind them, N = numbers per row, C = eights of bytes,
W = tokens, E = edges of tokens.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.chunks import load8, load_tail
from pipeline.kernels.fasttext_rows import InputRows, slot_of_key
from pipeline.kernels.fasttext_tokens import NO_TEXT_KEY, token_key
from pipeline.kernels.fasttext_vectors import aligned, copy_row, prefetch
from pipeline.kernels.hashing import table_bits
from pipeline.kernels.leaf import leaf

MAX_WORDS = 1 << 17
MAX_SUM_BYTES = 32 * 2**20  # rows of up to 64 numbers have room for all
MAX_NEW_WORDS = 1 << 12  # of a block
MAX_KEPT_BYTES = 48
OWN, REST, PLACE, BLOCK = range(4)


class KnownWords(NamedTuple):
    """The words, and behind them those of the block in hand that were not known.

    known_S24: of each word its `token_key`, its place among the V, and the block that it was met in last.
    text_VC: eights of bytes of those whose keys are not their text. sum_VN: sums. rows_V: of how many rows they are, or
    of other tokens than words the negative kind, see `fasttext_rows`. hash_V: fastText's hash, empty for a model that
    has no runs of words. num_blocks_1: blocks so far.
    """

    known_S24: npt.NDArray[np.uint64]
    text_VC: npt.NDArray[np.uint64]
    sum_VN: npt.NDArray[np.float32]
    rows_V: npt.NDArray[np.int32]
    hash_V: npt.NDArray[np.uint32]
    num_blocks_1: npt.NDArray[np.uint64]


class Room(NamedTuple):
    """Of the tokens in hand.

    own_W, rest_W: keys; set_W: the set of each; other_W: which were not found there at once. token_W: of which word of
    V each is. Of the new words: starts_Q, ends_Q; key_Q2; place_Q: where they are kept, -1 where nowhere; kind_Q.
    """

    own_W: npt.NDArray[np.uint64]
    rest_W: npt.NDArray[np.uint64]
    set_W: npt.NDArray[np.uint32]
    other_W: npt.NDArray[np.int32]
    token_W: npt.NDArray[np.int32]
    starts_Q: npt.NDArray[np.int32]
    ends_Q: npt.NDArray[np.int32]
    key_Q2: npt.NDArray[np.uint64]
    place_Q: npt.NDArray[np.int32]
    kind_Q: npt.NDArray[np.uint8]


@njit(cache=True, nogil=True)
def token_room(num_tokens, num_new):
    """Room for so many tokens, so many of them new words."""
    return Room(
        *(np.empty(num_tokens, np.uint64), np.empty(num_tokens, np.uint64), np.empty(num_tokens, np.uint32)),
        *(np.empty(num_tokens + 1, np.int32), np.empty(num_tokens, np.int32)),
        *(np.empty(num_new, np.int32), np.empty(num_new, np.int32), np.empty((num_new, 2), np.uint64)),
        *(np.empty(num_new, np.int32), np.empty(num_new, np.uint8)),
    )


def no_words(model: InputRows, most: int = MAX_WORDS, most_new: int = MAX_NEW_WORDS) -> KnownWords:
    """Room for `most` words of a model, or fewer where rows are long. Memory that no word needs is not touched."""
    dim = model.rows_RN.shape[1]
    most = max(min(most, MAX_SUM_BYTES // (4 * dim)), 4)
    num, num_new = 1 << (most.bit_length() - 1), min(most, most_new)
    num_sets = num // 2
    known_S24 = aligned((num_sets, 2, 4), np.uint64)
    known_S24[:, :, REST], known_S24[:, :, BLOCK] = NO_TEXT_KEY, 0
    known_S24[:, :, PLACE] = np.arange(num).reshape(num_sets, 2)
    return KnownWords(
        known_S24,
        np.empty((num, MAX_KEPT_BYTES // 8), np.uint64),
        aligned((num + num_new, dim), np.float32),
        np.empty(num + num_new, np.int32),
        np.empty(num + num_new if model.word_ngrams > 1 else 0, np.uint32),
        np.zeros(1, np.uint64),
    )


@njit(cache=True, nogil=True)
def number_tokens(text_B, edges_E, e, words, room):
    """Write to token_W of which word each token from edge `e` on is: (edge, tokens, new words) where it stops.

    That is at the end, or where there is no room. Of the new words, which stand behind the others, nothing is written
    but where they are.
    """
    num = min(edges_E.size - e >> 1, room.token_W.size)
    edges_E, known_S24 = edges_E[e : e + 2 * num], words.known_S24
    words.num_blocks_1[0] += np.uint64(1)
    block = words.num_blocks_1[0]
    _write_keys(text_B, edges_E, known_S24, room.own_W, room.rest_W, room.set_W)
    num_others = _number_known(num, known_S24, block, room.own_W, room.rest_W, room.set_W, room.token_W, room.other_W)
    num, num_new = _number_others(
        *(text_B, edges_E, num_others, known_S24, words.text_VC, words.sum_VN, block),
        *(room.own_W, room.rest_W, room.set_W, room.token_W, room.other_W),
        *(room.starts_Q, room.ends_Q, room.key_Q2, room.place_Q),
    )
    return e + 2 * num, num, num_new


@leaf
def _write_keys(text_B, edges_E, known_S24, own_W, rest_W, set_W):
    bits = table_bits(known_S24.shape[0]) - 1  # log2 of the sets
    for w in range(edges_E.size >> 1):
        own, rest = token_key(text_B, np.int64(edges_E[2 * w]), np.int64(edges_E[2 * w + 1]))
        s = slot_of_key(own, rest, bits)
        own_W[w], rest_W[w], set_W[w] = own, rest, s
        prefetch(known_S24, s)


@leaf
def _number_known(num, known_S24, block, own_W, rest_W, set_W, token_W, other_W):
    """Number the tokens whose keys are known; write the others to other_W, and return how many.

    This loop does not wait for memory, as it does not guess which tokens are known.
    """
    others = 0
    for w in range(num):
        s, own, rest = np.uint64(set_W[w]), own_W[w], rest_W[w]
        if (known_S24[s, 1, OWN] == own) & (known_S24[s, 1, REST] == rest):
            _swap(known_S24, s)
        is_known = (known_S24[s, 0, OWN] == own) & (known_S24[s, 0, REST] == rest)
        known_S24[s, 0, BLOCK] = block if is_known else known_S24[s, 0, BLOCK]
        token_W[w], other_W[others] = known_S24[s, 0, PLACE], w
        others += (not is_known) | (rest >= np.uint64(NO_TEXT_KEY))
    return others


@njit(cache=True, nogil=True, inline="always")
def _swap(known_S24, s):
    for k in range(4):
        known_S24[s, 0, k], known_S24[s, 1, k] = known_S24[s, 1, k], known_S24[s, 0, k]


@leaf
def _number_others(
    text_B,
    edges_E,
    num_others,
    known_S24,
    text_VC,
    sum_VN,
    block,
    own_W,
    rest_W,
    set_W,
    token_W,
    other_W,
    starts_Q,
    ends_Q,
    key_Q2,
    place_Q,
):
    """Number the other tokens: (of how many tokens the numbers are known now, new words)."""
    num_new, num_known = 0, text_VC.shape[0]
    for i in range(num_others):
        w = np.int64(other_W[i])
        start, end = np.int64(edges_E[2 * w]), np.int64(edges_E[2 * w + 1])
        s, own, rest = np.int64(set_W[w]), own_W[w], rest_W[w]
        if _is_word(known_S24, s, 1, own, rest, text_VC, text_B, start, end):
            _swap(known_S24, s)
        if _is_word(known_S24, s, 0, own, rest, text_VC, text_B, start, end):
            token_W[w], known_S24[s, 0, BLOCK] = known_S24[s, 0, PLACE], block
            continue
        if num_new == starts_Q.size:
            return w, num_new
        place = np.int64(-1)
        if known_S24[s, 1, BLOCK] != block and end - start <= MAX_KEPT_BYTES:
            place = np.int64(known_S24[s, 1, PLACE])
            known_S24[s, 1, OWN], known_S24[s, 1, REST], known_S24[s, 1, BLOCK] = own, rest, block
            prefetch(sum_VN, place)
            if rest >= np.uint64(NO_TEXT_KEY):
                _copy(text_B, start, end, text_VC, place)
        starts_Q[num_new], ends_Q[num_new], place_Q[num_new] = start, end, place
        key_Q2[num_new, 0], key_Q2[num_new, 1] = own, rest
        token_W[w] = num_known + num_new
        num_new += 1
    return edges_E.size >> 1, num_new


@njit(cache=True, nogil=True, inline="always")
def _is_word(known_S24, s, k, own, rest, text_VC, text_B, start, end):
    """True where word k of a set is text_B[start:end]."""
    if known_S24[s, k, OWN] != own or known_S24[s, k, REST] != rest:
        return False
    return rest < np.uint64(NO_TEXT_KEY) or _same(text_VC, np.int64(known_S24[s, k, PLACE]), text_B, start, end)


@njit(cache=True, nogil=True, inline="always")
def _same(text_VC, v, text_B, start, end):
    """True where the words are equal, whose lengths are."""
    c = 0
    while end - start >= 8:
        if text_VC[v, c] != load8(text_B, start):
            return False
        c, start = c + 1, start + 8
    return end == start or text_VC[v, c] == load_tail(text_B, start, end)


@njit(cache=True, nogil=True, inline="always")
def _copy(text_B, start, end, text_VC, v):
    c = 0
    while end - start >= 8:
        text_VC[v, c] = load8(text_B, start)
        c, start = c + 1, start + 8
    if end > start:
        text_VC[v, c] = load_tail(text_B, start, end)


@leaf
def keep(words, place_Q, num_new):
    """Copy what was written for new words to their places."""
    num_known, sum_VN, rows_V, hash_V = words.text_VC.shape[0], words.sum_VN, words.rows_V, words.hash_V
    for q in range(num_new):
        place, new = np.int64(place_Q[q]), num_known + q
        if place >= 0:
            rows_V[place] = rows_V[new]
            copy_row(sum_VN, place, sum_VN, new)
            if hash_V.size:
                hash_V[place] = hash_V[new]
