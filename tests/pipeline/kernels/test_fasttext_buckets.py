import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from pipeline.kernels.fasttext_buckets import has_row, kept_buckets, num_bits, place_of

NUM_BUCKETS = 300


@njit
def _has_row(bucket, kept_K):
    return has_row(np.uint64(bucket), kept_K)


@njit
def _place_of(bucket, kept_K, before_K):
    return place_of(np.uint64(bucket), kept_K, before_K)


@njit
def _num_bits(x):
    return num_bits(np.uint64(x))


@given(kept=st.sets(st.integers(0, NUM_BUCKETS - 1)))
def test_the_buckets_of_a_pruned_model_have_their_places(kept):
    in_order = sorted(kept)
    kept_K, before_K = kept_buckets(np.array(in_order, np.int64), NUM_BUCKETS)
    assert [b for b in range(NUM_BUCKETS + 1) if _has_row(b, kept_K)] == in_order
    assert [_place_of(b, kept_K, before_K) for b in in_order] == list(range(len(in_order)))


def test_every_bucket_has_a_row_where_nothing_was_pruned():
    none, zero = np.empty(0, np.uint64), np.empty(0, np.int32)
    assert all(_place_of(b, none, zero) == b for b in (0, 63, 64, 2_000_000))


@given(x=st.integers(0, 2**64 - 1))
def test_ones_are_counted(x):
    assert _num_bits(np.uint64(x)) == x.bit_count()
