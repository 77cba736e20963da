from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.io.packed import PackedRow, PackedRows
from pipeline.train.batch import collate, micro_batches, plan_steps, row_lengths
from pipeline.train.error import TrainError
from tests.pipeline.train import corpus

LENGTHS = st.lists(st.integers(1, 50), min_size=1, max_size=30).map(lambda one: np.array(one, np.int64))


def steps_of(plan):
    return [plan.rows_of(step).tolist() for step in range(plan.num_steps)]


@settings(deadline=None)
@given(lengths=LENGTHS, batch_tokens=st.integers(1, 200), seed=st.integers(0, 3))
def test_an_epoch_reads_every_row_once_in_the_fewest_steps_of_its_order(lengths, batch_tokens, seed):
    plan = plan_steps(lengths, seed=seed, batch_tokens=batch_tokens, max_steps=None, epochs=None)
    steps = steps_of(plan)
    assert sorted(row for step in steps for row in step) == list(range(lengths.size))
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        tokens = int(lengths[step].sum())
        assert len(step) == 1 or tokens <= batch_tokens
        assert following is None or tokens + lengths[following[0]] > batch_tokens


@settings(deadline=None)
@given(lengths=LENGTHS, batch_tokens=st.integers(1, 200), max_steps=st.integers(1, 40))
def test_the_asked_number_of_steps_is_planned_and_none_is_cut_short(lengths, batch_tokens, max_steps):
    plan = plan_steps(lengths, seed=0, batch_tokens=batch_tokens, max_steps=max_steps, epochs=None)
    longer = plan_steps(lengths, seed=0, batch_tokens=batch_tokens, max_steps=max_steps + 5, epochs=None)
    assert plan.num_steps == max_steps
    assert steps_of(plan) == steps_of(longer)[:max_steps]


def test_epochs_count_rows_and_each_has_its_own_order():
    lengths = np.full(10, 4, np.int64)
    plan = plan_steps(lengths, seed=0, batch_tokens=8, max_steps=None, epochs=2.5)
    assert plan.rows_N.size == 25
    first, second = plan.rows_N[:10].tolist(), plan.rows_N[10:20].tolist()
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second
    assert plan_steps(lengths, seed=1, batch_tokens=8, max_steps=None, epochs=1).rows_N.tolist() != first


def test_rows_end_to_end_by_hand():
    first = corpus.row([np.array([1, 2, 3]), np.array([4, 5])])
    second = PackedRow(np.array([6, 7, 8], np.int32), np.array([-100, -100, 8], np.int32), np.array([3], np.int32))
    batch = collate([first, second], num_embeddings=9, device="cpu")
    assert batch.input_ids.tolist() == [[1, 2, 3, 4, 5, 6, 7, 8]]
    assert batch.position_ids.tolist() == [[0, 1, 2, 0, 1, 0, 1, 2]]
    assert batch.cu_seq_lens.tolist() == [0, 3, 5, 8]
    assert batch.max_length == 3
    assert batch.kept_K.tolist() == [0, 1, 3, 6]
    assert batch.targets_K.tolist() == [2, 3, 5, 8]


def test_micro_batches_are_the_rows_in_order():
    rows = corpus.rows(7, 0)
    batches = list(micro_batches(rows, micro_tokens=120, num_embeddings=96, device="cpu"))
    assert len(batches) > 1
    assert all(batch.input_ids.shape[1] <= 120 for batch in batches)
    ids = np.concatenate([batch.input_ids[0].numpy() for batch in batches])
    np.testing.assert_array_equal(ids, np.concatenate([row.input_ids for row in rows]))


def test_row_lengths_are_those_of_the_shards(packed_dir):
    rows = PackedRows(packed_dir / "train")
    assert row_lengths(rows).tolist() == [row.input_ids.size for row in corpus.rows(60, 0)]


def test_a_label_at_the_start_of_a_piece_is_refused():
    row = PackedRow(np.array([1, 2, 3], np.int32), np.array([-100, 2, 3], np.int32), np.array([2, 1], np.int32))
    with pytest.raises(TrainError, match="first token of a piece"):
        collate([row], num_embeddings=9, device="cpu")


def test_an_unknown_id_is_refused():
    with pytest.raises(TrainError, match="ids from 1 to 9, the base knows 0 to 8"):
        collate([corpus.row([np.array([1, 9])])], num_embeddings=9, device="cpu")


def test_lengths_that_do_not_add_up_are_refused():
    row = PackedRow(np.array([1, 2, 3], np.int32), np.array([-100, 2, 3], np.int32), np.array([2], np.int32))
    with pytest.raises(TrainError, match="3 tokens, 3 labels and seq_lengths that sum to 2"):
        collate([row], num_embeddings=9, device="cpu")
