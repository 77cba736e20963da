"""Parquet and Arrow files, in Arrow from end to end; only `meta` and conversations are made row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

from pipeline.config import InputConfig, Layout
from pipeline.io.columns import as_lifted, as_plain, as_string
from pipeline.io.fields import meta_json
from pipeline.io.gather import Gather
from pipeline.io.reasons import KEPT_BYTES, MAX_RECORD_BYTES, Lost, QuarantineReason
from pipeline.io.rows import Rows, lost_rows, make_rows
from pipeline.io.stored import open_arrow, open_stored

_ARROW_FILE_MAGIC = b"ARROW1"
_MAX_BATCH_ROWS = 65_536
_UNREADABLE = (pa.ArrowException, OSError, UnicodeDecodeError)


class ColumnReader:
    """Record batches of one file to Rows, for one input. `broken` is the reason where Arrow can't read the file."""

    def __init__(
        self, source: str, config: InputConfig, lifted: Mapping[str, str], layout: Layout, broken: QuarantineReason
    ) -> None:
        self._source, self._config, self._lifted, self._layout = source, config, lifted, layout
        self.broken = broken

    def rows(self, batch: pa.RecordBatch, first_row: int, batch_bytes: int) -> Iterator[Rows]:
        """Rows of one batch whose first row is row `first_row` of the file; a broken row is quarantined alone.

        Nothing may look into a batch before it is validated: offsets of a damaged file point anywhere.
        """
        try:
            batch.validate(full=True)
        except pa.ArrowInvalid as error:
            yield from self._broken_rows(batch, first_row, batch_bytes, is_utf8="UTF8" in str(error))
            return
        for part in _parts(batch, 2 * batch_bytes):
            if part.num_rows == 1 and part.nbytes > MAX_RECORD_BYTES:
                yield self.lost(first_row, QuarantineReason.RECORD_TOO_LARGE)
            elif self._layout != "none":
                yield self._conversations(part, first_row)
            else:
                yield self._texts(part, first_row)
            first_row += part.num_rows

    def lost(self, row: int, reason: QuarantineReason) -> Rows:
        """Rows of one record at `row` that can't be read: a row, or all that a broken file had from there on."""
        return lost_rows(self._source, self._lifted, Lost(row, reason, b""))

    def _broken_rows(self, batch: pa.RecordBatch, first_row: int, batch_bytes: int, *, is_utf8: bool) -> Iterator[Rows]:
        """Bad UTF-8 is narrowed down to its rows by halving; a batch that is broken otherwise is lost whole."""
        if not is_utf8:
            yield self.lost(first_row, self.broken)
        elif batch.num_rows > 1:
            half = batch.num_rows // 2
            yield from self.rows(batch.slice(0, half), first_row, batch_bytes)
            yield from self.rows(batch.slice(half), first_row + half, batch_bytes)
        else:
            raw = _raw_text(batch, self._config.text)
            yield lost_rows(self._source, self._lifted, Lost(first_row, QuarantineReason.INVALID_UTF8, raw))

    def _conversations(self, batch: pa.RecordBatch, first_row: int) -> Rows:
        gather = Gather(self._source, self._config, self._lifted, self._layout)
        gather.records = batch.num_rows
        for i, fields in enumerate(_dicts(batch)):
            if fields is None:
                gather.lose(first_row + i, QuarantineReason.BAD_COLUMN, b"")
            else:
                gather.record(first_row + i, fields)
        return gather.take()

    def _texts(self, batch: pa.RecordBatch, first_row: int) -> Rows:
        config, num_rows = self._config, batch.num_rows
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        text = as_string(columns.pop(config.text))
        made = {"position": pa.array(np.arange(first_row, first_row + num_rows, dtype=np.int64)), "text": text}
        reasons = {int(d): QuarantineReason.MISSING_TEXT for d in np.flatnonzero(text.is_null().to_numpy(False))}
        for name, field in (("id", config.id), ("url", config.url)):
            if field in columns:
                made[name] = as_plain(columns.pop(field))
        for name, kind in config.columns.items():
            if name in columns:
                made[name], unfit = as_lifted(columns.pop(name), kind)
                reasons |= {d: QuarantineReason.BAD_COLUMN for d in unfit if d not in reasons}
        if columns:
            rest = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
            metas = [None if row is None else meta_json(row) for row in _dicts(rest)]
            made["meta"] = pa.array(metas, pa.string())
            reasons |= {
                d: QuarantineReason.BAD_COLUMN for d, meta in enumerate(metas) if meta is None and d not in reasons
            }
        lost = [Lost(first_row + d, reason, _bytes_at(text, d)) for d, reason in reasons.items()]
        if reasons:
            stays_D = np.ones(num_rows, np.bool_)
            stays_D[list(reasons)] = False
            made = {name: column.filter(pa.array(stays_D)) for name, column in made.items()}
        return make_rows(self._source, made, self._lifted, records=num_rows, lost=lost)


def _dicts(batch: pa.RecordBatch) -> list[dict[str, object] | None]:
    """Rows as dicts; None for a row with a value that Python has not, such as a date after the year 9999."""
    try:
        return batch.to_pylist()
    except (ValueError, OverflowError):
        if batch.num_rows == 1:
            return [None]
        half = batch.num_rows // 2
        return _dicts(batch.slice(0, half)) + _dicts(batch.slice(half))


def _raw_text(batch: pa.RecordBatch, name: str) -> bytes:
    """The text of a batch of one row as bytes; none where it holds no plain string that can be looked at."""
    if name not in batch.schema.names or batch.column(name).type != pa.string():
        return b""
    try:
        raw = batch.column(name).cast(pa.binary())
        raw.validate()
    except pa.ArrowInvalid:
        return b""
    return raw[0].as_py() or b""


def _bytes_at(text: pa.StringArray, row: int) -> bytes:
    return text[row].as_buffer()[:KEPT_BYTES].to_pybytes() if text[row].is_valid else b""


def read_parquet(
    path: str, start: int, stop: int | None, reader: ColumnReader, batch_bytes: int
) -> Iterator[tuple[Rows, float]]:
    """Rows of row groups [start, stop), to the last where stop is None, each with the fraction of them that is done.

    A row group that breaks off is one lost record at its first unread row; the next group is read.
    """
    with open_arrow(path) as file:
        parquet = pq.ParquetFile(file)
        groups = [parquet.metadata.row_group(g) for g in range(parquet.num_row_groups)]
        wanted = range(start, len(groups) if stop is None else stop)
        row = sum(group.num_rows for group in groups[:start])
        for i, g in enumerate(wanted, 1):
            num_batches = max(round(groups[g].total_byte_size / batch_bytes), 1)
            batch_rows = min(groups[g].num_rows // num_batches + 1, _MAX_BATCH_ROWS)
            batches = parquet.iter_batches(batch_rows, row_groups=[g], use_threads=False)
            for rows in _rows_until_broken(batches, row, reader, batch_bytes):
                yield rows, i / len(wanted)
            row += groups[g].num_rows


def read_arrow(
    path: str, start: int, stop: int | None, reader: ColumnReader, batch_bytes: int
) -> Iterator[tuple[Rows, float]]:
    """Rows of record batches [start, stop) of an Arrow file, to the last where stop is None, each with the fraction of
    them that is done; of the whole of an Arrow stream, which has no index.

    A broken batch is one lost record. Nothing is read behind one that does not even say how many rows it has.
    """
    with open_arrow(path, mapped=True) as file:
        if not is_arrow_file(path):
            for rows in _rows_until_broken(ipc.open_stream(file), 0, reader, batch_bytes):
                yield rows, file.tell() / file.size()
            return
        arrow = ipc.open_file(file)
        one_field = ipc.open_file(file, options=ipc.IpcReadOptions(included_fields=[0]))
        wanted = range(start, arrow.num_record_batches if stop is None else stop)
        row = _num_rows(one_field, range(start))
        for i, number in enumerate(wanted, 1):
            if row is None:
                return
            for rows in _rows_until_broken(map(arrow.get_batch, [number]), row, reader, batch_bytes):
                yield rows, i / len(wanted)
            size = _num_rows(one_field, range(number, number + 1))
            row = None if size is None else row + size


def _num_rows(one_field: ipc.RecordBatchFileReader, batches: range) -> int | None:
    """Rows in some batches of an Arrow file; None where one does not say."""
    try:
        return sum(one_field.get_batch(i).num_rows for i in batches)
    except _UNREADABLE:
        return None


def _rows_until_broken(
    batches: Iterator[pa.RecordBatch], row: int, reader: ColumnReader, batch_bytes: int
) -> Iterator[Rows]:
    """Rows of each batch, the first of which is row `row`, up to one that fails."""
    while True:
        try:
            batch = next(batches, None)
        except _UNREADABLE:
            yield reader.lost(row, reader.broken)
            return
        if batch is None:
            return
        yield from reader.rows(batch, row, batch_bytes)
        row += batch.num_rows


def _parts(batch: pa.RecordBatch, max_bytes: int) -> Iterator[pa.RecordBatch]:
    """The batch in halves of halves, until each is small enough or one row."""
    if batch.num_rows <= 1 or batch.nbytes <= max_bytes:
        yield batch
        return
    half = batch.num_rows // 2
    yield from _parts(batch.slice(0, half), max_bytes)
    yield from _parts(batch.slice(half), max_bytes)


def is_arrow_file(path: str) -> bool:
    """True for Arrow's file format, which has an index of its batches; False for its stream format."""
    with open_stored(path) as file:
        return file.read(len(_ARROW_FILE_MAGIC)) == _ARROW_FILE_MAGIC


def columnar_schema(path: str, file_format: str) -> pa.Schema:
    """Schema of a Parquet or Arrow file; pa.ArrowException or OSError where it can't be read."""
    with open_arrow(path) as file:
        if file_format == "parquet":
            return pq.ParquetFile(file).schema_arrow
        return (ipc.open_file(file) if is_arrow_file(path) else ipc.open_stream(file)).schema


def part_bytes(path: str, file_format: str) -> list[int]:
    """Stored bytes of each row group of a Parquet file, or an even share per Arrow batch; a stream is one."""
    with open_arrow(path) as file:
        if file_format == "parquet":
            metadata = pq.ParquetFile(file).metadata
            groups = [metadata.row_group(g) for g in range(metadata.num_row_groups)]
            return [sum(g.column(c).total_compressed_size for c in range(g.num_columns)) for g in groups]
        num_batches = ipc.open_file(file).num_record_batches if is_arrow_file(path) else 1
        return [file.size() // max(num_batches, 1)] * num_batches
