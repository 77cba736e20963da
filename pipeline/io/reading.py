"""The door: a slice in, batches of documents out, with a count of everything that became none.

slice -> piece -> head of its file -> reader of its format -> Rows -> ReadBatch, which adds up: records == documents +
quarantine + skipped. What a reader leaves out it names (pipeline/io/reasons.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa

from pipeline.config import InputConfig
from pipeline.io.piece_rows import OpenPiece
from pipeline.io.rows import Rows
from pipeline.io.slices import Piece, Slice
from pipeline.io.stored import StoredBytes
from pipeline.schema import QUARANTINE, document_schema


class ReadBatch(NamedTuple):
    """What a run of records of one input became.

    documents: rows of document_schema(lifted), in (source, position) order; may have none. quarantine: QUARANTINE.
    skipped: records that were never documents, by reason. records: counted where records are framed, apart from the
    three. bytes_read: stored bytes since the batch before. digests: piece_digest by `source:start-stop`, of the pieces
    that end with this batch; a piece that a limit cut short has none.
    """

    documents: pa.RecordBatch
    quarantine: pa.RecordBatch
    skipped: Mapping[str, int]
    records: int
    bytes_read: int
    digests: Mapping[str, str]
    input_index: int


def read_slice(slice: Slice, inputs: Sequence[InputConfig], *, batch_bytes: int = 4 * 2**20) -> Iterator[ReadBatch]:
    """Every record of a slice, in batches of about `batch_bytes` of text.

    An input with a limit ends with so many documents; records behind the last are not counted.
    """
    lifted = {name: kind for one in inputs for name, kind in one.columns.items()}
    left = {i: one.limit for i, one in enumerate(inputs) if one.limit is not None}
    pending = _Pending(lifted, batch_bytes)
    for piece in slice.pieces:
        index = piece.file.input_index
        yield from pending.switch_to(index)
        if left.get(index) == 0:
            continue
        with OpenPiece(piece, inputs[index], lifted, batch_bytes) as reading:
            for rows in reading.rows():
                if index in left:
                    rows = _first_documents(rows, left[index])
                    left[index] -= rows.documents.num_rows
                yield from pending.add(rows, reading.take_count())
                if left.get(index) == 0:
                    break
            else:
                pending.end_piece(piece, *reading.finish())
    yield from pending.flush()


def piece_digest(piece: Piece) -> str:
    """xxh3_128 of the piece's stored bytes, as 32 hex digits: the one that readers take on the way."""
    with StoredBytes(piece.file.path, *piece.byte_range) as stored:
        return stored.digest()


def _first_documents(rows: Rows, limit: int) -> Rows:
    """`rows` up to its `limit`-th document, whatever the batches: nothing behind that document counts."""
    if rows.documents.num_rows < limit:
        return rows
    documents = rows.documents.slice(0, limit)
    last = documents.column("position")[limit - 1].as_py()
    quarantine = rows.quarantine.filter(pa.array(rows.quarantine.column("position").to_numpy() <= last))
    skipped = [one for one in rows.skipped if one[0] <= last]
    gone = _outcomes(rows) - len(skipped) - quarantine.num_rows - documents.num_rows
    return Rows(documents, quarantine, skipped, rows.records - gone)


def _outcomes(rows: Rows) -> int:
    return rows.documents.num_rows + rows.quarantine.num_rows + len(rows.skipped)


class _Pending:
    """Rows of one input that wait until they make a batch."""

    def __init__(self, lifted: Mapping[str, str], batch_bytes: int) -> None:
        self._lifted, self._batch_bytes = lifted, batch_bytes
        self._input_index = -1
        self._clear()

    def _clear(self) -> None:
        self._rows: list[Rows] = []
        self._text_bytes = self._stored_bytes = 0
        self._digests: dict[str, str] = {}

    def switch_to(self, input_index: int) -> Iterator[ReadBatch]:
        """What waits of another input, before rows of this one come."""
        if input_index != self._input_index:
            yield from self.flush()
        self._input_index = input_index

    def add(self, rows: Rows, stored_bytes: int) -> Iterator[ReadBatch]:
        """Keep `rows`; a batch where enough have come."""
        self._rows.append(rows)
        self._stored_bytes += stored_bytes
        columns = (rows.documents.column("text"), rows.documents.column("meta"), rows.quarantine.column("bytes"))
        self._text_bytes += sum(column.nbytes for column in columns)
        if 5 * self._text_bytes >= 4 * self._batch_bytes:  # what waits for more is copied
            yield from self.flush()

    def end_piece(self, piece: Piece, digest: str, stored_bytes: int) -> None:
        """Remember the digest of a piece that was read to its end."""
        self._digests[f"{piece.file.source}:{piece.start}-{piece.stop}"] = digest
        self._stored_bytes += stored_bytes

    def flush(self) -> Iterator[ReadBatch]:
        """One batch of all that waits, if anything does."""
        if self._rows or self._digests or self._stored_bytes:
            yield self._batch()
            self._clear()

    def _batch(self) -> ReadBatch:
        records = sum(rows.records for rows in self._rows)
        found = sum(map(_outcomes, self._rows))
        assert records == found, f"{records} records were framed, {found} have an outcome"
        return ReadBatch(
            _joined([rows.documents for rows in self._rows], document_schema(self._lifted)),
            _joined([rows.quarantine for rows in self._rows], QUARANTINE),
            Counter(reason.value for rows in self._rows for _, reason in rows.skipped),
            records,
            self._stored_bytes,
            self._digests,
            self._input_index,
        )


def _joined(batches: Sequence[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    filled = [batch for batch in batches if batch.num_rows]
    if not filled:
        return pa.RecordBatch.from_pylist([], schema)
    return filled[0] if len(filled) == 1 else pa.concat_batches(filled)
