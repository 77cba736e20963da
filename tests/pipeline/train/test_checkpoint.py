from __future__ import annotations

import pytest
import torch

from pipeline.config import TrainConfig
from pipeline.train.checkpoint import clear_checkpoints, load_checkpoint, save_checkpoint
from pipeline.train.optimizer import make_optimizer
from pipeline.train.progress import Progress
from tests.pipeline.train.corpus import llama


def trained(optimizer, *, seed=0):
    """A model after one step, with its optimiser; one of its weights is frozen."""
    model = llama(seed=seed)
    model.model.norm.weight.requires_grad = False
    optimizer = make_optimizer(model, TrainConfig(method="full", base="x", optimizer=optimizer))
    model(input_ids=torch.arange(8)[None]).logits.square().sum().backward()
    optimizer.step()
    return model, optimizer


def states(model, optimizer):
    return [(name, kind, value) for name, w in model.named_parameters() for kind, value in optimizer.state[w].items()]


@pytest.mark.parametrize("kind", ["adamw", "sgd"])
def test_what_is_loaded_is_what_was_saved(tmp_path, kind):
    model, optimizer = trained(kind)
    torch.manual_seed(3)
    progress = Progress(step=1, tokens=8, curve=[(1, 2.5, 0.1, 99.0)], validation=[(0, 3.0)])
    save_checkpoint(str(tmp_path), "k", model, optimizer, progress)
    expected = torch.rand(4)

    other, fresh = trained(kind, seed=1)
    assert load_checkpoint(str(tmp_path), "k", other, fresh) == progress
    assert torch.equal(torch.rand(4), expected)
    for (name, ours), theirs in zip(other.named_parameters(), model.parameters(), strict=True):
        assert torch.equal(ours, theirs) is (name != "model.norm.weight" or torch.equal(theirs, torch.ones(64)))
    ours, theirs = states(other, fresh), states(model, optimizer)
    assert len(ours) == len(theirs) >= 19
    assert all(a[:2] == b[:2] and torch.equal(a[2], b[2]) for a, b in zip(ours, theirs, strict=True))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_last_two_are_kept(tmp_path):
    model, optimizer = trained("sgd")
    for step in (1, 2, 10):
        save_checkpoint(str(tmp_path), "k", model, optimizer, Progress(step=step))
    assert names(tmp_path) == ["step-000000002.safetensors", "step-000000010.safetensors"]
    clear_checkpoints(str(tmp_path))
    assert names(tmp_path) == []


def test_a_damaged_or_foreign_file_is_removed_and_the_one_before_used(tmp_path):
    model, optimizer = trained("sgd")
    save_checkpoint(str(tmp_path), "k", model, optimizer, Progress(step=1))
    save_checkpoint(str(tmp_path), "other", model, optimizer, Progress(step=2))
    (tmp_path / "step-000000003.safetensors").write_bytes(b"cut off")
    assert load_checkpoint(str(tmp_path), "k", model, optimizer) == Progress(step=1)
    assert names(tmp_path) == ["step-000000001.safetensors"]


def test_without_a_checkpoint_there_is_nothing_to_load(tmp_path):
    model, optimizer = trained("sgd")
    assert load_checkpoint(str(tmp_path / "nowhere"), "k", model, optimizer) is None
