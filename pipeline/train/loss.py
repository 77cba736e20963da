"""Negative log-likelihood of packed rows, in nats, summed in fp32 so that sums can be divided by all trained tokens.

A mean per micro-batch would weigh a token by how few others share its micro-batch; gradient accumulation would then
differ from one large batch (transformers issue 35203).
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.train.batch import MicroBatch
from pipeline.train.device import Device


def packed_logits(model: torch.nn.Module, batch: MicroBatch) -> Tensor:
    """Logits at the kept positions: shape (K, vocabulary). Those of ignored tokens are never computed."""
    output = model(
        input_ids=batch.input_ids,
        position_ids=batch.position_ids,
        use_cache=False,
        cu_seq_lens_q=batch.cu_seq_lens,
        cu_seq_lens_k=batch.cu_seq_lens,
        max_length_q=batch.max_length,
        max_length_k=batch.max_length,
        logits_to_keep=batch.kept_K,
    )
    logits: Tensor = output.logits[0]
    return logits


def summed_loss(model: torch.nn.Module, batch: MicroBatch) -> Tensor:
    """Sum over the trained tokens of a micro-batch: fp32 scalar, 0 where nothing is trained."""
    return F.cross_entropy(packed_logits(model, batch).float(), batch.targets_K, reduction="sum")


def mean_loss(model: torch.nn.Module, batches: Iterable[MicroBatch], device: Device) -> float:
    """Loss per trained token over all batches, in eval mode and without gradients; the model's mode is put back."""
    was_training = model.training
    model.eval()
    total, trained = 0.0, 0
    try:
        with torch.no_grad():
            for batch in batches:
                with device.autocast():
                    total += float(summed_loss(model, batch))
                trained += batch.targets_K.numel()
    finally:
        model.train(was_training)
    return total / max(trained, 1)
