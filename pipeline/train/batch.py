"""Which rows make up each optimiser step, and rows as tensors.

The plan is a pure function of the rows' lengths, the seed and the settings: a checkpoint needs no data position beyond
its step, and a resumed training reads exactly what it would have read.

Shapes: R = rows of the split, N = rows of the plan (over all epochs), T = tokens end to end, S = pieces, K = tokens
that are predicted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.io.packed import IGNORED, PackedRow, PackedRows
from pipeline.train.error import TrainError

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Plan:
    """rows_N: row numbers in the order they are read. Step s, counted from 0, takes rows_N[bounds[s]:bounds[s + 1]]."""

    rows_N: Indices
    bounds: Indices

    @property
    def num_steps(self) -> int:
        """Optimiser steps."""
        return self.bounds.size - 1

    def rows_of(self, step: int) -> Indices:
        """Row numbers of one step, counted from 0."""
        return self.rows_N[self.bounds[step] : self.bounds[step + 1]]


@dataclass(frozen=True)
class MicroBatch:
    """Rows end to end as one row without padding, on the device.

    input_ids, position_ids: int64, shape (1, T). cu_seq_lens: int32, shape (S + 1,), bounds of the pieces, the longest
    of which has max_length tokens. kept_K: int64, positions whose next token is trained; targets_K: int64, that token.
    """

    input_ids: Tensor
    position_ids: Tensor
    cu_seq_lens: Tensor
    max_length: int
    kept_K: Tensor
    targets_K: Tensor


def row_lengths(rows: PackedRows) -> Indices:
    """Tokens of each row: int64, shape (R,)."""
    return np.fromiter((rows.row(r).input_ids.size for r in range(len(rows))), np.int64, len(rows))


def plan_steps(
    lengths_R: Indices, *, seed: int, batch_tokens: int, max_steps: int | None, epochs: float | None
) -> Plan:
    """Rows in seeded order, cut into steps of at most `batch_tokens` tokens and at least one row.

    Each epoch is a permutation of all rows; a step may span two epochs. `epochs` may be a fraction and counts rows
    (rounded, at least one); without it and without `max_steps` it is one.
    """
    if max_steps is not None:
        return _first_steps(lengths_R, seed, batch_tokens, max_steps)
    wanted = max(1, round((1.0 if epochs is None else epochs) * lengths_R.size))
    rows_N = np.concatenate([_epoch(lengths_R, seed, e) for e in range(-(-wanted // lengths_R.size))])[:wanted]
    return Plan(rows_N, _cut(lengths_R[rows_N], batch_tokens))


def _first_steps(lengths_R: Indices, seed: int, batch_tokens: int, max_steps: int) -> Plan:
    """As many epochs as it takes; one step more than needed is planned, so that none is cut short by an epoch's end."""
    epochs = 1
    while True:
        rows_N = np.concatenate([_epoch(lengths_R, seed, e) for e in range(epochs)])
        bounds = _cut(lengths_R[rows_N], batch_tokens)
        if bounds.size - 1 > max_steps:
            bounds = bounds[: max_steps + 1]
            return Plan(rows_N[: bounds[-1]], bounds)
        epochs *= 2


def _epoch(lengths_R: Indices, seed: int, epoch: int) -> Indices:
    return np.random.default_rng([seed, epoch]).permutation(lengths_R.size)


def _cut(lengths_N: Indices, batch_tokens: int) -> Indices:
    ends_N = np.cumsum(lengths_N)
    bounds = [0]
    while bounds[-1] < lengths_N.size:
        spent = ends_N[bounds[-1] - 1] if bounds[-1] else 0
        fits = int(np.searchsorted(ends_N, spent + batch_tokens, side="right"))
        bounds.append(max(fits, bounds[-1] + 1))
    return np.array(bounds, np.int64)


def micro_batches(
    rows: Sequence[PackedRow], *, micro_tokens: int, num_embeddings: int, device: str
) -> Iterator[MicroBatch]:
    """The rows, in order, in batches of at most `micro_tokens` tokens and at least one row."""
    bounds = _cut(np.array([row.input_ids.size for row in rows], np.int64), micro_tokens)
    for start, end in pairwise(bounds):
        yield collate(rows[start:end], num_embeddings=num_embeddings, device=device)


def collate(rows: Sequence[PackedRow], *, num_embeddings: int, device: str) -> MicroBatch:
    """Rows end to end. Refuses rows that would train a piece on its neighbour or hold ids the model doesn't know."""
    ids_T = np.concatenate([row.input_ids for row in rows]).astype(np.int64)
    labels_T = np.concatenate([row.labels for row in rows]).astype(np.int64)
    lengths_S = np.concatenate([row.seq_lengths for row in rows]).astype(np.int64)
    ends_S = np.cumsum(lengths_S)
    starts_S = ends_S - lengths_S
    _check_rows(ids_T, labels_T, starts_S, ends_S, num_embeddings)
    kept_K = np.flatnonzero(labels_T[1:] != IGNORED)
    within_T = np.arange(ids_T.size) - np.repeat(starts_S, lengths_S)
    return MicroBatch(
        input_ids=torch.from_numpy(ids_T).to(device).unsqueeze(0),
        position_ids=torch.from_numpy(within_T).to(device).unsqueeze(0),
        cu_seq_lens=torch.from_numpy(np.append(0, ends_S).astype(np.int32)).to(device),
        max_length=int(lengths_S.max()),
        kept_K=torch.from_numpy(kept_K).to(device),
        targets_K=torch.from_numpy(labels_T[kept_K + 1]).to(device),
    )


def _check_rows(ids_T: Indices, labels_T: Indices, starts_S: Indices, ends_S: Indices, num_embeddings: int) -> None:
    if not ids_T.size == labels_T.size == ends_S[-1]:
        raise TrainError(
            f"a packed row has {ids_T.size} tokens, {labels_T.size} labels and seq_lengths that sum to {ends_S[-1]}; "
            "the three must agree. Pack again."
        )
    if (labels_T[starts_S] != IGNORED).any():
        raise TrainError(
            "a packed row has a label at the first token of a piece, which would be learned from the piece before it; "
            f"expected {IGNORED} there. Pack again."
        )
    if ids_T.min() < 0 or ids_T.max() >= num_embeddings:
        raise TrainError(
            f"a packed row holds token ids from {ids_T.min()} to {ids_T.max()}, the base knows 0 to "
            f"{num_embeddings - 1}; pack with the base's own tokenizer"
        )
