"""A row job: every slice streams through the neighbouring row stages and leaves its shards, then its counts.

sources or committed shards -> stages in order -> documents, dropped, quarantine, scores -> sidecar
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import InputConfig, StageEntry
from pipeline.io.dataset import Shard, read_shard
from pipeline.io.progress import Progress, ProgressFile
from pipeline.io.reading import ReadBatch, read_slice
from pipeline.io.shards import LanguageShardWriter, ShardWriter
from pipeline.io.slices import Slice
from pipeline.io.warm import warm_readers
from pipeline.schema import DROPPED, QUARANTINE, RowStage, Verdict, document_schema, score_schema
from pipeline.stages.make import make_stage, untrained_signals

Writer = ShardWriter | LanguageShardWriter
OUTPUTS = ("documents", "dropped", "quarantine", "scores")


@dataclass(frozen=True)
class RowPlan:
    """What all slices of a row job share: where each of OUTPUTS goes, and what stands before its file names."""

    stages: tuple[StageEntry, ...]
    lifted: Mapping[str, str]
    signals: tuple[str, ...]
    folders: Mapping[str, str]
    prefixes: Mapping[str, str]
    progress_dir: str
    keep_dropped_text: bool
    splits_languages: bool = False


@dataclass(frozen=True)
class SourceSlice:
    """A slice of the inputs."""

    plan: RowPlan
    slice: Slice
    inputs: tuple[InputConfig, ...]

    @property
    def id(self) -> str:
        return f"{self.slice.index:06d}"

    def read(self) -> Iterator[ReadBatch]:
        return read_slice(self.slice, self.inputs)


@dataclass(frozen=True)
class ShardSlice:
    """One committed shard, less what the verdicts remove."""

    plan: RowPlan
    index: int
    shard: Shard
    verdicts: tuple[str, ...]

    @property
    def id(self) -> str:
        return f"{self.index:06d}"

    def read(self) -> Iterator[ReadBatch]:
        nothing = pa.RecordBatch.from_pylist([], QUARANTINE)
        for batch, ordinals in read_shard(self.shard, self.verdicts):
            share = self.shard.bytes * ordinals.size // max(1, self.shard.rows)
            yield ReadBatch(batch, nothing, {}, ordinals.size, share, {}, 0)


@lru_cache(maxsize=8)
def _stages_of_this_worker(frozen: str) -> tuple[RowStage, ...]:
    """Models are loaded once a worker, not once a slice; the settings travel as JSON because dicts have no hash."""
    entries = [StageEntry.model_validate_json(text) for text in frozen.split("\n") if text]
    return tuple(make_stage(entry) for entry in entries)


def stages_of(entries: Sequence[StageEntry]) -> tuple[RowStage, ...]:
    """The batch functions of `entries` in order, from this process's cache."""
    return _stages_of_this_worker("\n".join(e.model_dump_json(exclude_unset=True) for e in entries))


def warm(entries: Sequence[StageEntry], inputs: Sequence[InputConfig] = ()) -> None:
    """Send one small batch through the stages here: models load, and kernels are compiled before workers start, those
    of the readers of `inputs` too.
    """
    warm_readers({one.format for one in inputs})
    schema = document_schema()
    row: dict[str, Any] = dict.fromkeys(schema.names)
    row |= {
        "doc_id": "0" * 32,
        "source": "",
        "position": 0,
        "text": "Warm.\n\nsomeone@example.org at 8.8.8.8 \u00e9\u4e2d",
    }
    batch = pa.RecordBatch.from_pylist([row], schema)
    for stage in stages_of(entries):
        stage(batch)


def signals_of(entries: Sequence[StageEntry]) -> tuple[str, ...]:
    """Names of every signal that the row stages of a recipe measure, in order: the columns of `scores/`."""
    return tuple(signal for entry in entries for signal in _signals_of(entry))


def _signals_of(entry: StageEntry) -> tuple[str, ...]:
    if entry.trains_model:  # there is no model yet
        return untrained_signals(entry)
    (stage,) = stages_of([entry])
    return stage.signals


@dataclass
class StageTally:
    """Counts of one stage on one slice."""

    name: str
    rules: tuple[str, ...]
    rows_in: int = 0
    rows_out: int = 0
    seconds: float = 0.0
    dropped: Counter[str] = field(default_factory=Counter)
    evaluated: Counter[str] = field(default_factory=Counter)
    fired: Counter[str] = field(default_factory=Counter)
    signal_sums: dict[str, float] = field(default_factory=dict)

    def add(self, verdict: Verdict, seconds: float) -> None:
        self.rows_in += verdict.stays_D.size
        self.rows_out += verdict.kept.num_rows
        self.seconds += seconds
        self.dropped.update(verdict.reasons())
        self.evaluated.update(verdict.evaluated)
        self.fired.update(verdict.fired)
        for name, values in verdict.signals.items():
            self.signal_sums[name] = self.signal_sums.get(name, 0.0) + float(np.nansum(values))

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "rules": list(self.rules),
            "in": self.rows_in,
            "out": self.rows_out,
            "dropped": dict(sorted(self.dropped.items())),
            "evaluated": dict(sorted(self.evaluated.items())),
            "fired": dict(sorted(self.fired.items())),
            "seconds": self.seconds,
            "signal_sums": self.signal_sums,
        }


def run_slice(task: SourceSlice | ShardSlice) -> dict[str, Any]:
    """Stream one slice through the stages and write its shards; its counts come back for the sidecar."""
    plan, stages = task.plan, stages_of(task.plan.stages)
    progress = ProgressFile(plan.progress_dir, task.id)
    tallies = [StageTally(stage.name, stage.rules) for stage in stages]
    totals = _Totals()
    writers = {name: _writer(plan, name, task.id) for name in OUTPUTS}
    with ExitStack() as open_files:
        for writer in writers.values():
            open_files.enter_context(writer)
        for read in task.read():
            kept = _run_batch(read.documents, stages, tallies, writers, plan)
            writers["quarantine"].write(read.quarantine)
            totals.add(read, kept)
            progress.add(Progress(read.documents.num_rows, kept.num_rows, read.bytes_read))
    return {
        **totals.as_json(),
        "stages": [tally.as_json() for tally in tallies],
        "files": {name: summary for name, writer in writers.items() if (summary := writer.summaries())},
    }


def _writer(plan: RowPlan, output: str, task_id: str) -> Writer:
    schemas = {
        "documents": document_schema(plan.lifted),
        "dropped": DROPPED,
        "quarantine": QUARANTINE,
        "scores": score_schema(plan.signals),
    }
    path = Path(plan.folders[output], f"{plan.prefixes[output]}{task_id}.parquet")
    path.unlink(missing_ok=True)
    if output == "documents" and plan.splits_languages:
        return LanguageShardWriter(path, schemas[output])
    return ShardWriter(path, schemas[output])


def _run_batch(
    batch: pa.RecordBatch,
    stages: Sequence[RowStage],
    tallies: Sequence[StageTally],
    writers: Mapping[str, Writer],
    plan: RowPlan,
) -> pa.RecordBatch:
    """The documents that every stage keeps. Scores, and what was dropped, are written in the order of the rows."""
    read, alive, lang = batch, np.arange(batch.num_rows), batch.column("lang")
    signals: dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]] = {}
    dropped: list[tuple[npt.NDArray[np.int64], pa.RecordBatch]] = []
    for stage, tally in zip(stages, tallies, strict=True):
        began = time.perf_counter()
        verdict = stage(batch)
        tally.add(verdict, time.perf_counter() - began)
        dropped.append((alive[~verdict.stays_D], verdict.dropped))
        signals.update({name: (alive, values) for name, values in verdict.signals.items()})
        if verdict.lang is not None:
            lang = _with_values(lang, alive, verdict.lang)
        alive, batch = alive[verdict.stays_D], verdict.kept
    writers["dropped"].write(_in_row_order(dropped, plan.keep_dropped_text))
    if signals:
        writers["scores"].write(_score_rows(read, lang, signals, plan.signals))
    writers["documents"].write(batch)
    return batch


def _in_row_order(dropped: Sequence[tuple[npt.NDArray[np.int64], pa.RecordBatch]], keep_text: bool) -> pa.RecordBatch:
    """What all stages dropped of one batch, in the order in which it was read: no trace of where batches end."""
    together = pa.concat_batches([pa.RecordBatch.from_pylist([], DROPPED), *(rows for _, rows in dropped)])
    order = np.argsort(np.concatenate([np.empty(0, np.int64), *(at for at, _ in dropped)]))
    together = together.take(pa.array(order))
    if keep_text:
        return together
    column = together.schema.get_field_index("text")
    return together.set_column(column, together.schema.field(column), pa.nulls(together.num_rows, pa.string()))


def _with_values(column: pa.StringArray, rows: npt.NDArray[np.int64], values: pa.StringArray) -> pa.StringArray:
    """`column` with `values` in these rows."""
    if rows.size == len(column):
        return values
    from_values = np.arange(len(column))
    from_values[rows] = len(column) + np.arange(rows.size)
    return pa.concat_arrays([column, values]).take(pa.array(from_values))


def _score_rows(
    read: pa.RecordBatch,
    lang: pa.StringArray,
    signals: Mapping[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]],
    columns: Sequence[str],
) -> pa.RecordBatch:
    """One row per document read; a signal that was not measured, or is NaN, is null."""
    num_bytes = pc.binary_length(read.column("text")).cast(pa.int64())
    arrays: list[pa.Array] = [read.column("doc_id"), read.column("source"), lang, num_bytes]
    for name in columns:
        values = np.full(read.num_rows, np.nan)
        if name in signals:
            rows, measured = signals[name]
            values[rows] = measured
        arrays.append(pa.array(values, mask=np.isnan(values)))
    return pa.RecordBatch.from_arrays(arrays, schema=score_schema(columns))


@dataclass
class _Totals:
    """What a slice read and kept."""

    records: int = 0
    documents: int = 0
    kept: int = 0
    kept_text_bytes: int = 0
    bytes_read: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    inputs: dict[str, Counter[str]] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    def add(self, read: ReadBatch, kept: pa.RecordBatch) -> None:
        self.records += read.records
        self.documents += read.documents.num_rows
        self.kept += kept.num_rows
        self.kept_text_bytes += pc.sum(pc.binary_length(kept.column("text"))).as_py() or 0
        self.bytes_read += read.bytes_read
        self.skipped.update(read.skipped)
        # a batch has few of these, or the run stops
        self.quarantined.update(read.quarantine.column("reason").to_pylist())
        tally = self.inputs.setdefault(str(read.input_index), Counter())
        tally.update(records=read.records, quarantined=read.quarantine.num_rows)
        self.digests.update(read.digests)

    def as_json(self) -> dict[str, Any]:
        return {
            "records": self.records,
            "documents": self.documents,
            "kept": self.kept,
            "kept_text_bytes": self.kept_text_bytes,
            "bytes_read": self.bytes_read,
            "skipped": dict(sorted(self.skipped.items())),
            "quarantined": dict(sorted(self.quarantined.items())),
            "inputs": self.inputs,
            "digests": self.digests,
        }
