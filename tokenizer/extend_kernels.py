# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False
"""Words as another tokenizer cuts them, laid out for `bpe_train_kernels`, and the pairs that they begin with.

Shapes: T = tokens of all words end to end, W = words, V = ids, I = bytes and walls, A = positions and their numbers.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tokenizer.bpe_train_kernels import INSIDE, WALL, merge_pairs
from tokenizer.bpe_train_tables import add_pair, new_pairs, push


@njit(cache=True, nogil=True)
def further_merges(ids_T, bounds_W1, counts_W, length_V, first_id, num_merges, min_count, max_token_bytes):
    """merges_M2, int32: at most `num_merges` on top of the words' tokens; the new ids begin at `first_id`.

    Word w has the tokens ids_T[bounds_W1[w]:bounds_W1[w + 1]]; length_V: bytes of each id. min_count is 1 or more.
    """
    ids_I, word_I = _walled(ids_T, bounds_W1, length_V)
    length_T = np.ones(first_id + num_merges, np.int32)
    length_T[: length_V.size] = length_V
    pairs = _first_pairs(ids_I, word_I, counts_W, length_T, max_token_bytes)
    return merge_pairs(ids_I, word_I, counts_W, pairs, length_T, first_id, num_merges, min_count, max_token_bytes)


@njit(cache=True, nogil=True)
def _walled(ids_T, bounds_W1, length_V):
    """(ids_I, word_I): each token's id at its first and last byte, with a wall before, between and behind the words."""
    num_words = bounds_W1.size - 1
    size = np.int64(num_words + 1)
    for t in range(bounds_W1[0], bounds_W1[num_words]):
        size += length_V[ids_T[t]]
    ids_I, word_I = np.full(size, INSIDE, np.int32), np.empty(size, np.int32)
    ids_I[0], word_I[0] = WALL, 0
    i = 1
    for w in range(num_words):
        start = i
        for t in range(bounds_W1[w], bounds_W1[w + 1]):
            token = ids_T[t]
            ids_I[i] = ids_I[i + length_V[token] - 1] = token
            i += length_V[token]
        ids_I[i] = WALL
        word_I[start : i + 1] = w
        i += 1
    return ids_I, word_I


@njit(cache=True, nogil=True)
def _first_pairs(ids_I, word_I, counts_W, length_T, max_token_bytes):
    """Table, heap and lists of positions of the pairs that are no longer than `max_token_bytes`."""
    keys_A, at_A = np.empty(ids_I.size, np.int64), np.empty(ids_I.size, np.int32)
    num, i = 0, 1
    while i < ids_I.size - 1:
        if ids_I[i] == WALL:
            i += 1
            continue
        behind = i + length_T[ids_I[i]]
        if ids_I[behind] >= 0 and length_T[ids_I[i]] + length_T[ids_I[behind]] <= max_token_bytes:
            keys_A[num], at_A[num] = np.int64(ids_I[i]) << 32 | np.int64(ids_I[behind]), i
            num += 1
        i = behind
    order_A = np.argsort(keys_A[:num], kind="mergesort")  # equal keys keep their order: lists go from left to right
    pairs_S2, num_pairs = new_pairs(12), 0
    heap_H3, num_heap, end = np.empty((1 << 12, 3), np.int64), 0, 0
    lists_A = np.empty(2 * num + 1, np.int32)
    a = 0
    while a < num:
        key, count, first = keys_A[order_A[a]], np.int64(0), end
        while a < num and keys_A[order_A[a]] == key:
            end += 1
            lists_A[end] = at_A[order_A[a]]
            count += counts_W[word_I[at_A[order_A[a]]]]
            a += 1
        lists_A[first] = end - first
        end += 1
        pairs_S2, num_pairs = add_pair(pairs_S2, num_pairs, key, count)
        heap_H3 = push(heap_H3, num_heap, count, key, first)
        num_heap += 1
    return pairs_S2, num_pairs, heap_H3, num_heap, lists_A, end
