"""The plan has the rows of best-fit-decreasing; the assignment gives every piece one place, whatever its listing."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.kernels.packing import assign_pieces, mix64, plan_rows, run_indices, stable_order
from tests.oracles.packing import best_fit_decreasing

sets_of_pieces = st.integers(1, 40).flatmap(
    lambda context_len: st.tuples(st.just(context_len), st.lists(st.integers(1, context_len), max_size=60))
)


def planned_rows(lengths, context_len):
    """Every row of the plan as its sorted lengths."""
    plan = plan_rows(np.bincount(np.array(lengths, np.int64)), context_len)
    rows = []
    for g, multiplicity in enumerate(plan.multiplicity_G):
        entries = slice(plan.bounds_G1[g], plan.bounds_G1[g + 1])
        rows += [sorted(np.repeat(plan.lengths_E[entries], plan.counts_E[entries]).tolist())] * int(multiplicity)
    return rows


def test_plan_by_hand():
    assert sorted(planned_rows([5, 5, 3, 2, 2, 2], 8)) == [[2, 2], [2, 5], [3, 5]]
    assert planned_rows([2] * 7, 6) in ([[2], [2, 2, 2], [2, 2, 2]], [[2, 2, 2], [2, 2, 2], [2]])
    assert planned_rows([], 6) == []


@settings(deadline=None)
@given(sets_of_pieces)
def test_the_plan_is_best_fit_decreasing(pieces):
    context_len, lengths = pieces
    expected = best_fit_decreasing(lengths, context_len)
    got = planned_rows(lengths, context_len)
    assert sorted(length for row in got for length in row) == sorted(lengths)
    assert sorted(map(sum, got)) == sorted(map(sum, expected))


@settings(deadline=None)
@given(sets_of_pieces, st.integers(0, 5))
def test_every_piece_once_and_no_row_overflows(pieces, seed):
    context_len, lengths = pieces
    length_S = np.array(lengths, np.int64)
    key_S = mix64(np.arange(length_S.size, dtype=np.uint64))
    plan = plan_rows(np.bincount(length_S), context_len)
    order_S, bounds_R1 = assign_pieces(plan, length_S, key_S, seed=seed)
    assert sorted(order_S.tolist()) == list(range(length_S.size))
    assert bounds_R1.size == plan.num_rows + 1
    sums = [length_S[order_S[a:b]].sum() for a, b in pairwise(bounds_R1)]
    assert all(0 < total <= context_len for total in sums)


def log_normal(count: int) -> np.ndarray:
    """Lengths of documents as web text has them: median 400 tokens, cut at 2048."""
    return np.clip(np.random.default_rng(3).lognormal(6, 1, count), 1, 2048).astype(np.int64)


def test_rows_are_full_on_log_normal_lengths():
    length_S = log_normal(100_000)
    plan = plan_rows(np.bincount(length_S), 2048)
    assert length_S.sum() / (plan.num_rows * 2048) >= 0.999


def rows_by_key(length_S, key_S, seed):
    """The keys of every row."""
    order_S, bounds_R1 = assign_pieces(plan_rows(np.bincount(length_S), 2048), length_S, key_S, seed=seed)
    return [key_S[order_S[a:b]].tolist() for a, b in pairwise(bounds_R1)]


def test_the_order_of_listing_does_not_matter_and_the_seed_does():
    length_S, key_S = log_normal(3000), mix64(np.arange(3000, dtype=np.uint64))
    shuffled = np.random.default_rng(1).permutation(3000)
    first = rows_by_key(length_S, key_S, 0)
    assert rows_by_key(length_S[shuffled], key_S[shuffled], 0) == first
    other = rows_by_key(length_S, key_S, 1)
    assert other != first
    assert sorted(map(len, other)) == sorted(map(len, first))


def test_rows_and_pieces_are_mixed():
    length_S, key_S = log_normal(3000), mix64(np.arange(3000, dtype=np.uint64))
    order_S, bounds_R1 = assign_pieces(plan_rows(np.bincount(length_S), 2048), length_S, key_S, seed=0)
    several = [length_S[order_S[a:b]] for a, b in pairwise(bounds_R1) if b - a > 1]
    longest_first = np.mean([row[0] == row.max() for row in several])
    assert 0.2 < longest_first < 0.7
    listed = order_S[bounds_R1[:-1]]
    assert abs(np.corrcoef(np.arange(listed.size), listed)[0, 1]) < 0.1


def test_lengths_beyond_16_bits_are_planned_too():
    length_S = np.array([70_000, 30_001, 100_000, 1], np.int64)
    order_S, bounds_R1 = assign_pieces(
        plan_rows(np.bincount(length_S), 100_001), length_S, np.arange(4, dtype=np.uint64), seed=0
    )
    rows = {frozenset(order_S[a:b].tolist()) for a, b in pairwise(bounds_R1)}
    assert rows == {frozenset({0, 1}), frozenset({2, 3})}


def test_a_piece_longer_than_a_row_is_refused():
    with pytest.raises(ValueError, match="up to 9 tokens don't fit rows of 8"):
        plan_rows(np.bincount([9, 2]), 8)
    with pytest.raises(ValueError, match="2 pieces have no tokens"):
        plan_rows(np.bincount([0, 0, 3]), 8)


def test_mix64_is_splitmix64():
    assert mix64(np.array([0], np.uint64)).tolist() == [0xE220A8397B1DCDAF]


def test_run_indices_by_hand():
    assert run_indices(np.array([5, 9, 0]), np.array([2, 0, 3])).tolist() == [5, 6, 0, 1, 2]
    assert run_indices(np.empty(0, np.int64), np.empty(0, np.int64)).tolist() == []


@pytest.mark.parametrize(
    ("dtype", "top"), [(np.int64, 50), (np.int64, 2**17), (np.int64, 2**40), (np.uint64, 2**64 - 1)]
)
def test_stable_order_is_a_stable_argsort(dtype, top):
    values = np.random.default_rng(2).integers(0, top, 5000, dtype=dtype, endpoint=True)
    values[::7] = values[0]
    np.testing.assert_array_equal(stable_order(values), np.argsort(values, kind="stable"))
    assert stable_order(values[:0]).size == 0
