"""Arrow columns on each hop, and what a stage says of a batch.

Shapes: D = documents in the batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string()), ("train", pa.bool_())])
EDIT = pa.struct([("start", pa.int64()), ("end", pa.int64()), ("new_length", pa.int64())])

_DOCUMENT_FIELDS = [
    pa.field("doc_id", pa.string(), nullable=False),
    pa.field("source", pa.string(), nullable=False),
    pa.field("position", pa.int64(), nullable=False),
    pa.field("id", pa.string()),
    pa.field("text", pa.string(), nullable=False),
    pa.field("messages", pa.list_(MESSAGE)),
    pa.field("url", pa.string()),
    pa.field("lang", pa.string()),
    pa.field("lang_score", pa.float32()),
    pa.field("edits", pa.list_(EDIT)),
]
_META = pa.field("meta", pa.string())
_COLUMN_TYPES = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_()}

DROPPED = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("stage", pa.string(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("threshold", pa.float64()),
        pa.field("text", pa.string()),
    ]
)
QUARANTINE = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("position", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("bytes", pa.binary(), nullable=False),
    ]
)
DUPLICATE = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("keeper_id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("jaccard", pa.float64(), nullable=False),
    ]
)

RESERVED = frozenset(f.name for f in _DOCUMENT_FIELDS) | {"meta"}


def document_schema(lifted: Mapping[str, str] | None = None) -> pa.Schema:
    """Schema of DOCUMENT rows; `lifted` names the user's own typed columns, which stand before `meta`."""
    extra = [pa.field(name, _COLUMN_TYPES[kind]) for name, kind in (lifted or {}).items()]
    return pa.schema([*_DOCUMENT_FIELDS, *extra, _META])


def score_schema(signals: Sequence[str]) -> pa.Schema:
    """Schema of `scores/`: doc_id and one float64 column per signal, named `stage.signal`; null where not measured."""
    return pa.schema([pa.field("doc_id", pa.string(), nullable=False), *(pa.field(s, pa.float64()) for s in signals)])


def packed_schema(columns: str) -> pa.Schema:
    """Schema of a packed row; `lean` leaves out what can be rebuilt."""
    tokens, counts = pa.list_(pa.int32()), pa.list_(pa.int32())
    full = {
        "input_ids": tokens,
        "labels": tokens,
        "position_ids": tokens,
        "seq_lengths": counts,
        "doc_ids": pa.list_(pa.string()),
        "offsets": pa.list_(pa.int64()),
    }
    left_out = {"position_ids"} if columns == "lean" else set()
    return pa.schema([pa.field(n, t) for n, t in full.items() if n not in left_out])


@dataclass(frozen=True)
class Rule:
    """One drop rule on one batch: who goes, and the measured value against its threshold.

    gone_D: bool; value_D: float64.
    """

    name: str
    gone_D: npt.NDArray[np.bool_]
    value_D: npt.NDArray[np.float64]
    threshold: float


@dataclass(frozen=True)
class Verdict:
    """What a stage says of a batch of DOCUMENT: in = kept + dropped, and what it measured.

    kept: DOCUMENT rows that stay, in order, rewritten where the stage rewrites.
    dropped: DROPPED rows, one per row that goes, in order; the first rule that fired is the reason.
    stays_D: bool, True where the row stays.
    signals: float64 arrays of shape (D,) for every row of the batch, kept or not.
    """

    kept: pa.RecordBatch
    dropped: pa.RecordBatch
    stays_D: npt.NDArray[np.bool_]
    signals: Mapping[str, npt.NDArray[np.float64]]

    def reasons(self) -> dict[str, int]:
        """Count of dropped rows per rule."""
        counts = self.dropped.column("rule").value_counts()
        return dict(zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True))


class RowStage(Protocol):
    """A stage that looks at one document at a time. One instance per worker; holds no state between batches.

    rules and signals are known before the first batch, so that a rule that never fired can be reported.
    """

    name: str
    rules: tuple[str, ...]
    signals: tuple[str, ...]

    def __call__(self, batch: pa.RecordBatch) -> Verdict: ...


def judge(
    stage: str,
    batch: pa.RecordBatch,
    rules: Sequence[Rule],
    signals: Mapping[str, npt.NDArray[np.float64]],
    kept: pa.RecordBatch | None = None,
) -> Verdict:
    """Verdict of the first rule that fires on each document of `batch`.

    `kept` replaces the batch where the stage rewrote or labelled documents; it has the rows of `batch`.
    """
    num_docs = batch.num_rows
    first_D = np.full(num_docs, -1, np.int64)
    for i in reversed(range(len(rules))):
        first_D[rules[i].gone_D] = i
    gone = np.flatnonzero(first_D >= 0)
    which = first_D[gone]
    value = np.empty(gone.size, np.float64)
    for i, rule in enumerate(rules):
        value[which == i] = rule.value_D[gone[which == i]]
    threshold = np.array([rule.threshold for rule in rules], np.float64)[which]
    dropped = pa.RecordBatch.from_arrays(
        [
            batch.column("doc_id").take(pa.array(gone)),
            pa.repeat(stage, gone.size),
            pa.array([rule.name for rule in rules], pa.string()).take(pa.array(which)),
            pa.array(value),
            pa.array(threshold),
            batch.column("text").take(pa.array(gone)),
        ],
        schema=DROPPED,
    )
    stays = kept if kept is not None else batch
    if gone.size:
        stays = stays.filter(pa.array(first_D < 0))
    return Verdict(stays, dropped, first_D < 0, signals)
