"""Lines of a stream, framed: where each starts, and what was too long or cut off.

A line ends at `\\n` and nowhere else: U+2028, U+0085, `\\v` and a lone `\\r` are text. The last line needs no `\\n`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from pipeline.io.compression import Flow
from pipeline.io.reasons import KEPT_BYTES, MAX_RECORD_BYTES, Lost, QuarantineReason

BOM = b"\xef\xbb\xbf"


class LineBlock(NamedTuple):
    """Lines in a row, the last without its `\n`, and the offset of the first in the stream."""

    data: bytes
    at: int

    @property
    def lines(self) -> list[bytes]:
        """Each line without its `\n`."""
        return self.data.split(b"\n")

    def numbered(self) -> Iterator[tuple[int, bytes]]:
        """Each line behind its offset in the stream."""
        lines = self.lines
        return zip(accumulate([len(line) + 1 for line in lines[:-1]], initial=self.at), lines, strict=True)


def line_blocks(flow: Flow, stop: int | None = None) -> Iterator[LineBlock | Lost]:
    """Every line that starts before offset `stop`; one that is too long, or cut by a broken stream, is Lost."""
    searched = 0
    while stop is None or flow.at < stop:
        last = flow.buffer.rfind(b"\n", searched)
        if last >= 0:
            with memoryview(flow.buffer) as view:
                data = bytes(view[:last])
            yield from _told_apart(LineBlock(data, flow.at), stop)
            flow.drop(last + 1)
        elif len(flow.buffer) > MAX_RECORD_BYTES:
            yield Lost(flow.at, QuarantineReason.RECORD_TOO_LARGE, bytes(flow.buffer[:KEPT_BYTES]))
            drop_line(flow)
            searched = 0
            continue
        searched = len(flow.buffer)
        if not flow.more():
            yield from _last_line(flow, stop)
            return


def drop_line(flow: Flow) -> None:
    """Move the stream behind the next `\\n`, holding nothing."""
    while (end := flow.buffer.find(b"\n")) < 0:
        flow.drop(len(flow.buffer))
        if not flow.more():
            return
    flow.drop(end + 1)


def _told_apart(block: LineBlock, stop: int | None) -> Iterator[LineBlock | Lost]:
    """The lines of `block` that start before `stop`; the rare block with a line that is too long line by line."""
    if stop is not None and (end := block.data.find(b"\n", stop - 1 - block.at)) >= 0:
        block = LineBlock(block.data[:end], block.at)
    if len(block.data) <= MAX_RECORD_BYTES or max(map(len, block.lines)) <= MAX_RECORD_BYTES:
        yield block
        return
    for position, line in block.numbered():
        if len(line) > MAX_RECORD_BYTES:
            yield Lost(position, QuarantineReason.RECORD_TOO_LARGE, line[:KEPT_BYTES])
        else:
            yield LineBlock(line, position)


def _last_line(flow: Flow, stop: int | None) -> Iterator[LineBlock | Lost]:
    """What stands behind the last `\\n`: a line, unless the stream broke there."""
    if stop is not None and flow.at >= stop:
        return
    if flow.problem:
        yield Lost(flow.at, flow.problem, bytes(flow.buffer[:KEPT_BYTES]))
    elif flow.buffer:
        yield from _told_apart(LineBlock(bytes(flow.buffer), flow.at), stop)
