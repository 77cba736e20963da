"""CSV files with a header row: RFC 4180, `,` between fields, quoted fields may hold line ends and doubled quotes.

A quote inside a field that does not start with one is text. Where quoting makes no sense (text behind a closing quote,
a quote that never closes) the row is given up at the end of its first line, so that the next line starts afresh.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.io.compression import Flow
from pipeline.io.gather import Gather
from pipeline.io.lines import BOM, drop_line
from pipeline.io.reasons import KEPT_BYTES, MAX_RECORD_BYTES, Lost, QuarantineReason

_QUOTED = re.compile(rb'"([^"]*+(?:""[^"]*+)*+)"')
_BARE = re.compile(rb"[^,\n]*+")
_ROW_END = re.compile(rb"\r?\n|\r?\Z")


class _Row(NamedTuple):
    """A row's fields, and its size with its line end."""

    fields: list[bytes]
    size: int


class _BadQuotingError(ValueError):
    pass


def read_csv(flow: Flow, gather: Gather) -> Iterator[None]:
    """Gather the documents of a CSV file below its header; yields where a batch may be taken.

    position: byte offset of the row. A row of another width than the header is quarantined; a blank line is no row.
    """
    header = read_header(flow)
    for row in _rows(flow):
        gather.records += 1
        if isinstance(row, Lost):
            gather.lose(*row)
        else:
            _take_row(gather, header, *row)
        yield


def read_header(flow: Flow) -> list[str]:
    """Names of the columns, read off the flow; none where there is no readable header."""
    flow.need(len(BOM))
    if flow.buffer.startswith(BOM):
        flow.drop(len(BOM))
    for row in _rows(flow):
        return [] if isinstance(row, Lost) else [name.decode("utf-8", "replace") for name in row[1]]
    return []


def _take_row(gather: Gather, header: list[str], position: int, fields: list[bytes], raw: bytes) -> None:
    if len(fields) != len(header):
        gather.lose(position, QuarantineReason.BAD_CSV_ROW, raw)
        return
    try:
        values = [field.decode() for field in fields]
    except UnicodeDecodeError:
        gather.lose(position, QuarantineReason.INVALID_UTF8, raw)
    else:
        gather.record(position, dict(zip(header, values, strict=True)), raw)


def _rows(flow: Flow) -> Iterator[tuple[int, list[bytes], bytes] | Lost]:
    """(position, fields, bytes) of each row; blank lines are none. The flow stands behind a row when it is yielded."""
    while flow.need(1):
        row = _next_row(flow)
        if row is None:
            break
        at, raw = flow.at, bytes(flow.buffer[: min(row.size, MAX_RECORD_BYTES)])
        ends_line = flow.buffer[row.size - 1] == 0x0A
        flow.drop(row.size)
        if row.size > MAX_RECORD_BYTES:
            if not ends_line:
                drop_line(flow)
            yield Lost(at, QuarantineReason.RECORD_TOO_LARGE, raw[:KEPT_BYTES])
        elif not row.fields:
            yield Lost(at, QuarantineReason.BAD_CSV_ROW, raw[:KEPT_BYTES])
        elif row.fields != [b""]:
            yield at, row.fields, raw
    if flow.problem:
        yield Lost(flow.at, flow.problem, bytes(flow.buffer[:KEPT_BYTES]))
        flow.problem = None


def _next_row(flow: Flow) -> _Row | None:
    """The row at the start of the buffer; without fields where it is broken, None where the stream broke inside it."""
    while True:
        is_all = flow.ended and flow.problem is None
        try:
            row = _parse(flow.buffer, is_all=is_all)
        except _BadQuotingError:
            break
        if row is not None:
            return row
        held = len(flow.buffer)
        if held > MAX_RECORD_BYTES or (flow.ended and flow.problem):
            break
        flow.need(2 * held)
    return _first_line(flow)


def _first_line(flow: Flow) -> _Row | None:
    """The first line of the buffer as a row without fields; all that follows where a line is too large."""
    while (end := flow.buffer.find(b"\n")) < 0 and len(flow.buffer) <= MAX_RECORD_BYTES:
        if not flow.more():
            return None if flow.problem else _Row([], len(flow.buffer))
    return _Row([], end + 1 if end >= 0 else len(flow.buffer))


def _parse(buffer: bytearray, *, is_all: bool) -> _Row | None:
    """The row at the start of `buffer`, None where it goes on behind it. is_all: nothing comes behind the buffer."""
    end = buffer.find(b"\n")
    line_end = len(buffer) if end < 0 else end
    if buffer.find(b'"', 0, line_end) < 0:
        if end < 0 and not is_all:
            return None
        return _Row(bytes(buffer[:line_end]).removesuffix(b"\r").split(b","), min(line_end + 1, len(buffer)))
    return _parse_quoted(buffer, is_all=is_all)


def _parse_quoted(buffer: bytearray, *, is_all: bool) -> _Row | None:
    fields: list[bytes] = []
    at = 0
    while True:
        is_quoted = buffer.startswith(b'"', at)
        match = (_QUOTED if is_quoted else _BARE).match(buffer, at)
        if match is None:
            if is_all:
                raise _BadQuotingError
            return None
        at = match.end()
        fields.append(match[1].replace(b'""', b'"') if is_quoted else match[0])
        if len(buffer) - at < 2 and not is_all and not buffer.startswith((b",", b"\n"), at):
            return None
        if buffer.startswith(b",", at):
            at += 1
            continue
        row_end = _ROW_END.match(buffer, at)
        if row_end is None:
            raise _BadQuotingError
        fields[-1] = fields[-1] if is_quoted else fields[-1].removesuffix(b"\r")
        return _Row(fields, row_end.end())
