import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from pipeline.kernels.jaccard import least_overlap, least_share, overlap_at_least
from tests.oracles import near_dedup as oracle


def ordered(values):
    array = np.array(sorted(values), np.uint64)
    array.flags.writeable = False
    return array


def jaccard_at_least(a, b, min_jaccard):
    """Jaccard similarity, or -1 below the threshold."""
    overlap = overlap_at_least(a, b, least_overlap(a.size, b.size, min_jaccard))
    return -1 if overlap < 0 else overlap / (a.size + b.size - overlap)


def test_similarity_by_hand():
    a, b = ordered({1, 2, 3, 2**64 - 1}), ordered({2, 3, 4, 2**64 - 1})
    assert jaccard_at_least(a, b, 0.6) == 0.6
    assert jaccard_at_least(a, b, 0.61) == -1
    assert jaccard_at_least(a, a, 1.0) == 1
    assert jaccard_at_least(a, ordered({9}), 0.0) == 0


@pytest.mark.parametrize(("overlap", "union", "threshold"), [(4, 5, 0.8), (7, 10, 0.7), (3, 10, 0.3), (29, 50, 0.58)])
def test_a_pair_exactly_at_the_threshold_is_verified(overlap, union, threshold):
    a, b = ordered(range(union)), ordered(range(overlap))
    assert jaccard_at_least(a, b, threshold) == overlap / union
    assert jaccard_at_least(a, ordered(range(overlap - 1)), threshold) == -1


@settings(deadline=None)  # the first call compiles
@given(
    a=st.sets(st.integers(0, 25), min_size=1), b=st.sets(st.integers(0, 25), min_size=1), percent=st.integers(0, 100)
)
def test_similarity_agrees_with_its_oracle(a, b, percent):
    threshold = percent / 100
    verified = oracle.is_verified(a, b, threshold)
    event(f"verified: {verified}")
    expected = len(a & b) / len(a | b) if verified else -1
    assert jaccard_at_least(ordered(a), ordered(b), threshold) == expected


@settings(deadline=None)  # the first call compiles
@given(size_a=st.integers(1, 2**30), size_b=st.integers(1, 2**30), permille=st.integers(0, 1000))
def test_the_least_overlap_is_the_least_that_is_enough(size_a, size_b, permille):
    got = int(least_overlap(size_a, size_b, permille / 1000))
    total, exact = size_a + size_b, -(-permille * (size_a + size_b) // (1000 + permille))
    if exact <= min(size_a, size_b):
        assert got == exact
        assert got / (total - got) >= permille / 1000
    else:
        assert got > min(size_a, size_b)


@settings(deadline=None)  # the first call compiles
@given(size=st.integers(1, 2**30), percent=st.integers(0, 100))
def test_the_least_share_is_the_least_that_is_enough(size, percent):
    got = int(least_share(size, percent / 100))
    assert got / size >= percent / 100
    assert got == 0 or (got - 1) / size < percent / 100
