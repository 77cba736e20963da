from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from pipeline.io.packed import IGNORED, PackedRow
from pipeline.train.attention import register_backend
from pipeline.train.batch import MicroBatch, collate
from pipeline.train.device import Device
from pipeline.train.loss import mean_loss, packed_logits, summed_loss
from tests.pipeline.train import corpus

CPU = Device("cpu", False)


def batch_of(documents) -> MicroBatch:
    """The documents as one micro-batch whose logits are all kept."""
    ids = [np.asarray(document, np.int32) for document in documents]
    batch = collate([corpus.row(ids)], num_embeddings=96, device="cpu")
    return MicroBatch(**{**vars(batch), "kept_K": torch.arange(batch.input_ids.shape[1])})


def masked_row(seed: int) -> PackedRow:
    """A row in which about half of the tokens are trained."""
    whole = corpus.rows(1, seed)[0]
    out = np.random.default_rng(seed).random(whole.labels.size) < 0.5
    return PackedRow(whole.input_ids, np.where(out, IGNORED, whole.labels).astype(np.int32), whole.seq_lengths)


@pytest.fixture(scope="module")
def model():
    model = corpus.llama()
    model.set_attn_implementation(register_backend())
    return model


def separate_loss(model, rows):
    """Sum of losses and of trained tokens, one document at a time through transformers' own attention."""
    plain = corpus.llama()
    plain.load_state_dict(model.state_dict())
    total, trained = 0.0, 0
    for row in rows:
        bounds = np.append(0, np.cumsum(row.seq_lengths))
        for start, end in pairwise(bounds):
            ids = torch.from_numpy(row.input_ids[start:end].astype(np.int64))
            labels = torch.from_numpy(row.labels[start:end].astype(np.int64))
            logits = plain(input_ids=ids[None]).logits[0, :-1]
            total = total + F.cross_entropy(logits, labels[1:], ignore_index=IGNORED, reduction="sum")
            trained += int((labels[1:] != IGNORED).sum())
    return total, trained, plain


def test_packed_loss_and_gradients_are_those_of_separate_documents(model):
    rows = [masked_row(seed) for seed in range(3)]
    batch = collate(rows, num_embeddings=96, device="cpu")
    expected, trained, plain = separate_loss(model, rows)
    assert trained == batch.targets_K.numel() > 20
    model.zero_grad()
    loss = summed_loss(model, batch)
    assert loss.item() / trained == pytest.approx(expected.item() / trained, abs=1e-5)
    (loss / trained).backward()
    (expected / trained).backward()
    for ours, theirs in zip(model.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-6, rtol=1e-4)


def test_logits_of_ignored_tokens_are_not_computed(model):
    batch = collate([masked_row(0)], num_embeddings=96, device="cpu")
    assert packed_logits(model, batch).shape == (batch.targets_K.numel(), 96)
    assert batch.targets_K.numel() < batch.input_ids.numel() * 0.7


def test_mean_loss_weighs_every_token_alike_and_leaves_the_mode(model):
    rows = [masked_row(seed) for seed in range(3)]
    together = mean_loss(model.train(), [collate(rows, num_embeddings=96, device="cpu")], CPU)
    apart = mean_loss(model, [collate([row], num_embeddings=96, device="cpu") for row in rows], CPU)
    assert model.training
    assert together == pytest.approx(apart, abs=1e-6)


def test_a_batch_without_trained_tokens_has_no_loss(model):
    row = corpus.rows(1, 0)[0]
    nothing = PackedRow(row.input_ids, np.full_like(row.labels, IGNORED), row.seq_lengths)
    batch = collate([nothing], num_embeddings=96, device="cpu")
    assert summed_loss(model, batch).item() == 0
    assert mean_loss(model, [batch], CPU) == 0
