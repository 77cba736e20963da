# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False
"""Merges of byte-level BPE from distinct words and their counts.

The words lie end to end with a wall before, between and behind. A token's id stands at its first and its last byte, and
-1 between, so that neighbours are a step away without links:

    words "abab", "b"; a = 0, b = 1     | 0 1 0 1 | 1 |      after ab = 2:     | 2 2 2 2 | 1 |

An entry of the heap is a pair, its count when it came about, and the list of positions where it did: all in the merge
that made the newer of its tokens, and none later. One whose count has changed goes back with the present count;
positions that have gone stale are passed over. Two merges never give the same bytes: what lies between two borders that
no token crosses is merged as it would be alone, so a token comes about in one way.

Memory: 8 bytes for each byte of words and wall, 4 for each position where a pair came about (at most three times the
bytes), 24 for each pair that came about and 16 for each slot of the pairs' table, which is at most half full.

Shapes: B = bytes of the words, W = words, I = B + W + 1 bytes and walls, T = tokens, N = neighbours of the pair that is
being merged, E = pairs that came about in one merge, A = positions of all lists, P = positions of one, M = merges.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tokenizer.bpe_train_tables import NO_PAIR, add_pair, find, new_pairs, pop, push

NUM_BYTES = 256
WALL = -2
INSIDE = -1
_LEFT, _RIGHT = 0, 1


@njit(cache=True, nogil=True)
def bpe_merges(word_B, offsets_W1, counts_W, rank_of_byte, num_merges, min_count, max_token_bytes):
    """merges_M2, int32: left and right id of at most `num_merges` merges in order; min_count is 1 or more."""
    ids_I, word_I = _walled(word_B, offsets_W1, rank_of_byte)
    pairs = _first_pairs(ids_I, word_I, counts_W)
    length_T = np.ones(NUM_BYTES + num_merges, np.int32)
    return merge_pairs(ids_I, word_I, counts_W, pairs, length_T, NUM_BYTES, num_merges, min_count, max_token_bytes)


@njit(cache=True, nogil=True)
def merge_pairs(ids_I, word_I, counts_W, pairs, length_T, first_id, num_merges, min_count, max_token_bytes):
    """merges_M2 of walled words, which are changed; length_T has the bytes of each id below `first_id`, and room."""
    pairs_S2, num_pairs, heap_H3, num_heap, lists_A, lists_end = pairs
    around = _new_neighbours(first_id + num_merges)
    merges_M2 = np.empty((num_merges, 2), np.int32)
    m = 0
    while m < num_merges and num_heap > 0:
        count, key, place = pop(heap_H3, num_heap)
        num_heap -= 1
        now = pairs_S2[find(pairs_S2, key), 1]
        if now < min_count:
            continue
        if now != count:
            heap_H3 = push(heap_H3, num_heap, now, key, place)
            num_heap += 1
            continue
        left, right, new = key >> 32, key & 0xFFFFFFFF, first_id + m
        merges_M2[m] = left, right
        length_T[new] = length_T[left] + length_T[right]
        m += 1
        at_P = lists_A[place + 1 : place + 1 + lists_A[place]]
        came_E2 = np.empty((2 * at_P.size, 2), np.int32)
        pair = (left, right, new, max_token_bytes)
        num_came = _merge(at_P, ids_I, word_I, counts_W, length_T, pair, around, came_E2)
        lists_A = _with_room(lists_A, lists_end + num_came + around[1][0])
        pairs_S2, num_pairs, heap_H3, num_heap, lists_end = _enter(
            pairs_S2, num_pairs, heap_H3, num_heap, lists_A, lists_end, around, came_E2[:num_came], new, min_count
        )
        _take_off(pairs_S2, around, left, right)
    return merges_M2[:m]


@njit(cache=True, nogil=True)
def _walled(word_B, offsets_W1, rank_of_byte):
    num_words = offsets_W1.size - 1
    size = offsets_W1[num_words] + num_words + 1
    ids_I, word_I = np.empty(size, np.int32), np.empty(size, np.int32)
    ids_I[0], word_I[0] = WALL, 0
    for w in range(num_words):
        for b in range(offsets_W1[w], offsets_W1[w + 1]):
            ids_I[b + w + 1] = rank_of_byte[word_B[b]]
            word_I[b + w + 1] = w
        ids_I[offsets_W1[w + 1] + w + 1] = WALL
        word_I[offsets_W1[w + 1] + w + 1] = w
    return ids_I, word_I


@njit(cache=True, nogil=True)
def _first_pairs(ids_I, word_I, counts_W):
    """Pairs of single bytes: their table, heap and lists of positions."""
    count_K, num_K = np.zeros(NUM_BYTES**2, np.int64), np.zeros(NUM_BYTES**2, np.int64)
    for i in range(1, ids_I.size - 1):
        if ids_I[i] >= 0 and ids_I[i + 1] >= 0:
            count_K[ids_I[i] * NUM_BYTES + ids_I[i + 1]] += counts_W[word_I[i]]
            num_K[ids_I[i] * NUM_BYTES + ids_I[i + 1]] += 1
    pairs_S2, num_pairs = new_pairs(12), 0
    heap_H3, num_heap, end = np.empty((1 << 12, 3), np.int64), 0, 0
    lists_A = np.empty(num_K.sum() + NUM_BYTES**2, np.int32)
    for k in range(NUM_BYTES**2):
        if num_K[k]:
            key = (k // NUM_BYTES) << 32 | (k % NUM_BYTES)
            pairs_S2, num_pairs = add_pair(pairs_S2, num_pairs, key, count_K[k])
            heap_H3 = push(heap_H3, num_heap, count_K[k], key, end)
            num_heap += 1
            lists_A[end] = num_K[k]
            num_K[k], end = end + 1, end + 1 + num_K[k]
    for i in range(1, ids_I.size - 1):
        if ids_I[i] >= 0 and ids_I[i + 1] >= 0:
            k = ids_I[i] * NUM_BYTES + ids_I[i + 1]
            lists_A[num_K[k]] = i
            num_K[k] += 1
    return pairs_S2, num_pairs, heap_H3, num_heap, lists_A, end


@njit(cache=True, nogil=True)
def _new_neighbours(num_tokens):
    """(index_2T, size, of_N2, changes_N3): tokens beside the merged pair, by side, in the order that they were met.

    of_N2 is side and id; changes_N3 is how often the pair with the new token came about, how often that with the old
    one went, both by the words' counts, and in how many positions it came about.
    """
    return (
        np.full((2, num_tokens), -1, np.int32),
        np.zeros(1, np.int64),
        np.empty((2 * num_tokens, 2), np.int32),
        np.empty((2 * num_tokens, 3), np.int64),
    )


@njit(cache=True, nogil=True, inline="always")
def _neighbour(around, side, token):
    index_2T, size, of_N2, changes_N3 = around
    n = index_2T[side, token]
    if n < 0:
        n = size[0]
        size[0] += 1
        index_2T[side, token] = n
        of_N2[n, 0], of_N2[n, 1] = side, token
        changes_N3[n, 0] = changes_N3[n, 1] = changes_N3[n, 2] = 0
    return n


@njit(cache=True, nogil=True)
def _merge(at_P, ids_I, word_I, counts_W, length_T, pair, around, came_E2):
    """Write the new token where the pair still is; (neighbour, position) of pairs that came about, and how many."""
    left, right, new, max_token_bytes = pair
    left_length, right_length, length = length_T[left], length_T[right], length_T[new]
    changes_N3 = around[3]
    num = 0
    for i in at_P:
        middle = i + left_length
        if ids_I[i] != left or ids_I[middle] != right:
            continue
        end = middle + right_length
        ids_I[middle - 1] = ids_I[middle] = INSIDE
        ids_I[i] = ids_I[end - 1] = new
        before, after, count = ids_I[i - 1], ids_I[end], counts_W[word_I[i]]
        if before >= 0:
            n = _neighbour(around, _LEFT, before)
            changes_N3[n, 1] += count
            if length_T[before] + length <= max_token_bytes:
                changes_N3[n, 0] += count
                changes_N3[n, 2] += 1
                came_E2[num, 0], came_E2[num, 1] = n, i - length_T[before]
                num += 1
        if after >= 0:
            n = _neighbour(around, _RIGHT, after)
            changes_N3[n, 1] += count
            if length_T[after] + length <= max_token_bytes:
                changes_N3[n, 0] += count
                changes_N3[n, 2] += 1
                came_E2[num, 0], came_E2[num, 1] = n, i
                num += 1
    return num


@njit(cache=True, nogil=True, inline="always")
def _key(side, neighbour, token):
    if side == _LEFT:
        return np.int64(neighbour) << 32 | np.int64(token)
    return np.int64(token) << 32 | np.int64(neighbour)


@njit(cache=True, nogil=True)
def _enter(pairs_S2, num_pairs, heap_H3, num_heap, lists_A, lists_end, around, came_E2, new, min_count):
    """Counts, heap entries and lists of the pairs that came about, where they can be merged at all."""
    _, size, of_N2, changes_N3 = around
    for n in range(size[0]):
        num = changes_N3[n, 2]
        changes_N3[n, 2] = -1
        if changes_N3[n, 0] >= min_count:
            key = _key(of_N2[n, 0], of_N2[n, 1], new)
            pairs_S2, num_pairs = add_pair(pairs_S2, num_pairs, key, changes_N3[n, 0])
            heap_H3 = push(heap_H3, num_heap, changes_N3[n, 0], key, lists_end)
            num_heap += 1
            lists_A[lists_end] = num
            changes_N3[n, 2] = lists_end + 1
            lists_end += num + 1
    for e in range(came_E2.shape[0]):
        place = changes_N3[came_E2[e, 0], 2]
        if place >= 0:
            lists_A[place] = came_E2[e, 1]
            changes_N3[came_E2[e, 0], 2] += 1
    return pairs_S2, num_pairs, heap_H3, num_heap, lists_end


@njit(cache=True, nogil=True)
def _take_off(pairs_S2, around, left, right):
    """Count off the pairs that went, and clear the neighbours. The merged pair keeps its count: nothing asks again."""
    index_2T, size, of_N2, changes_N3 = around
    for n in range(size[0]):
        side, neighbour = of_N2[n, 0], of_N2[n, 1]
        index_2T[side, neighbour] = -1
        row = find(pairs_S2, _key(side, neighbour, left if side == _LEFT else right))
        if pairs_S2[row, 0] != NO_PAIR:  # else it was too long or too rare to be counted
            pairs_S2[row, 1] -= changes_N3[n, 1]
    size[0] = 0


@njit(cache=True, nogil=True)
def _with_room(lists_A, size):
    if size <= lists_A.size:
        return lists_A
    larger_A = np.empty(max(size, lists_A.size * 3 // 2), np.int32)
    larger_A[: lists_A.size] = lists_A
    return larger_A
