"""The trainer: packed shards and a base in, an adapter or a model out. Read this file first."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from pipeline.config import ShapeBase, TrainConfig
from pipeline.io.packed import PackedRows
from pipeline.train.adapter import add_adapter
from pipeline.train.batch import Plan, plan_steps, row_lengths
from pipeline.train.checkpoint import load_checkpoint
from pipeline.train.device import Device, choose_device
from pipeline.train.error import TrainError
from pipeline.train.isolation import prove_isolation
from pipeline.train.loop import (
    Data,
    Saving,
    Trainee,
    check_something_is_trained,
    run_steps,
    validation_rows,
)
from pipeline.train.model import open_base, stored_dtype
from pipeline.train.new_tokens import find_new_tokens
from pipeline.train.optimizer import make_optimizer
from pipeline.train.progress import Progress, StepReport
from pipeline.train.quiet import quietly
from pipeline.train.save import save_adapter, save_model

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

CHECKPOINT_SECONDS = 60.0
CURVE_POINTS = 1000


def train_job(
    config: TrainConfig,
    *,
    packed_dir: str,
    base: str | ShapeBase,
    out_dir: str,
    checkpoint_dir: str,
    seed: int,
    key: str,
    on_step: Callable[[StepReport], None],
    tokenizer_dir: str | None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> dict[str, Any]:
    """Train `base` on packed_dir/train and write `out_dir` whole; returns what is worth telling, as plain values.

    Continues from the latest checkpoint of the same `key` in `checkpoint_dir`; on the CPU, with the same number of
    threads, the result is then the same bytes. `clear_checkpoints` removes them once the caller has committed.
    Raises TrainError for what the user can mend. Global random state is left as it was.
    """
    rows, validation = _open_rows(packed_dir)
    with quietly(), _own_random_state(seed), _plain_words_about_memory():
        device = choose_device(config.precision)
        new_tokens = find_new_tokens(config, base, packed_dir, rows.manifest, tokenizer_dir)
        tokenizer_dir = new_tokens.tokenizer_dir if new_tokens else tokenizer_dir
        model = open_base(config, base, manifest=rows.manifest, device=device, seed=seed, new_tokens=new_tokens)
        adapter = None if config.method == "full" else add_adapter(model, config, seed=seed, new_tokens=new_tokens)
        data = Data(rows, _plan(config, rows, seed), validation_rows(validation), _num_embeddings(model))
        check_something_is_trained(data.rows, data.plan)
        prove_isolation(model, num_embeddings=data.num_embeddings, device=device)

        trainee = Trainee(model, make_optimizer(model, config), device)
        progress = load_checkpoint(checkpoint_dir, key, model, trainee.optimizer) or Progress()
        run_steps(trainee, data, config, progress, Saving(checkpoint_dir, key, checkpoint_seconds), on_step)

        result = _result(config, model, device, data, progress)
        result |= {"new_tokens": len(new_tokens.ids)} if new_tokens else {}
        _save(model, adapter, base, out_dir, tokenizer_dir)
    return result


def _open_rows(packed_dir: str) -> tuple[PackedRows, PackedRows | None]:
    try:
        rows = PackedRows(Path(packed_dir) / "train")
        validation_dir = Path(packed_dir) / "validation"
        validation = PackedRows(validation_dir) if validation_dir.is_dir() else None
    except (OSError, ValueError) as error:
        raise TrainError(str(error)) from error
    if not len(rows):
        raise TrainError(f"{packed_dir}/train has no rows; expected at least one")
    return rows, validation if validation is not None and len(validation) else None


def _plan(config: TrainConfig, rows: PackedRows, seed: int) -> Plan:
    return plan_steps(
        row_lengths(rows),
        seed=seed,
        batch_tokens=config.batch_tokens,
        max_steps=config.max_steps,
        epochs=config.epochs,
    )


def _num_embeddings(model: PreTrainedModel) -> int:
    return int(model.get_input_embeddings().weight.shape[0])


@contextlib.contextmanager
def _own_random_state(seed: int) -> Iterator[None]:
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        if devices:
            torch.cuda.reset_peak_memory_stats()
        yield


@contextlib.contextmanager
def _plain_words_about_memory() -> Iterator[None]:
    """Turn the several ways to run out of memory into one TrainError."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not isinstance(error, torch.OutOfMemoryError | MemoryError) and "allocate memory" not in str(error):
            raise
        raise TrainError(
            "the model, its gradients and its optimiser do not fit into memory; pack with a smaller context_len, use "
            "method: qlora or lora, a smaller rank or optimizer: sgd, or a smaller base"
        ) from error


def _save(
    model: PreTrainedModel, adapter: PeftModel | None, base: str | ShapeBase, out_dir: str, tokenizer_dir: str | None
) -> None:
    folder = None if isinstance(base, ShapeBase) else base
    if adapter is None:
        save_model(model, out_dir, base=folder, dtype=stored_dtype(base), tokenizer_dir=tokenizer_dir)
    else:
        assert folder is not None  # config refuses an adapter on fresh weights
        save_adapter(adapter, out_dir, base=folder, tokenizer_dir=tokenizer_dir)


def _result(
    config: TrainConfig, model: PreTrainedModel, device: Device, data: Data, progress: Progress
) -> dict[str, Any]:
    """Losses are nats per trained token; validation losses are None where there is no validation split."""
    losses = [loss for _, loss in progress.validation]
    every = -(-len(progress.curve) // CURVE_POINTS)
    return {
        "method": config.method,
        "steps": progress.step,
        "tokens": progress.tokens,
        "trained_tokens": progress.trained_tokens,
        "start_validation_loss": losses[0] if losses else None,
        "end_validation_loss": losses[-1] if losses else None,
        "validation_rows": len(data.validation),
        "curve": [list(point) for i, point in enumerate(progress.curve) if i % every == 0 or i + 1 == progress.step],
        "validation_curve": [list(point) for point in progress.validation],
        "seconds": progress.seconds,
        "tokens_per_second": progress.tokens / progress.seconds,
        "trainable_parameters": model.num_parameters(only_trainable=True),
        "total_parameters": model.num_parameters(),
        "device": torch.cuda.get_device_name() if device.name == "cuda" else "cpu",
        "precision": "bf16" if device.bf16 else "fp32",
        "peak_memory_bytes": device.peak_memory_bytes(),
        "peak_memory_of": "tensors on the GPU" if device.name == "cuda" else "the whole process",
    }
