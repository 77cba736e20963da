"""Attention within documents the slow way: a matrix of all tokens by all tokens, forbidden pairs at minus infinity."""

from __future__ import annotations

import torch
from torch import Tensor


def attention(query: Tensor, key: Tensor, value: Tensor, lengths: list[int], window: int | None = None) -> Tensor:
    """(1, H, T, E) queries, (1, K, T, E) keys and values -> (1, T, H, E)."""
    groups = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
    document = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))
    at = torch.arange(document.numel())
    allowed = (document[:, None] == document[None, :]) & (at[:, None] >= at[None, :])
    if window is not None:
        allowed &= at[:, None] - at[None, :] < window
    scores = query @ key.transpose(2, 3) * query.shape[-1] ** -0.5
    weights = torch.softmax(scores.masked_fill(~allowed, float("-inf")), dim=-1)
    return (weights @ value).transpose(1, 2)
