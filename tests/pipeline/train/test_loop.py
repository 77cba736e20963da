from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from pipeline.config import TrainConfig
from pipeline.io.packed import IGNORED, PackedRow, PackedRows, write_packed
from pipeline.train.attention import register_backend
from pipeline.train.batch import Plan, plan_steps, row_lengths
from pipeline.train.device import Device
from pipeline.train.error import TrainError
from pipeline.train.loop import Data, Saving, Trainee, check_something_is_trained, run_steps, validation_rows
from pipeline.train.optimizer import make_optimizer
from pipeline.train.progress import Progress
from tests.pipeline.train import corpus
from tests.pipeline.train.test_loss import masked_row


@dataclass(frozen=True)
class SmallBites(Device):
    """A device that takes one row at a time."""

    @property
    def micro_tokens(self) -> int:
        return 1


def write_masked(folder):
    write_packed(folder, [masked_row(seed) for seed in range(12)], corpus.MANIFEST)
    return PackedRows(folder)


def train(rows, tmp_path, *, device, optimizer="sgd", learning_rate=1.0, validation=(), max_steps=4, on_step=None):
    """Weights and progress after a few steps; SGD's step is the gradient itself, no sign of it is lost."""
    config = TrainConfig(method="full", base="x", optimizer=optimizer, learning_rate=learning_rate, schedule="constant")
    model = corpus.llama()
    model.set_attn_implementation(register_backend())
    plan = plan_steps(row_lengths(rows), seed=0, batch_tokens=200, max_steps=max_steps, epochs=None)
    trainee, progress = Trainee(model, make_optimizer(model, config), device), Progress()
    saving = Saving(str(tmp_path / "checkpoints"), "k", 1e9)
    run_steps(trainee, Data(rows, plan, validation, 96), config, progress, saving, on_step or (lambda report: None))
    return model, progress


def test_gradient_accumulation_is_one_large_batch(tmp_path):
    rows = write_masked(tmp_path / "train")
    whole, progress = train(rows, tmp_path, device=Device("cpu", False))
    bitten, bites = train(rows, tmp_path, device=SmallBites("cpu", False))
    assert [p[1] for p in progress.curve] == pytest.approx([p[1] for p in bites.curve], abs=1e-5)
    assert progress.curve[0][1] - progress.curve[-1][1] > 0.1
    for ours, theirs in zip(whole.parameters(), bitten.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=0)


def test_what_is_told_is_what_was_done(tmp_path):
    rows = write_masked(tmp_path / "train")
    reports = []
    _, progress = train(rows, tmp_path, device=Device("cpu", False), on_step=reports.append)
    plan = plan_steps(row_lengths(rows), seed=0, batch_tokens=200, max_steps=4, epochs=None)
    read = [rows.row(int(r)) for r in plan.rows_N]
    assert progress.tokens == sum(row.input_ids.size for row in read)
    assert progress.trained_tokens == sum(int((row.labels != IGNORED).sum()) for row in read)
    assert [(r.step, r.num_steps) for r in reports] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [(r.step, r.loss, r.learning_rate, r.tokens_per_second) for r in reports] == progress.curve
    assert reports[-1].seconds_left == 0 < reports[0].seconds_left


def test_validation_at_the_start_a_few_times_and_at_the_end(tmp_path):
    rows = write_masked(tmp_path / "train")
    validation = tuple(corpus.rows(2, 3))
    _, progress = train(rows, tmp_path, device=Device("cpu", False), validation=validation, max_steps=11)
    assert [step for step, _ in progress.validation] == [0, 3, 6, 11]
    _, unvalidated = train(rows, tmp_path, device=Device("cpu", False), max_steps=2)
    assert unvalidated.validation == []


def test_a_step_without_trained_tokens_changes_nothing(tmp_path):
    row = corpus.rows(1, 0)[0]
    silent = PackedRow(row.input_ids, np.full_like(row.labels, IGNORED), row.seq_lengths)
    write_packed(tmp_path / "train", [silent], corpus.MANIFEST)
    model, progress = train(PackedRows(tmp_path / "train"), tmp_path, device=Device("cpu", False), max_steps=1)
    assert progress.curve[0][1] == 0
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), corpus.llama().parameters(), strict=True))


def test_a_loss_that_is_no_number_stops_the_training(tmp_path):
    rows = write_masked(tmp_path / "train")
    with pytest.raises(
        TrainError, match=r"the loss became (nan|inf) at step \d; use a smaller learning_rate than 1e\+30"
    ):
        train(rows, tmp_path, device=Device("cpu", False), learning_rate=1e30)


def test_rows_that_train_nothing_are_an_error(tmp_path):
    row = corpus.rows(1, 0)[0]
    silent = PackedRow(row.input_ids, np.full_like(row.labels, IGNORED), row.seq_lengths)
    write_packed(tmp_path / "none", [silent] * 3, corpus.MANIFEST)
    write_packed(tmp_path / "some", [silent, row], corpus.MANIFEST)
    plan = Plan(np.arange(2), np.array([0, 2]))
    with pytest.raises(TrainError, match="none of the first 2 packed rows has a trained token"):
        check_something_is_trained(PackedRows(tmp_path / "none"), plan)
    check_something_is_trained(PackedRows(tmp_path / "some"), plan)


def test_validation_rows_are_spread_over_the_split(tmp_path):
    assert validation_rows(None) == ()
    rows = [corpus.row([np.full(4096, r % 90, np.int32)]) for r in range(20)]
    write_packed(tmp_path / "validation", rows, corpus.MANIFEST)
    chosen = validation_rows(PackedRows(tmp_path / "validation"))
    assert [int(row.input_ids[0]) for row in chosen] == [0, 3, 5, 8, 11, 14, 16, 19]
