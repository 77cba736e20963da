"""Checkpoints: one safetensors file each, written whole or not at all; the last two are kept.

A file holds the weights that train, the optimiser's state, torch's random state and, as JSON in its header, the key of
the training and its Progress (step, curve). The learning rate and the data follow from the step. No pickle.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from pipeline.io.commit import atomic_path
from pipeline.train.progress import Progress

KEPT = 2
HEADER = "corpusmill"


def save_checkpoint(
    directory: str, key: str, model: torch.nn.Module, optimizer: torch.optim.Optimizer, progress: Progress
) -> None:
    """Write the state after `progress.step` steps and remove all but the last two files."""
    header = {HEADER: json.dumps({"key": key, "progress": progress.to_json()})}
    with atomic_path(Path(directory) / f"step-{progress.step:09d}.safetensors") as temporary:
        save_file(_tensors(model, optimizer), temporary, metadata=header)
    for old in _files(directory)[:-KEPT]:
        old.unlink()


def load_checkpoint(
    directory: str, key: str, model: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> Progress | None:
    """Put the latest state of the training `key` into the model and the optimiser; None where there is none.

    Files of another key, or that can't be read, are of no use to anyone and removed.
    """
    for path in reversed(_files(directory)):
        progress = _read(path, key, model, optimizer)
        if progress is not None:
            return progress
        path.unlink()
    return None


def clear_checkpoints(directory: str) -> None:
    """Remove all checkpoints, once what they led to is committed."""
    for path in _files(directory):
        path.unlink()


def _files(directory: str) -> list[Path]:
    return sorted(Path(directory).glob("step-*.safetensors"))


def _trained(model: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}


def _tensors(model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    tensors = {"random.cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    for name, weight in _trained(model).items():
        tensors[f"weight.{name}"] = weight.detach().contiguous()
        for kind, value in optimizer.state[weight].items():
            if isinstance(value, Tensor):
                tensors[f"optimizer.{kind}.{name}"] = value.contiguous()
    return tensors


def _read(path: Path, key: str, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> Progress | None:
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {}).get(HEADER, "{}"))
            if header.get("key") != key:
                return None
            _restore({name: file.get_tensor(name) for name in file.keys()}, model, optimizer)  # noqa: SIM118
    except (SafetensorError, OSError):
        return None
    return Progress.from_json(header["progress"])


def _restore(tensors: dict[str, Tensor], model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
    weights = _trained(model)
    for label, tensor in tensors.items():
        what, rest = label.split(".", 1)
        if what == "weight":
            weights[rest].data.copy_(tensor)
        elif what == "optimizer":
            kind, name = rest.split(".", 1)
            weight = weights[name]
            optimizer.state[weight][kind] = tensor.to(weight.device)
        elif rest == "cpu":
            torch.set_rng_state(tensor)
        elif torch.cuda.is_available():
            torch.cuda.set_rng_state(tensor)
