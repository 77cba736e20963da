"""Committed documents and the verdicts on them.

An *ordinal* is a document's row number over all shards of a set in order: documents are sorted by (source, position),
so the smaller ordinal is the `first` one. A *verdict file* (Arrow IPC, one batch) names what to leave out: whole
documents (columns of VERDICT, by ordinal) or spans of their text (columns of CUT, by ordinal and start). Text is not
rewritten for it: whoever reads a shard leaves out what the verdicts say, file after file, so that the offsets of a CUT
are those of the text as its job read it.
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
from pipeline.io.rewriting import with_rewritten_text
from pipeline.kernels.buffers import string_view

VERDICT = pa.schema(
    [
        pa.field("ordinal", pa.int64(), nullable=False),
        pa.field("keeper", pa.int64(), nullable=False),
        pa.field("jaccard", pa.float64(), nullable=False),
    ]
)
CUT = pa.schema(
    [
        pa.field("ordinal", pa.int64(), nullable=False),
        pa.field("start", pa.int64(), nullable=False),  # bytes of the document's UTF-8
        pa.field("end", pa.int64(), nullable=False),
        pa.field("keeper", pa.int64(), nullable=False),  # the document that keeps the passage; -1: none does
    ]
)
Ordinals = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shard:
    """One Parquet file of documents; `first_ordinal` is the ordinal of its first row.

    `scores`: the file with the signals of its documents, among others; empty where none were measured.
    """

    path: str
    rows: int
    first_ordinal: int
    bytes: int
    scores: str = ""


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
    parts = [
        part.column("ordinal").to_numpy()
        for part in (_mapped(path, start, stop) for path in verdicts)
        if part.schema == VERDICT
    ]
    return np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)


def _mapped(path: str, start: int, stop: int) -> pa.RecordBatch:
    """The rows of a verdict file whose ordinals lie in [start, stop)."""
    with pa.memory_map(path) as source, pa.ipc.open_file(source) as file:
        rows = file.get_batch(0) if file.num_record_batches else pa.RecordBatch.from_pylist([], file.schema)
    low, high = np.searchsorted(rows.column("ordinal").to_numpy(), [start, stop])
    return rows.slice(low, high - low)


def write_verdicts(path: str | Path, verdicts: pa.Table) -> None:
    """Write rows of VERDICT, sorted by ordinal, as one mappable batch."""
    ordered = verdicts.cast(VERDICT).sort_by("ordinal").combine_chunks()
    with atomic_path(path) as temporary, pa.ipc.new_file(str(temporary), VERDICT) as writer:
        writer.write_table(ordered)


def write_cuts(path: str | Path, cuts: pa.Table) -> None:
    """Write rows of CUT, sorted by ordinal and start, as one mappable batch. Spans of a document must not overlap."""
    ordered = cuts.cast(CUT).sort_by([("ordinal", "ascending"), ("start", "ascending")]).combine_chunks()
    with atomic_path(path) as temporary, pa.ipc.new_file(str(temporary), CUT) as writer:
        writer.write_table(ordered)


def read_shard(
    shard: Shard,
    verdicts: Sequence[str] = (),
    columns: Sequence[str] | None = None,
    batch_rows: int = 1024,
    wanted: Ordinals | None = None,
) -> Iterator[tuple[pa.RecordBatch, Ordinals]]:
    """Batches of a shard's documents that no verdict removes, each with its rows' ordinals (int64, shape (D,)).

    Where `text` is read, spans that a verdict cuts are left out of it; `edits`, if read, records them. `wanted`, which
    ascends, names the only documents to come: row groups without any are not read.
    """
    stop = shard.first_ordinal + shard.rows
    gone = removed_ordinals(verdicts, shard.first_ordinal, stop)
    cuts = [part for path in verdicts if (part := _mapped(path, shard.first_ordinal, stop)).schema == CUT]
    with pq.ParquetFile(shard.path) as file:
        for group, ordinals_G in _row_groups(file, shard.first_ordinal, wanted):
            at = 0
            for batch in file.iter_batches(batch_rows, row_groups=[group], columns=list(columns) if columns else None):
                ordinals = ordinals_G[at : at + batch.num_rows]
                at += batch.num_rows
                stays = ~np.isin(ordinals, gone, assume_unique=True)
                if wanted is not None:
                    stays &= np.isin(ordinals, wanted, assume_unique=True)
                if not stays.all():
                    batch, ordinals = batch.filter(pa.array(stays)), ordinals[stays]
                if ordinals.size:
                    yield _without_cuts(batch, ordinals, cuts), ordinals


def _row_groups(file: pq.ParquetFile, first_ordinal: int, wanted: Ordinals | None) -> Iterator[tuple[int, Ordinals]]:
    """Number and ordinals of the row groups that hold wanted documents."""
    for group in range(file.num_row_groups):
        end = first_ordinal + file.metadata.row_group(group).num_rows
        if wanted is None or np.searchsorted(wanted, first_ordinal) < np.searchsorted(wanted, end):
            yield group, np.arange(first_ordinal, end, dtype=np.int64)
        first_ordinal = end


def _without_cuts(batch: pa.RecordBatch, ordinals: Ordinals, cuts: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    if "text" not in batch.schema.names:
        return batch
    for rows in cuts:
        low, high = np.searchsorted(rows.column("ordinal").to_numpy(), [ordinals[0], ordinals[-1] + 1])
        if low < high:
            batch = _cut(batch, ordinals, rows.slice(low, high - low))
    return batch


def _cut(batch: pa.RecordBatch, ordinals: Ordinals, cuts: pa.RecordBatch) -> pa.RecordBatch:
    """The documents less these spans of their text; spans of documents that are not there do not count."""
    from pipeline.kernels.rewrite import Spans

    ordinal_S, start_S, end_S = (cuts.column(name).to_numpy() for name in ("ordinal", "start", "end"))
    row_S = np.minimum(np.searchsorted(ordinals, ordinal_S), ordinals.size - 1)
    here = ordinals[row_S] == ordinal_S
    row_S = row_S[here]
    _, offsets_D1 = string_view(batch.column("text"))
    begin_S = offsets_D1[row_S].astype(np.int64)
    span_offsets_D1 = np.searchsorted(row_S, np.arange(ordinals.size + 1)).astype(np.int32)
    starts, ends = ((begin_S + edge[here]).astype(np.int32) for edge in (start_S, end_S))
    spans = Spans(starts, ends, np.zeros(row_S.size, np.uint8), span_offsets_D1)
    return with_rewritten_text(batch, spans, [b""])
