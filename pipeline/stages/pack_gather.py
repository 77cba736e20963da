"""Last phase of packing: the rows of one output shard, gathered from the encoded shards.

Shapes: S = pieces, R = rows, T = tokens end to end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.io.packed import Manifest, Pieces, row_batch, shard_schema, write_shard
from pipeline.stages.pack_encode import EncodedShard
from pipeline.stages.pack_plan import SplitPlan

BATCH_TOKENS = 1 << 20  # tokens of one record batch; bounds the memory of a gather at some 40 bytes per token
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class GatherShard:
    """Write rows first_row to last_row (exclusive) of a plan as one packed shard.

    encoded: the stem of every encoded shard, and the number of its first document.
    """

    plan_stem: str
    encoded: tuple[tuple[str, int], ...]
    first_row: int
    last_row: int
    path: str
    manifest: Manifest
    columns: str
    all_trained: bool


def gather_shard(job: GatherShard) -> dict[str, Any]:
    """Write the shard; what `write_shard` says of it, with its pieces and trained tokens."""
    counts = {"pieces": 0, "trained_tokens": 0}
    schema = shard_schema(job.manifest, columns=job.columns, stores_labels=job.columns == "full" or not job.all_trained)
    shard = write_shard(job.path, _batches(job, schema, counts), schema)
    return {"shard": asdict(shard), "rows": shard.rows, "tokens": shard.tokens, **counts}


def _batches(job: GatherShard, schema: pa.Schema, counts: dict[str, int]) -> Iterator[pa.RecordBatch]:
    plan = SplitPlan.open(job.plan_stem)
    source = _Source(job)
    step = max(1, BATCH_TOKENS // job.manifest.context_len)
    for low in range(job.first_row, job.last_row, step):
        high = min(low + step, job.last_row)
        pieces = source.pieces(plan, low, high)
        counts["pieces"] += pieces.lengths_S.size
        counts["trained_tokens"] += _num_trained(pieces)
        yield row_batch(pieces, schema)


def _num_trained(pieces: Pieces) -> int:
    """Labels that are not -100."""
    if pieces.trained_T is None:
        return int(pieces.ids_T.size - pieces.lengths_S.size)
    starts_S = np.cumsum(pieces.lengths_S, dtype=np.int64) - pieces.lengths_S
    return int(pieces.trained_T.sum() - pieces.trained_T[starts_S].sum())


class _Source:
    """Looks pieces up in the encoded shards, each opened when first needed."""

    def __init__(self, job: GatherShard) -> None:
        self._job = job
        self._first = np.array([first for _, first in job.encoded], np.int64)
        self._open: dict[int, EncodedShard] = {}

    def _shard(self, index: int) -> EncodedShard:
        if index not in self._open:
            self._open[index] = EncodedShard.open(self._job.encoded[index][0])
        return self._open[index]

    def pieces(self, plan: SplitPlan, first_row: int, last_row: int) -> Pieces:
        """The pieces of rows first_row to last_row, with their tokens."""
        from pipeline.kernels.runs import copy_runs

        bounds_R1 = plan.bounds_R1[first_row : last_row + 1]
        which = slice(int(bounds_R1[0]), int(bounds_R1[-1]))
        document_S, offset_S, length_S = plan.document_S[which], plan.offset_S[which], plan.length_S[which]
        shard_S = np.searchsorted(self._first, document_S, side="right") - 1
        to_S = np.cumsum(length_S) - length_S
        signed_T = np.empty(int(length_S.sum()), np.int32)
        doc_ids: list[pa.Array] = []
        listed: list[Ints] = []
        for index in np.unique(shard_S).tolist():
            shard, here = self._shard(index), np.flatnonzero(shard_S == index)
            local = document_S[here] - self._first[index]
            from_S = shard.start_D[local] + offset_S[here]
            copy_runs(shard.signed_T, from_S, length_S[here], signed_T, to_S[here])
            doc_ids.append(shard.doc_ids.take(pa.array(local)))
            listed.append(here)
        back_S = np.argsort(np.concatenate(listed))
        trained_T = signed_T >= 0
        return Pieces(
            ids_T=np.where(trained_T, signed_T, ~signed_T),
            trained_T=None if self._job.all_trained else trained_T,
            lengths_S=length_S.astype(np.int32),
            offsets_S=np.asarray(offset_S),
            doc_ids=pa.concat_arrays(doc_ids).take(pa.array(back_S)),
            pieces_R=np.diff(bounds_R1).astype(np.int32),
        )
