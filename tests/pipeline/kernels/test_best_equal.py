import numpy as np
from hypothesis import event, given, settings
from hypothesis import strategies as st

from pipeline.kernels.best_equal import best_equal


def best(keys, ranks):
    one = np.array([key[0] for key in keys], np.uint64)
    other = np.array([key[1] for key in keys], np.uint64)
    one.flags.writeable = other.flags.writeable = False
    return best_equal(one, other, np.array(ranks, np.int64)).tolist()


def test_the_lowest_rank_is_best_and_of_equals_the_first():
    assert best([(1, 1), (1, 2), (1, 1), (1, 1)], [5, 9, 3, 3]) == [2, 1, 2, 2]
    assert best([], []) == []


hashes = st.sampled_from([0, 1, 2**63, 2**64 - 1])


@settings(deadline=None)  # the first call compiles
@given(rows=st.lists(st.tuples(hashes, hashes, st.integers(0, 3)), max_size=60))
def test_the_best_row_is_that_of_the_definition(rows):
    keys, ranks = [row[:2] for row in rows], [row[2] for row in rows]
    expected = [min((ranks[m], m) for m in range(len(rows)) if keys[m] == key)[1] for key in keys]
    assert best(keys, ranks) == expected
    event(f"equal rows: {len(set(expected)) < len(rows)}")


def test_a_million_equal_rows_are_one():
    keys = np.full(10**6, 2**64 - 1, np.uint64)
    assert not best_equal(keys, keys, np.arange(10**6)).any()
