"""The training loop: rows to gradients to weights, step by step, from wherever a checkpoint left off."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from pipeline.config import TrainConfig
from pipeline.io.packed import IGNORED, PackedRow, PackedRows
from pipeline.train.batch import MicroBatch, Plan, micro_batches
from pipeline.train.checkpoint import save_checkpoint
from pipeline.train.device import Device
from pipeline.train.error import TrainError
from pipeline.train.loss import mean_loss, summed_loss
from pipeline.train.optimizer import MAX_GRADIENT_NORM, learning_rate
from pipeline.train.progress import Progress, StepReport

VALIDATION_TOKENS = 32_768
VALIDATIONS = 4
MAX_STEPS_BETWEEN_VALIDATIONS = 1000
LABELLED_ROWS_CHECKED = 256


@dataclass(frozen=True)
class Data:
    """The rows, which of them each step takes, the validation rows, and how many ids the model knows."""

    rows: PackedRows
    plan: Plan
    validation: tuple[PackedRow, ...]
    num_embeddings: int


@dataclass(frozen=True)
class Saving:
    """Where checkpoints go, under which key, and after how many seconds the next is due."""

    directory: str
    key: str
    seconds: float


@dataclass(frozen=True)
class Trainee:
    """A model with its optimiser on a device."""

    model: torch.nn.Module
    optimizer: torch.optim.Optimizer
    device: Device


def validation_rows(rows: PackedRows | None) -> tuple[PackedRow, ...]:
    """Rows spread evenly over the validation split, about 32,768 tokens: the same ones in every training."""
    if rows is None:
        return ()
    mean_tokens = rows.num_tokens / len(rows)
    count = min(len(rows), max(1, int(VALIDATION_TOKENS / mean_tokens)))
    return tuple(rows.row(int(r)) for r in np.linspace(0, len(rows) - 1, count).round().astype(np.int64))


def check_something_is_trained(rows: PackedRows, plan: Plan) -> None:
    """Raise TrainError if the first rows of the plan hold no trained token."""
    first = plan.rows_N[:LABELLED_ROWS_CHECKED]
    if not any((rows.row(int(r)).labels != IGNORED).any() for r in first):
        raise TrainError(
            f"none of the first {first.size} packed rows has a trained token: every label is {IGNORED}; expected some. "
            "Was the right part of the conversations chosen (format: {train_on: ...})?"
        )


def run_steps(
    trainee: Trainee,
    data: Data,
    config: TrainConfig,
    progress: Progress,
    saving: Saving,
    on_step: Callable[[StepReport], None],
) -> None:
    """Train from `progress.step` to the end of the plan, adding to `progress`.

    A checkpoint is written when one is due and after the last step; `on_step` is called after it.
    """
    num_steps = data.plan.num_steps
    if data.validation and not progress.validation:
        progress.validation.append((0, _validation_loss(trainee, data)))
    trainee.model.train()
    began = saved = time.monotonic()
    first = progress.step
    for step in range(first, num_steps):
        report = _one_step(trainee, data, config, progress)
        if data.validation and _validation_is_due(progress.step, num_steps):
            progress.validation.append((progress.step, _validation_loss(trainee, data)))
        now = time.monotonic()
        if now - saved >= saving.seconds or progress.step == num_steps:
            save_checkpoint(saving.directory, saving.key, trainee.model, trainee.optimizer, progress)
            saved = time.monotonic()
        left = (now - began) / (step + 1 - first) * (num_steps - step - 1)
        on_step(StepReport(progress.step, num_steps, *report, seconds_left=left))


def _one_step(trainee: Trainee, data: Data, config: TrainConfig, progress: Progress) -> tuple[float, float, float]:
    """Take one optimiser step; returns its loss, learning rate and tokens per second."""
    began = time.monotonic()
    rows = [data.rows.row(int(r)) for r in data.plan.rows_of(progress.step)]
    rate = learning_rate(config, progress.step, data.plan.num_steps)
    batches = list(_batches(trainee.device, data, rows))
    loss = _update(trainee, batches, rate)
    if not math.isfinite(loss):
        raise TrainError(
            f"the loss became {loss} at step {progress.step + 1}; use a smaller learning_rate than "
            f"{config.learning_rate:g} or a longer warm-up (warmup_fraction)"
        )
    seconds = time.monotonic() - began
    tokens = sum(row.input_ids.size for row in rows)
    progress.step += 1
    progress.tokens += tokens
    progress.trained_tokens += sum(batch.targets_K.numel() for batch in batches)
    progress.seconds += seconds
    progress.curve.append((progress.step, loss, rate, tokens / seconds))
    return loss, rate, tokens / seconds


def _update(trainee: Trainee, batches: list[MicroBatch], rate: float) -> float:
    """One optimiser step over all micro-batches, each divided by the trained tokens of the whole step.

    Not changed where nothing is trained: the loss is then 0.
    """
    trained = sum(batch.targets_K.numel() for batch in batches)
    if not trained:
        return 0.0
    total = torch.zeros((), dtype=torch.float64, device=trainee.device.name)
    for batch in batches:
        if batch.targets_K.numel() == 0:
            continue
        with trainee.device.autocast():
            loss = summed_loss(trainee.model, batch)
        (loss / trained).backward()
        total += loss.detach()
    weights = [weight for group in trainee.optimizer.param_groups for weight in group["params"]]
    torch.nn.utils.clip_grad_norm_(weights, MAX_GRADIENT_NORM)
    for group in trainee.optimizer.param_groups:
        group["lr"] = rate
    trainee.optimizer.step()
    trainee.optimizer.zero_grad(set_to_none=True)
    return float(total) / trained


def _batches(device: Device, data: Data, rows: list[PackedRow] | tuple[PackedRow, ...]) -> Iterator[MicroBatch]:
    return micro_batches(rows, micro_tokens=device.micro_tokens, num_embeddings=data.num_embeddings, device=device.name)


def _validation_loss(trainee: Trainee, data: Data) -> float:
    return mean_loss(trainee.model, _batches(trainee.device, data, data.validation), trainee.device)


def _validation_is_due(step: int, num_steps: int) -> bool:
    every = max(1, min(-(-num_steps // VALIDATIONS), MAX_STEPS_BETWEEN_VALIDATIONS))
    return step == num_steps or (step % every == 0 and num_steps - step >= every)
