"""Committed documents and the verdicts on them.

An *ordinal* is a document's row number over all shards of a set in order: documents are sorted by (source, position),
so the smaller ordinal is the `first` one. A *verdict file* (Arrow IPC, one batch, columns of VERDICT sorted by
ordinal) names documents to leave out; text is not rewritten for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.io.commit import atomic_path

VERDICT = pa.schema(
    [
        pa.field("ordinal", pa.int64(), nullable=False),
        pa.field("keeper", pa.int64(), nullable=False),
        pa.field("jaccard", pa.float64(), nullable=False),
    ]
)
Ordinals = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shard:
    """One Parquet file of documents; `first_ordinal` is the ordinal of its first row."""

    path: str
    rows: int
    first_ordinal: int
    bytes: int


@dataclass(frozen=True)
class Documents:
    """A committed set of documents: its shards in order, less what the verdict files remove."""

    shards: tuple[Shard, ...] = ()
    verdicts: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows in the shards, removed ones included."""
        return sum(shard.rows for shard in self.shards)


def removed_ordinals(verdicts: Sequence[str], start: int, stop: int) -> Ordinals:
    """Sorted ordinals in [start, stop) that the verdict files remove. Files are mapped, not read."""
    parts = []
    for path in verdicts:
        ordinals = _mapped_ordinals(path)
        low, high = np.searchsorted(ordinals, [start, stop])
        parts.append(ordinals[low:high])
    return np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)


def _mapped_ordinals(path: str) -> Ordinals:
    with pa.memory_map(path) as source:
        table = pa.ipc.open_file(source).read_all()
    if table.num_rows == 0:
        return np.empty(0, np.int64)
    return table.column("ordinal").chunk(0).to_numpy()


def write_verdicts(path: str | Path, verdicts: pa.Table) -> None:
    """Write rows of VERDICT, sorted by ordinal, as one mappable batch."""
    ordered = verdicts.cast(VERDICT).sort_by("ordinal").combine_chunks()
    with atomic_path(path) as temporary, pa.ipc.new_file(str(temporary), VERDICT) as writer:
        writer.write_table(ordered)


def read_shard(
    shard: Shard, verdicts: Sequence[str] = (), columns: Sequence[str] | None = None, batch_rows: int = 1024
) -> Iterator[tuple[pa.RecordBatch, Ordinals]]:
    """Batches of a shard's documents that no verdict removes, each with its rows' ordinals (int64, shape (D,))."""
    gone = removed_ordinals(verdicts, shard.first_ordinal, shard.first_ordinal + shard.rows)
    at = shard.first_ordinal
    with pq.ParquetFile(shard.path) as file:
        for batch in file.iter_batches(batch_size=batch_rows, columns=list(columns) if columns else None):
            ordinals = np.arange(at, at + batch.num_rows, dtype=np.int64)
            at += batch.num_rows
            stays = ~np.isin(ordinals, gone, assume_unique=True)
            if stays.all():
                yield batch, ordinals
            elif stays.any():
                yield batch.filter(pa.array(stays)), ordinals[stays]
