"""Arrow columns on each hop, and what a stage says of a batch.

Shapes: D = documents in the batch.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Float64 = npt.NDArray[np.float64]

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
        pa.field("jaccard", pa.float64()),  # null where the texts themselves were not compared
    ]
)
CUT_EVIDENCE = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("start", pa.int64(), nullable=False),  # bytes of the text as the stage read it
        pa.field("end", pa.int64(), nullable=False),
        pa.field("keeper_id", pa.string()),  # null where no document keeps a copy
        pa.field("kind", pa.string(), nullable=False),
    ]
)
NEAR_MISS = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("other_id", pa.string(), nullable=False),
        pa.field("jaccard", pa.float64(), nullable=False),
    ]
)

RESERVED = frozenset(f.name for f in _DOCUMENT_FIELDS) | {"meta"}


def document_schema(lifted: Mapping[str, str] | None = None) -> pa.Schema:
    """Schema of DOCUMENT rows; `lifted` names the user's own typed columns, which stand before `meta`."""
    extra = [pa.field(name, _COLUMN_TYPES[kind]) for name, kind in (lifted or {}).items()]
    return pa.schema([*_DOCUMENT_FIELDS, *extra, _META])


_SCORE_FIELDS = [
    pa.field("doc_id", pa.string(), nullable=False),
    pa.field("source", pa.string(), nullable=False),
    pa.field("lang", pa.string()),
    pa.field("num_bytes", pa.int64(), nullable=False),
]


def score_schema(signals: Sequence[str]) -> pa.Schema:
    """Schema of `scores/`: one row per document that was read, kept or not.

    lang: the label a stage of this job gave it, or it had before; num_bytes: of its text as read; then one float64
    column per signal, named `stage.signal`, null where not measured.
    """
    return pa.schema([*_SCORE_FIELDS, *(pa.field(s, pa.float64()) for s in signals)])


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

    gone_D: bool; value_D: float64; threshold: of every document, or one each, float64 of shape (D,).
    """

    name: str
    gone_D: npt.NDArray[np.bool_]
    value_D: Float64
    threshold: float | Float64


Comparison = Literal["<", "<=", ">", ">="]
_COMPARE: Mapping[str, Callable[..., Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Limit:
    """A drop rule as a bound on one signal: a document goes where `signal` `comparison` `threshold` holds.

    by_language: thresholds of documents with that label, instead. A threshold of None is no bound, and a value of NaN
    was not measured: both drop nothing.
    """

    rule: str
    signal: str
    comparison: Comparison
    threshold: float | None
    by_language: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def is_on(self) -> bool:
        """False where it can't drop anything."""
        return any(one is not None for one in (self.threshold, *self.by_language.values()))

    def rule_on(self, value_D: Float64, lang: pa.StringArray) -> Rule:
        """The rule on documents with these values and labels (null: none)."""
        threshold_D = np.full(value_D.size, np.nan if self.threshold is None else self.threshold)
        for label, threshold in self.by_language.items():
            has_label_D = pc.fill_null(pc.equal(lang, label), False).to_numpy(zero_copy_only=False)
            threshold_D[has_label_D] = np.nan if threshold is None else threshold
        gone_D = _COMPARE[self.comparison](value_D, threshold_D)
        return Rule(self.rule, gone_D, value_D, threshold_D)


def limit_rules(limits: Sequence[Limit], signals: Mapping[str, Float64], lang: pa.StringArray) -> list[Rule]:
    """The rules of those `limits` that are on, in order; for signals of a batch, or of a whole run's scores."""
    return [limit.rule_on(signals[limit.signal], lang) for limit in limits if limit.is_on]


@dataclass(frozen=True)
class Verdict:
    """What a stage says of a batch of DOCUMENT: in = kept + dropped, and what it measured.

    kept: DOCUMENT rows that stay, in order, rewritten where the stage rewrites.
    dropped: DROPPED rows, one per row that goes, in order; the first rule that fired is the reason.
    stays_D: bool, True where the row stays.
    signals: float64 arrays of shape (D,) for every row of the batch, kept or not.
    evaluated, fired: per rule, of how many rows it had a value and a threshold, and on how many it holds, whether or
    not an earlier rule took them.
    lang: labels of every row, kept or not, from a stage that gives labels.
    """

    kept: pa.RecordBatch
    dropped: pa.RecordBatch
    stays_D: npt.NDArray[np.bool_]
    signals: Mapping[str, Float64]
    evaluated: Mapping[str, int] = field(default_factory=dict)
    fired: Mapping[str, int] = field(default_factory=dict)
    lang: pa.StringArray | None = None

    def reasons(self) -> dict[str, int]:
        """Count of dropped rows per rule."""
        counts = self.dropped.column("rule").value_counts()
        return dict(zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True))


class RowStage(Protocol):
    """A stage that looks at one document at a time. One instance per worker; holds no state between batches.

    rules and signals are known before the first batch, so that a rule that never fired can be reported. Calling it
    measures a batch, then judges it by `rules_on`, which needs nothing but what was measured: the same judgement can
    be made later from `scores/`, under other thresholds.
    """

    name: str
    rules: tuple[str, ...]
    signals: tuple[str, ...]

    def __call__(self, batch: pa.RecordBatch) -> Verdict: ...

    def rules_on(self, signals: Mapping[str, Float64], lang: pa.StringArray) -> list[Rule]: ...


def judge(
    stage: str,
    batch: pa.RecordBatch,
    rules: Sequence[Rule],
    signals: Mapping[str, Float64],
    kept: pa.RecordBatch | None = None,
    lang: pa.StringArray | None = None,
) -> Verdict:
    """Verdict of the first rule that fires on each document of `batch`.

    `kept` replaces the batch where the stage rewrote or labelled documents; it has the rows of `batch`. `lang`: labels
    it gave.
    """
    num_docs = batch.num_rows
    first_D = np.full(num_docs, -1, np.int64)
    for i in reversed(range(len(rules))):
        first_D[rules[i].gone_D] = i
    gone = np.flatnonzero(first_D >= 0)
    which = first_D[gone]
    value, threshold = np.empty(gone.size, np.float64), np.empty(gone.size, np.float64)
    for i, rule in enumerate(rules):
        value[which == i] = rule.value_D[gone[which == i]]
        threshold[which == i] = np.broadcast_to(rule.threshold, num_docs)[gone[which == i]]
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
    evaluated = {rule.name: int((~np.isnan(rule.value_D + rule.threshold)).sum()) for rule in rules}
    fired = {rule.name: int(rule.gone_D.sum()) for rule in rules}
    return Verdict(stays, dropped, first_D < 0, signals, evaluated, fired, lang)


def with_column(batch: pa.RecordBatch, name: str, values: pa.Array) -> pa.RecordBatch:
    """`batch` with other values in one of its columns."""
    return batch.set_column(batch.schema.get_field_index(name), batch.schema.field(name), values)
