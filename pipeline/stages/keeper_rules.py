"""Which of several equal documents stays: the keeper rules as numbers that sort.

Every rule becomes a column of uint64 in which the smaller number stays; documents that tie in all of them are ranked by
ordinal, so the first of them stays. Rules read columns of the documents, or signals from `scores/`.

Shapes: D = documents in the batch, R = rules.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.config import ColumnRule, KeeperRule, Recipe, StageEntry
from pipeline.errors import UserError
from pipeline.io.dataset import Ordinals, Shard, read_shard

UInt64 = npt.NDArray[np.uint64]
LAST = np.uint64(2**64 - 1)  # the rank of a document without a value
ALWAYS_THERE = ("lang_score", "source")


def ranking(prefer: Sequence[KeeperRule]) -> tuple[KeeperRule, ...]:
    """The rules that still decide something: `first` leaves no ties, whatever comes behind it."""
    return tuple(prefer[: prefer.index("first")]) if "first" in prefer else tuple(prefer)


def read_ranked(
    shard: Shard,
    verdicts: Sequence[str],
    columns: Sequence[str],
    prefer: Sequence[KeeperRule],
    wanted: Ordinals | None = None,
) -> Iterator[tuple[pa.RecordBatch, Ordinals, UInt64]]:
    """Batches of `read_shard` with at least `columns`, their ordinals, and the rank of each row: uint64, (R, D)."""
    rules = ranking(prefer)
    asked = {rule.column for rule in rules if isinstance(rule, ColumnRule)}
    with pq.ParquetFile(shard.path) as file:
        own = asked & set(file.schema_arrow.names)
    scores = _scores(shard, sorted(asked - own))
    text = {"text"} if "longest" in rules else set()
    key = {"doc_id"} if asked - own else set()
    names = list(dict.fromkeys([*columns, *sorted(own | text | key)]))
    for batch, ordinals in read_shard(shard, verdicts, names, wanted=wanted):
        found = {name: batch.column(name) for name in own}
        if scores is not None:
            at = pc.index_in(batch.column("doc_id"), value_set=scores.column("doc_id"))
            found |= {name: scores.column(name).take(at).combine_chunks() for name in asked - own}
        yield batch, ordinals, _ranks(rules, batch, found)


def _scores(shard: Shard, signals: Sequence[str]) -> pa.Table | None:
    """The signals of the slice that the shard comes from; a slice of which nothing was measured has no such file."""
    return pq.read_table(shard.scores, columns=["doc_id", *signals]) if signals else None


def _ranks(rules: Sequence[KeeperRule], batch: pa.RecordBatch, columns: Mapping[str, pa.Array]) -> UInt64:
    rank_RD = np.empty((len(rules), batch.num_rows), np.uint64)
    for row_D, rule in zip(rank_RD, rules, strict=True):
        if isinstance(rule, ColumnRule):
            row_D[:] = column_rank(rule, columns[rule.column])
        else:
            row_D[:] = _descending(pc.utf8_length(batch.column("text")).cast(pa.int64()))
    return rank_RD


def column_rank(rule: ColumnRule, values: pa.Array) -> UInt64:
    """The rank of each document by one rule: uint64, shape (D,). Documents without a value come last."""
    if rule.source_priority is not None:
        return _priority(values, rule.source_priority)
    if rule.newest is not None and pa.types.is_string(values.type):
        values = _times(values)
    return _descending(values)


def _priority(sources: pa.Array, patterns: Sequence[str]) -> UInt64:
    """The place of the first pattern that each source matches. A batch has few sources: Python looks at each once."""
    coded = sources.dictionary_encode()
    places = [
        next((i for i, pattern in enumerate(patterns) if fnmatchcase(source, pattern)), len(patterns))
        for source in coded.dictionary.to_pylist()  # each source once
    ]
    return np.array(places, np.uint64)[coded.indices.to_numpy()]


def _times(texts: pa.StringArray) -> pa.Array:
    """Microseconds since 1970 of ISO 8601 texts, to the second; null where there is no date. Zones are not read."""
    stamp = pc.utf8_slice_codeunits(texts, 0, 19)
    full = pc.strptime(pc.replace_substring(stamp, "T", " "), "%Y-%m-%d %H:%M:%S", "us", error_is_null=True)
    day = pc.strptime(pc.utf8_slice_codeunits(texts, 0, 10), "%Y-%m-%d", "us", error_is_null=True)
    return pc.coalesce(full, day).cast(pa.int64())


def _descending(numbers: pa.Array) -> UInt64:
    """Numbers as uint64 in the opposite order; null and NaN last. Whole numbers are not rounded."""
    if pa.types.is_floating(numbers.type):
        values = (
            pc.fill_null(numbers.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False) + 0.0
        )  # -0.0 and 0.0 are one number
        bits = values.view(np.int64)
        ascending = np.where(bits < 0, ~bits, bits ^ np.int64(-(2**63))).view(np.uint64)
        missing = np.isnan(values)
    else:
        values = pc.fill_null(numbers.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        ascending = (values ^ np.int64(-(2**63))).view(np.uint64)
        missing = numbers.is_null().to_numpy(zero_copy_only=False)
    return np.where(missing, LAST, np.minimum(~ascending, LAST - np.uint64(1)))


def check_keeper_rules(recipe: Recipe, signals_of: Callable[[Sequence[StageEntry]], Sequence[str]]) -> None:
    """Raise UserError where a rule asks a column that will not be there; `signals_of` tells what row stages measure."""
    measuring: list[StageEntry] = []  # the row stages whose scores the next corpus stages can see
    group_ended = False
    for i, entry in enumerate(recipe.stages):
        if entry.name in StageEntry.ROW:
            if group_ended or entry.learns_from_corpus:  # another job, with scores of its own
                measuring, group_ended = [], False
            measuring.append(entry)
        elif entry.name in StageEntry.DEDUP:
            group_ended = True
            for rule in getattr(entry.config, "prefer", ()):
                if isinstance(rule, ColumnRule) and rule.column not in ALWAYS_THERE:
                    signals = signals_of(measuring)
                    _check_column(f"stages.{i}.{entry.name}.prefer", rule, recipe.lifted_columns, signals)


def _check_column(where: str, rule: ColumnRule, lifted: Mapping[str, str], signals: Sequence[str]) -> None:
    known = [*ALWAYS_THERE, *lifted, *signals]
    if rule.column not in known:
        close = difflib.get_close_matches(rule.column, known, 1, 0.5)
        hint = f"did you mean `{close[0]}`?" if close else f"known here: {', '.join(known)}"
        raise UserError(
            f"{where}: no column `{rule.column}`; expected a column that an input lifts (`columns:`), lang_score, or "
            f"a signal of the row stages just before; {hint}"
        )
    if rule.highest and lifted.get(rule.column) in ("string", "bool"):
        raise UserError(
            f"{where}: highest needs numbers, `{rule.column}` is lifted as {lifted[rule.column]}; lift it as float64 "
            "or int64, or use newest for dates"
        )
    if rule.newest and lifted.get(rule.column) == "bool":
        raise UserError(f"{where}: newest needs dates or numbers, `{rule.column}` is lifted as bool")
