"""Words by their tokens: how they lie, and the pairs that they begin with. The merges: test_extend.py."""

import numpy as np

from tokenizer.bpe_train_kernels import INSIDE, WALL
from tokenizer.bpe_train_tables import find
from tokenizer.extend_kernels import _first_pairs, _walled, further_merges

# a = 0, b = 1, abc = 2; the words abc a b, a a a, and an empty one
IDS_T = np.array([2, 0, 1, 0, 0, 0], np.int32)
BOUNDS_W1 = np.array([0, 3, 6, 6])
LENGTH_V = np.array([1, 1, 3], np.int32)
COUNTS_W = np.array([5, 7, 9])


def test_tokens_stand_at_their_first_and_last_byte():
    ids_I, word_I = _walled(IDS_T, BOUNDS_W1, LENGTH_V)
    assert ids_I.tolist() == [WALL, 2, INSIDE, 2, 0, 1, WALL, 0, 0, 0, WALL, WALL]
    assert word_I.tolist() == [0, *[0] * 6, *[1] * 4, 2]


def test_pairs_have_their_counts_and_positions_from_left_to_right():
    ids_I, word_I = _walled(IDS_T, BOUNDS_W1, LENGTH_V)
    pairs_S2, num_pairs, heap_H3, num_heap, lists_A, _ = _first_pairs(ids_I, word_I, COUNTS_W, LENGTH_V, 100)
    assert num_pairs == num_heap == 3
    found = {}
    for count, key, place in heap_H3[:num_heap].tolist():
        found[key >> 32, key & 0xFFFFFFFF] = (count, lists_A[place + 1 : place + 1 + lists_A[place]].tolist())
        assert pairs_S2[find(pairs_S2, key), 1] == count
    assert found == {(2, 0): (5, [1]), (0, 1): (5, [4]), (0, 0): (14, [7, 8])}
    assert _first_pairs(ids_I, word_I, COUNTS_W, LENGTH_V, 3)[1] == 2


def test_merges_by_hand():
    merges_M2 = further_merges(IDS_T, BOUNDS_W1, COUNTS_W, LENGTH_V, 3, 10, 1, 100)
    assert merges_M2.tolist() == [[0, 0], [3, 0], [0, 1], [2, 5]]
    assert further_merges(IDS_T[:0], BOUNDS_W1[:1], COUNTS_W[:0], LENGTH_V, 3, 10, 1, 100).shape == (0, 2)
