"""Proof, on the model at hand, that packed documents do not see each other.

Three documents are packed. The first is replaced: nothing may change for the others (same shapes, so same rounding).
The second is run alone: its logits must be those it had in the pack, or its positions did not restart. Half a second at
start-up, and a change in transformers, a new architecture or another backend can't break isolation unnoticed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from pipeline.io.packed import IGNORED, PackedRow
from pipeline.train.batch import MicroBatch, collate
from pipeline.train.device import Device
from pipeline.train.error import TrainError
from pipeline.train.loss import packed_logits

LENGTHS = (19, 13, 7)
# Of the largest logit. What stays equal has equal rounding; what is run alone has other shapes. Broken isolation moves
# logits by their own size (0.7 to 1.4 of the largest, for fresh Llamas of 1 to 25 million parameters).
LEAK_FRACTION = {torch.float32: 2e-6, torch.bfloat16: 0.02}
SHIFT_FRACTION = {torch.float32: 1e-3, torch.bfloat16: 0.1}
Forward = Callable[[torch.nn.Module, MicroBatch], Tensor]


def prove_isolation(
    model: torch.nn.Module, *, num_embeddings: int, device: Device, forward: Forward = packed_logits
) -> None:
    """Raise TrainError unless `forward` keeps packed documents apart, in train and in eval mode.

    `forward` gives the logits of shape (K, vocabulary) at the kept positions, here all of them.
    """
    first, other, second, third = _documents(num_embeddings)
    was_training = model.training
    for training in (True, False):
        model.train(training)
        packed = _logits(model, [first, second, third], num_embeddings, device, forward)
        changed = _logits(model, [other, second, third], num_embeddings, device, forward)
        alone = _logits(model, [second], num_embeddings, device, forward)
        _compare(packed, changed, alone, device, mode="train" if training else "eval")
    model.train(was_training)


def _documents(num_embeddings: int) -> list[np.ndarray]:
    """Token ids of a first document, another in its place (every token differs), a second and a third."""
    random = np.random.default_rng(0)
    first, second, third = (random.integers(0, num_embeddings, length).astype(np.int32) for length in LENGTHS)
    shift = random.integers(1, num_embeddings, LENGTHS[0])
    return [first, ((first + shift) % num_embeddings).astype(np.int32), second, third]


def _logits(
    model: torch.nn.Module, documents: list[np.ndarray], num_embeddings: int, device: Device, forward: Forward
) -> Tensor:
    ids_T = np.concatenate(documents)
    lengths_S = np.array([document.size for document in documents], np.int32)
    row = PackedRow(ids_T, np.full(ids_T.size, IGNORED, np.int32), lengths_S)
    batch = collate([row], num_embeddings=num_embeddings, device=device.name)
    everything = torch.arange(ids_T.size, device=device.name)
    with torch.no_grad(), device.autocast():
        return forward(model, MicroBatch(**{**vars(batch), "kept_K": everything})).float()


def _compare(packed: Tensor, changed: Tensor, alone: Tensor, device: Device, *, mode: str) -> None:
    length, scale = LENGTHS[0], float(packed.abs().max())
    own = float((packed[:length] - changed[:length]).abs().max())
    leak = float((packed[length:] - changed[length:]).abs().max())
    shift = float((packed[length : length + LENGTHS[1]] - alone).abs().max())
    if not own > LEAK_FRACTION[device.compute_dtype] * scale:
        raise TrainError("the base gives the same logits whatever it reads; are its weights those of a model?")
    if not leak <= LEAK_FRACTION[device.compute_dtype] * scale:
        raise TrainError(
            f"packed documents see each other in {mode} mode: changing one moves another's logits by {leak:.2g} "
            f"(largest logit {scale:.2g}), expected 0. This base can't be trained on packed rows; use another one."
        )
    if not shift <= SHIFT_FRACTION[device.compute_dtype] * scale:
        raise TrainError(
            f"a packed document differs from the same document alone by {shift:.2g} in {mode} mode (largest logit "
            f"{scale:.2g}): its positions do not restart. This base can't be trained on packed rows; use another one."
        )
