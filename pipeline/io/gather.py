"""The records of one file, gathered one by one until they make a batch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from pipeline.config import InputConfig, Layout
from pipeline.io.fields import Placed, meta_json, place
from pipeline.io.reasons import KEPT_BYTES, BadRecordError, Lost, NotADocumentError, QuarantineReason, SkipReason
from pipeline.io.rows import Rows, Skipped, make_rows
from pipeline.schema import MESSAGE, document_schema


class Gather:
    """Collects what the records of one file became until `take` gives them as Rows.

    Whoever frames records adds their number to `records`; everything else reports what became of each. layout and typed
    are those of `place`.
    """

    def __init__(
        self,
        source: str,
        config: InputConfig,
        lifted: Mapping[str, str],
        layout: Layout = "none",
        *,
        typed: bool = True,
    ) -> None:
        self._source, self._config, self._lifted, self._layout = source, config, lifted, layout
        self._typed = typed
        self._clear()

    def _clear(self) -> None:
        self.records = self.bytes = 0
        self._columns: list[Mapping[str, pa.Array]] = []
        self._placed: list[Placed] = []
        self._positions: list[int] = []
        self._lost: list[Lost] = []
        self._skipped: list[Skipped] = []

    def record(self, position: int, fields: Mapping[str, object], raw: bytes | None = None) -> None:
        """A record with these fields; `raw`, or else the fields as JSON, goes to quarantine where they don't fit."""
        try:
            placed = place(fields, self._config, self._layout, typed=self._typed)
        except BadRecordError as bad:
            self.lose(position, bad.reason, meta_json(fields).encode() if raw is None else raw)
        except NotADocumentError as other:
            self.skip(position, other.reason)
        else:
            self._placed.append(placed)
            self._positions.append(position)
            self.bytes += len(placed.text) if raw is None else len(raw)

    def documents(self, columns: Mapping[str, pa.Array], num_bytes: int) -> None:
        """Records that are columns already, `num_bytes` of them, as `make_rows` takes them; those of `_placed_columns`
        that are left out are null.
        """
        self._columns.append(columns)
        self.bytes += num_bytes

    def lose(self, position: int, reason: QuarantineReason, raw: bytes) -> None:
        """A record that goes to quarantine."""
        self._lost.append(Lost(position, reason, raw[:KEPT_BYTES]))
        self.bytes += min(len(raw), KEPT_BYTES)

    def skip(self, position: int, reason: SkipReason) -> None:
        """A record that was never a document."""
        self._skipped.append((position, reason))

    def take(self) -> Rows:
        """Rows of all records since the last call."""
        rows = make_rows(
            self._source,
            self._all_columns(),
            self._lifted,
            records=self.records,
            lost=self._lost,
            skipped=self._skipped,
        )
        self._clear()
        return rows

    def _all_columns(self) -> Mapping[str, pa.Array]:
        """Columns of every document, by position."""
        if not self._columns:
            return self._placed_columns()
        parts = [*self._columns, self._placed_columns()] if self._placed else self._columns
        kinds = {name: column.type for name, column in self._placed_columns().items()}
        columns = {
            name: pa.concat_arrays([p[name] if name in p else pa.nulls(len(p["position"]), kind) for p in parts])
            for name, kind in kinds.items()
        }
        if not self._placed:
            return columns
        order = pa.array(np.argsort(columns["position"].to_numpy()))
        return {name: column.take(order) for name, column in columns.items()}

    def _placed_columns(self) -> Mapping[str, pa.Array]:
        """Columns of the documents that came one by one."""
        texts, ids, urls, metas, messages, lifted = zip(*self._placed, strict=True) if self._placed else ((),) * 6
        columns = {
            "position": pa.array(self._positions, pa.int64()),
            "text": pa.array(texts, pa.string()),
            "id": pa.array(ids, pa.string()),
            "url": pa.array(urls, pa.string()),
            "meta": pa.array(metas, pa.string()),
            "messages": pa.array(messages, pa.list_(MESSAGE)),
        }
        schema = document_schema(self._lifted)
        for i, name in enumerate(self._config.columns):
            columns[name] = pa.array([values[i] for values in lifted], schema.field(name).type)
        return columns
