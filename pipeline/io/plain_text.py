"""Text files: one document per file, line or paragraph."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.io.compression import Flow
from pipeline.io.gather import Gather
from pipeline.io.lines import BOM, line_blocks
from pipeline.io.reasons import KEPT_BYTES, MAX_RECORD_BYTES, Lost, QuarantineReason


def read_text(flow: Flow, gather: Gather, unit: str, field: str, stop: int | None = None) -> Iterator[None]:
    """Gather the documents of a text file; yields where a batch may be taken.

    file: the whole file. line: each line, without its `\\n` or `\\r\\n`. paragraph: lines with no empty line between
    them, joined as they stand. An empty file holds no record; an empty line is a record with an empty text.
    """
    frames = {"file": _whole, "line": _lines, "paragraph": _paragraphs}[unit]
    for framed in frames(flow, stop):
        for position, record in framed:
            gather.records += 1
            if isinstance(record, Lost):
                gather.lose(*record)
            else:
                _take_text(gather, position, record, field)
        yield


_Framed = list[tuple[int, bytes | Lost]]


def _take_text(gather: Gather, position: int, raw: bytes, field: str) -> None:
    try:
        text = raw.removeprefix(BOM).decode() if position == 0 else raw.decode()
    except UnicodeDecodeError:
        gather.lose(position, QuarantineReason.INVALID_UTF8, raw)
    else:
        gather.record(position, {field: text}, raw)


def _whole(flow: Flow, stop: int | None) -> Iterator[_Framed]:
    while len(flow.buffer) <= MAX_RECORD_BYTES and flow.more():
        pass
    if flow.problem or len(flow.buffer) > MAX_RECORD_BYTES:
        yield [(0, Lost(0, flow.problem or QuarantineReason.RECORD_TOO_LARGE, bytes(flow.buffer[:KEPT_BYTES])))]
    elif flow.buffer:
        yield [(0, bytes(flow.buffer))]


def _lines(flow: Flow, stop: int | None) -> Iterator[_Framed]:
    for block in line_blocks(flow, stop):
        if isinstance(block, Lost):
            yield [(block.position, block)]
        else:
            yield [(at, line.removesuffix(b"\r")) for at, line in block.numbered()]


def _paragraphs(flow: Flow, stop: int | None) -> Iterator[_Framed]:
    unfinished = _Paragraph()
    for block in line_blocks(flow, stop):
        if isinstance(block, Lost):
            yield [*unfinished.close(), (block.position, block)]
        else:
            yield [done for at, line in block.numbered() for done in unfinished.add(line, at)]
    yield unfinished.close()


class _Paragraph:
    """Lines up to the next empty one, which may be blocks away; one that grows too large is not held."""

    def __init__(self) -> None:
        self._start = self._bytes = 0
        self._lines: list[bytes] = []

    def add(self, line: bytes, at: int) -> _Framed:
        """The paragraph that this line ends, if it ends one."""
        if line in (b"", b"\r"):
            return self.close()
        if not self._lines:
            self._start = at
        self._bytes += len(line) + 1
        if self._bytes <= MAX_RECORD_BYTES or not self._lines:
            self._lines.append(line)
        return []

    def close(self) -> _Framed:
        """The paragraph so far, if there is one."""
        lines, size = self._lines, self._bytes
        self._lines, self._bytes = [], 0
        if not lines:
            return []
        if size > MAX_RECORD_BYTES:
            return [(self._start, Lost(self._start, QuarantineReason.RECORD_TOO_LARGE, lines[0][:KEPT_BYTES]))]
        return [(self._start, b"\n".join(lines).removesuffix(b"\r"))]
