"""WARC and ARC records, framed: where each starts, its bytes, and what can't be framed.

Two ways to stand in a file. *Framed*: each record is a compressed frame of its own, so reading can start anywhere, and
a record's position is the offset of its frame (further records of one frame: + 1, + 2, ...). *Streamed*: one stream,
plain or compressed as a whole; a position is an offset in the decompressed stream.

A record is whole when what follows its stated length is another record or the end. Anything else is Lost up to the
next line that looks like the start of a record, so a wrong length takes no neighbour along.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from pipeline.io.compression import Flow
from pipeline.io.reasons import KEPT_BYTES, MAX_RECORD_BYTES, Lost, QuarantineReason

_MAX_HEAD_BYTES = 2**16
_LINE_ENDS = re.compile(rb"[\r\n]*+")
_LENGTH = re.compile(rb"\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r?\n", re.IGNORECASE)
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_WARC_START = rb"WARC/\d\.\d+[ \t]*\r?\n"
_ARC_START = rb"[a-zA-Z][a-zA-Z0-9+.-]*:[^\n]{0,16384}? \d{8,20} [^ \n]{1,256}(?: [^ \n]{1,256}){0,5}? (\d{1,18})\r?\n"


class Record(NamedTuple):
    """One whole record: its header and, from `head_bytes` on, its body."""

    position: int
    data: bytes
    head_bytes: int


class Dialect:
    """How records of one archive format start, how long they are, and what stands behind each."""

    def __init__(self, name: str, start: bytes, ending: bytes) -> None:
        self.name, self.start, self.ending = name, re.compile(start), ending
        self.next_start = re.compile(b"\n" + start)

    def sizes(self, buffer: bytearray) -> tuple[int, int] | None:
        """(header, body) bytes of the record at the start of `buffer`, None where none starts there."""
        line = self.start.match(buffer)
        if line is None or self.name == "arc":
            return (line.end(), int(line[1])) if line else None
        end = _HEAD_END.search(buffer, 0, _MAX_HEAD_BYTES)
        length = _LENGTH.search(buffer, 0, end.end()) if end else None
        return (end.end(), int(length[1])) if end and length else None


WARC = Dialect("warc", _WARC_START, b"\r\n\r\n")
ARC = Dialect("arc", _ARC_START, b"\n")


def dialect_of(head: bytes) -> Dialect:
    """ARC where the decompressed file starts as one, WARC for anything else."""
    return ARC if head.startswith(b"filedesc://") else WARC


def stream_records(
    flow: Flow, dialect: Dialect, reopen: Callable[[int], Flow] | None = None
) -> Iterator[Record | Lost]:
    """Every record of a stream, in order.

    reopen: the stream once more from an offset, for a record above MAX_RECORD_BYTES whose length turns out a lie.
    """
    while True:
        _drop_line_ends(flow)
        if not flow.need(1):
            break
        flow.need(_MAX_HEAD_BYTES)
        sizes = dialect.sizes(flow.buffer)
        total = sum(sizes) if sizes else 0
        if total > MAX_RECORD_BYTES and reopen:
            flow, lost = _pass_over(flow, dialect, total, reopen)
            yield lost
        elif sizes and flow.need(total) and _lands(flow, dialect, total):
            yield Record(flow.at, bytes(flow.buffer[:total]), sizes[0])
            flow.drop(total)
        else:
            yield _resync(flow, dialect)
    if flow.problem:
        yield Lost(flow.at, flow.problem, b"")


def _drop_line_ends(flow: Flow) -> None:
    while flow.need(1):
        size = _span(_LINE_ENDS, flow.buffer, 0)
        if not size:
            return
        flow.drop(size)


def _span(pattern: re.Pattern[bytes], buffer: bytearray, at: int) -> int:
    match = pattern.match(buffer, at)
    return match.end() - at if match else 0


def _lands(flow: Flow, dialect: Dialect, at: int) -> bool:
    """True where a record that ends at buffer offset `at` is followed by its ending, another record, or nothing."""
    flow.need(at + _MAX_HEAD_BYTES)
    if flow.buffer.startswith(dialect.ending, at):
        return True
    at += _span(_LINE_ENDS, flow.buffer, at)
    return at == len(flow.buffer) or dialect.start.match(flow.buffer, at) is not None


def _resync(flow: Flow, dialect: Dialect) -> Lost:
    """Move to the next line that looks like the start of a record; what was passed is lost."""
    at, raw = flow.at, bytes(flow.buffer[:KEPT_BYTES])
    reason = QuarantineReason.TRUNCATED_RECORD if dialect.sizes(flow.buffer) else QuarantineReason.BAD_WARC_RECORD
    while (found := dialect.next_start.search(flow.buffer)) is None:
        flow.drop(len(flow.buffer) - _MAX_HEAD_BYTES)
        if not flow.more():
            flow.drop(len(flow.buffer))
            reason, flow.problem = flow.problem or reason, None
            return Lost(at, reason, raw)
    flow.drop(found.start() + 1)
    return Lost(at, QuarantineReason.BAD_WARC_RECORD, raw)


def _pass_over(flow: Flow, dialect: Dialect, total: int, reopen: Callable[[int], Flow]) -> tuple[Flow, Lost]:
    """The stream behind a record that is too large to hold; behind its first lines where its length is a lie."""
    at, raw, next_start = flow.at, bytes(flow.buffer[:KEPT_BYTES]), None
    while flow.at + len(flow.buffer) < at + total:
        if next_start is None and (found := dialect.next_start.search(flow.buffer)):
            next_start = flow.at + found.start() + 1
        flow.drop(len(flow.buffer) - _MAX_HEAD_BYTES)
        if not flow.more():
            break
    is_cut = flow.at + len(flow.buffer) < at + total
    flow.drop(at + total - flow.at)
    if not is_cut and _lands(flow, dialect, 0):
        return flow, Lost(at, QuarantineReason.RECORD_TOO_LARGE, raw)
    if next_start is not None:
        return reopen(next_start), Lost(at, QuarantineReason.BAD_WARC_RECORD, raw)
    if not is_cut:
        return flow, Lost(at, QuarantineReason.BAD_WARC_RECORD, raw)
    reason, flow.problem = flow.problem or QuarantineReason.TRUNCATED_RECORD, None
    return flow, Lost(at, reason, raw)
