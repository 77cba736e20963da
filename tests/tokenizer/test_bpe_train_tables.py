"""The table of pairs against a dict, the heap against sorting."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tokenizer.bpe_train_tables import NO_PAIR, add_pair, find, new_pairs, pop, push

keys = st.integers(0, 2**62) | st.integers(0, 40)


@given(st.dictionaries(keys, st.integers(-3, 2**62), max_size=60), keys)
def test_the_table_finds_what_was_added_and_forgets_what_counts_nothing(counts, other):
    pairs_S2, num_pairs = new_pairs(2), 0
    for key, count in counts.items():
        pairs_S2, num_pairs = add_pair(pairs_S2, num_pairs, key, count)
    for key, count in counts.items():
        row = find(pairs_S2, key)
        assert pairs_S2[row, 1] == count
        assert pairs_S2[row, 0] == key or count == 0
    assert num_pairs == (pairs_S2[:, 0] != NO_PAIR).sum() <= pairs_S2.shape[0] // 2
    if other not in counts:
        assert pairs_S2[find(pairs_S2, other)].tolist() == [NO_PAIR, 0]


@given(st.lists(st.tuples(st.integers(1, 4) | st.integers(2**40, 2**62), keys), unique_by=lambda entry: entry[1]))
def test_the_heap_gives_the_most_frequent_first_then_the_smallest_pair(entries):
    heap_H3 = heap_of(entries)
    taken = [pop(heap_H3, size) for size in range(len(entries), 0, -1)]
    assert [entry[:2] for entry in taken] == sorted(entries, key=lambda entry: (-entry[0], entry[1]))
    assert [entries[place] for _, _, place in taken] == [entry[:2] for entry in taken]


def heap_of(entries):
    heap_H3 = np.empty((1, 3), np.int64)
    for place, (count, key) in enumerate(entries):
        heap_H3 = push(heap_H3, place, count, key, place)
    return heap_H3
