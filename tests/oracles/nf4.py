"""NF4 with double quantisation, read from the stored bytes with plain torch (Dettmers et al. 2023, appendix E)."""

from __future__ import annotations

import torch
from torch import Tensor

LEVELS = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)  # fmt: skip


def dequantize(
    packed: Tensor, absmax_codes: Tensor, absmax_levels: Tensor, absmax_scales: Tensor, offset: float, shape: torch.Size
) -> Tensor:
    """Weights of `shape` from 4-bit codes, two to a byte (the first in the high half), in blocks of 64.

    A block's largest magnitude is itself stored as an 8-bit code in blocks of 256, less their mean `offset`.
    """
    largest = absmax_levels[absmax_codes.long()] * absmax_scales.repeat_interleave(256)[: absmax_codes.numel()] + offset
    weights = []
    for byte in packed.flatten().tolist():
        weights += [LEVELS[byte >> 4], LEVELS[byte & 15]]
    return (torch.tensor(weights).view(-1, 64) * largest.view(-1, 1)).view(shape)


def nearest_codes(weights: Tensor) -> Tensor:
    """The 4-bit code of each weight, in blocks of 64: the level nearest to the weight over its block's magnitude."""
    blocks = weights.flatten().view(-1, 64)
    scaled = blocks / blocks.abs().amax(dim=1, keepdim=True)
    return (scaled.unsqueeze(-1) - torch.tensor(LEVELS)).abs().argmin(dim=-1).flatten()
