"""One piece of a file to Rows: the head of the file says which reader, the piece says from where to where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Self

from pipeline.config import InputConfig
from pipeline.io.archive import ARC, WARC, stream_records
from pipeline.io.archive_frames import Run, frame_records
from pipeline.io.archive_records import read_archive
from pipeline.io.columnar import ColumnReader, read_arrow, read_parquet
from pipeline.io.compression import Flow, decompressed
from pipeline.io.csv_rows import read_csv
from pipeline.io.file_head import Head, read_head
from pipeline.io.gather import Gather
from pipeline.io.json_columns import plain_lines_of
from pipeline.io.json_records import read_json
from pipeline.io.lines import drop_line
from pipeline.io.plain_text import read_text
from pipeline.io.reasons import QuarantineReason
from pipeline.io.rows import Rows
from pipeline.io.slices import Piece
from pipeline.io.stored import StoredBytes
from pipeline.io.wet_records import taker


class OpenPiece:
    """A piece that is being read, and what is known of its stored bytes on the way."""

    def __init__(self, piece: Piece, config: InputConfig, lifted: Mapping[str, str], batch_bytes: int) -> None:
        self._piece, self._config, self._lifted, self._batch_bytes = piece, config, lifted, batch_bytes
        self._stored = StoredBytes(piece.file.path, *piece.byte_range)
        self._done_fraction: float | None = None
        self._counted = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stored.__exit__(*exc)

    def rows(self) -> Iterator[Rows]:
        """Rows of the piece in position order, each of about batch_bytes of text."""
        head = read_head(self._piece.file, self._config, self._stored)
        yield from self._columns(head) if head.format in ("parquet", "arrow") else self._gathered(head)

    def take_count(self) -> int:
        """Stored bytes read since the last call; of Parquet and Arrow, which Arrow reads, the share that is done."""
        if self._done_fraction is None:
            return self._stored.take_count()
        before, self._counted = self._counted, round(self._piece.bytes * self._done_fraction)
        return self._counted - before

    def finish(self) -> tuple[str, int]:
        """The piece's digest, and the stored bytes that were not counted yet."""
        digest = self._stored.digest()
        if self._done_fraction is not None:
            self._done_fraction = 1.0
        return digest, self.take_count()

    def _columns(self, head: Head) -> Iterator[Rows]:
        piece, is_parquet = self._piece, head.format == "parquet"
        broken = QuarantineReason.CORRUPT_PARQUET if is_parquet else QuarantineReason.CORRUPT_ARROW
        reader = ColumnReader(piece.file.source, self._config, self._lifted, head.layout, broken)
        read = read_parquet if is_parquet else read_arrow
        self._done_fraction = 0.0
        stop = None if piece.whole else piece.stop
        for rows, fraction in read(piece.file.path, piece.start, stop, reader, self._batch_bytes):
            self._done_fraction = fraction
            yield rows

    def _gathered(self, head: Head) -> Iterator[Rows]:
        source, typed = self._piece.file.source, head.format != "csv"
        gather = Gather(source, self._config, self._lifted, head.layout, typed=typed)
        for _ in self._records(head, gather):
            if gather.bytes >= self._batch_bytes:
                yield gather.take()
        if gather.records:
            yield gather.take()

    def _records(self, head: Head, gather: Gather) -> Iterator[None]:
        config, piece = self._config, self._piece
        stop = None if piece.whole else piece.stop
        if head.format == "archive":
            return self._archive(head, gather)
        if head.format == "text":
            return read_text(self._flow(head), gather, config.unit, config.text, stop)
        if head.format == "csv":
            return read_csv(self._flow(head), gather)
        plain = plain_lines_of(config) if head.layout == "none" else None
        return read_json(self._flow(head), gather, "lines" if head.is_lines else "values", plain, stop)

    def _archive(self, head: Head, gather: Gather) -> Iterator[None]:
        dialect = ARC if head.is_arc else WARC
        if head.is_framed:
            take = taker(self._config)
            runs = frame_records(self._stored, self._piece.start, self._piece.stop, head.kind, dialect, take)
        else:
            records = stream_records(self._flow(head), dialect, lambda at: self._flow_from(head, at))
            runs = (Run([record]) for record in records)
        return read_archive(runs, gather, dialect, self._config)

    def _flow(self, head: Head) -> Flow:
        """The decompressed file; of a piece inside it, from the first line that starts there."""
        start = self._piece.start
        if start == 0:
            return Flow(decompressed(self._stored, head.kind))
        flow = Flow(self._stored.blocks(start - 1), start - 1)
        drop_line(flow)
        return flow

    def _flow_from(self, head: Head, at: int) -> Flow:
        flow = self._flow(head)
        while flow.at + len(flow.buffer) < at and flow.more():
            flow.drop(at - flow.at)
        flow.drop(at - flow.at)
        return flow
