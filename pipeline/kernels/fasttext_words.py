"""Words met before, each with what a fastText model adds up for it.

A word's sum is the same whenever it is computed, so nothing depends on which are known. When there is no more room,
those that were met once are forgotten; words of more than MAX_KEPT_BYTES are not known the next time.

Shapes: V = room for words, N = numbers per row, A = bytes of words, T = slots, E = edges of tokens, W = tokens,
M = words that were not known.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.chunks import load8, load_tail, store8
from pipeline.kernels.fasttext_rows import InputRows, slot_of_key
from pipeline.kernels.fasttext_tokens import NO_TEXT_KEY, token_key
from pipeline.kernels.hashing import table_bits

MAX_WORDS = 1 << 16  # more miss the nearer memory more often than they save work
MAX_SUM_BYTES = 32 * 2**20  # rows of up to 64 numbers have room for all
MAX_KEPT_BYTES = 256
_ARENA_BYTES = 2**20  # words of 16 bytes and more, of which there are few
_SPARE = 8  # bytes are copied by eights

NUM_WORDS, NUM_BYTES = range(2)


class KnownWords(NamedTuple):
    """The words, by number.

    key_V2: `token_key`. slot_T: number, 0 where free, as the first of V is of no word. arena_A, starts_V: bytes of
    words that are not in their keys. is_met_V: met again since there was room last. sum_VN: sums; rows_V: of how many
    rows; kind_V: see `fasttext_rows`; hash_V: fastText's hash, empty for a model that has no runs of words. num_2:
    words, and bytes in the arena.
    """

    key_V2: npt.NDArray[np.uint64]
    slot_T: npt.NDArray[np.int32]
    arena_A: npt.NDArray[np.uint8]
    starts_V: npt.NDArray[np.int32]
    is_met_V: npt.NDArray[np.bool_]
    sum_VN: npt.NDArray[np.float32]
    rows_V: npt.NDArray[np.int32]
    kind_V: npt.NDArray[np.uint8]
    hash_V: npt.NDArray[np.uint32]
    num_2: npt.NDArray[np.int64]


class Room(NamedTuple):
    """Of the tokens in hand: their keys and first slots, and which were not found there."""

    own_W: npt.NDArray[np.uint64]
    rest_W: npt.NDArray[np.uint64]
    slot_W: npt.NDArray[np.uint32]
    other_W: npt.NDArray[np.int32]


@njit(cache=True, nogil=True)
def token_room(num):
    """Room for so many tokens."""
    return Room(
        np.empty(num, np.uint64), np.empty(num, np.uint64), np.empty(num, np.uint32), np.empty(num + 1, np.int32)
    )


def no_words(model: InputRows, most: int = MAX_WORDS, arena_bytes: int = _ARENA_BYTES) -> KnownWords:
    """Room for `most` words of a model, or fewer where rows are long. Memory that no word needs is not touched."""
    dim = model.rows_RN.shape[1]
    num = max(min(most, MAX_SUM_BYTES // (4 * dim)), 2)
    return KnownWords(
        np.full((num, 2), NO_TEXT_KEY, np.uint64),
        np.zeros(1 << table_bits(num), np.int32),
        np.empty(max(arena_bytes, MAX_KEPT_BYTES) + _SPARE, np.uint8),
        np.empty(num, np.int32),
        np.zeros(num, np.bool_),
        np.empty((num, dim), np.float32),
        np.empty(num, np.int32),
        np.empty(num, np.uint8),
        np.empty(num if model.word_ngrams > 1 else 0, np.uint32),
        np.array([1, 0]),
    )


@njit(cache=True, nogil=True)
def forget(words):
    """Make room: what was not met again since there was room last goes, and of the rest what came after half of it."""
    num, used = 1, 0
    words.slot_T[:] = 0
    for v in range(1, words.num_2[NUM_WORDS]):
        has_room = num < words.starts_V.size // 2 and used <= words.arena_A.size // 2 - MAX_KEPT_BYTES
        if not (words.is_met_V[v] and has_room):
            continue
        start, words.starts_V[num] = np.int64(words.starts_V[v]), used
        own, rest = words.key_V2[v, 0], words.key_V2[v, 1]
        if rest >= np.uint64(NO_TEXT_KEY):
            used = _copy(words.arena_A, start, start + np.int64(rest - np.uint64(NO_TEXT_KEY)), words.arena_A, used)
        words.slot_T[_free_slot(own, rest, words.slot_T)] = num
        words.key_V2[num, 0], words.key_V2[num, 1] = own, rest
        words.rows_V[num], words.kind_V[num], words.is_met_V[num] = words.rows_V[v], words.kind_V[v], False
        if words.hash_V.size:
            words.hash_V[num] = words.hash_V[v]
        for n in range(words.sum_VN.shape[1]):
            words.sum_VN[num, n] = words.sum_VN[v, n]
        num += 1
    words.num_2[NUM_WORDS], words.num_2[NUM_BYTES] = num, used


@njit(cache=True, nogil=True)
def _free_slot(own, rest, slot_T):
    mask = slot_T.size - 1
    slot = slot_of_key(own, rest, table_bits(slot_T.size >> 1))
    while slot_T[slot]:
        slot = (slot + 1) & mask
    return slot


@njit(cache=True, nogil=True)
def number_tokens(text_B, edges_E, e, words, room, token_W, starts_M, ends_M):
    """Write the numbers of the tokens from edge `e` on to token_W: (edge, tokens) when done or without room.

    New words get the next numbers, and their spans are written to starts_M and ends_M.
    """
    num = min(edges_E.size - e >> 1, token_W.size)
    num_others = _number_known(
        text_B,
        edges_E[e : e + 2 * num],
        words.key_V2,
        words.slot_T,
        words.is_met_V,
        room.own_W,
        room.rest_W,
        room.slot_W,
        token_W,
        room.other_W,
    )
    w = _number_others(text_B, edges_E[e : e + 2 * num], words, room, num_others, token_W, starts_M, ends_M)
    return e + 2 * w, w


@njit(cache=True, nogil=True)
def _number_known(text_B, edges_E, key_V2, slot_T, is_met_V, own_W, rest_W, slot_W, token_W, other_W):
    """Number the tokens whose keys are in their first slots; write the others to other_W, and return how many.

    One loop does not wait for the other's memory, and neither guesses which tokens are known.
    """
    num, bits = edges_E.size >> 1, table_bits(slot_T.size >> 1)
    for w in range(num):
        own, rest = token_key(text_B, np.int64(edges_E[2 * w]), np.int64(edges_E[2 * w + 1]))
        own_W[w], rest_W[w], slot_W[w] = own, rest, slot_of_key(own, rest, bits)
    others = 0
    for w in range(num):
        v = slot_T[np.uint64(slot_W[w])]
        token_W[w], is_met_V[v] = v, True
        other_W[others] = w
        others += (key_V2[v, 0] != own_W[w]) | (key_V2[v, 1] != rest_W[w]) | (rest_W[w] >= np.uint64(NO_TEXT_KEY))
    return others


@njit(cache=True, nogil=True)
def _number_others(text_B, edges_E, words, room, num_others, token_W, starts_M, ends_M):
    """Number the other tokens, new words among them, and return of how many tokens the numbers are known now."""
    key_V2, slot_T, arena_A = words.key_V2, words.slot_T, words.arena_A
    starts_V, is_met_V, mask = words.starts_V, words.is_met_V, slot_T.size - 1
    num, used = words.num_2[NUM_WORDS], words.num_2[NUM_BYTES]
    known, done = num, edges_E.size >> 1
    for i in range(num_others):
        w = np.int64(room.other_W[i])
        start, end = np.int64(edges_E[2 * w]), np.int64(edges_E[2 * w + 1])
        own, rest, slot = room.own_W[w], room.rest_W[w], np.int64(room.slot_W[w])
        v = np.int64(slot_T[slot])
        while v and not (
            key_V2[v, 0] == own
            and key_V2[v, 1] == rest
            and (rest < np.uint64(NO_TEXT_KEY) or _same(arena_A, np.int64(starts_V[v]), text_B, start, end))
        ):
            slot = (slot + 1) & mask
            v = np.int64(slot_T[slot])
        is_met_V[v] = v > 0
        if v == 0:
            v = num
            if v == starts_V.size or used + MAX_KEPT_BYTES + _SPARE > arena_A.size:
                done = w
                break
            is_met_V[v] = False
            key_V2[v, 0], key_V2[v, 1], starts_V[v] = own, rest, used
            if end - start <= MAX_KEPT_BYTES:
                slot_T[slot] = v
                if rest >= np.uint64(NO_TEXT_KEY):
                    used = _copy(text_B, start, end, arena_A, used)
            starts_M[v - known], ends_M[v - known] = start, end
            num += 1
        token_W[w] = v
    words.num_2[NUM_WORDS], words.num_2[NUM_BYTES] = num, used
    return done


@njit(cache=True, nogil=True, inline="always")
def _same(arena_A, at, text_B, start, end):
    """True where arena_A from `at` on begins with text_B[start:end]."""
    while end - start >= 8:
        if load8(arena_A, at) != load8(text_B, start):
            return False
        at, start = at + 8, start + 8
    return load_tail(arena_A, at, at + end - start) == load_tail(text_B, start, end)


@njit(cache=True, nogil=True, inline="always")
def _copy(text_B, start, end, arena_A, to):
    """Copy text_B[start:end] to arena_A from `to` on, and return the index behind it."""
    behind = to + end - start
    while end - start >= 8:
        store8(arena_A, to, load8(text_B, start))
        start, to = start + 8, to + 8
    store8(arena_A, to, load_tail(text_B, start, end))
    return behind
