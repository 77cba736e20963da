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
    """Lines in a row, without their `\\n`, and the offset of each in the stream."""

    lines: list[bytes]
    positions: list[int]


def line_blocks(flow: Flow, stop: int | None = None) -> Iterator[LineBlock | Lost]:
    """Every line that starts before offset `stop`; one that is too long, or cut by a broken stream, is Lost."""
    searched = 0
    while stop is None or flow.at < stop:
        last = flow.buffer.rfind(b"\n", searched)
        if last >= 0:
            yield from _told_apart(_block(bytes(flow.buffer[:last]), flow.at), stop)
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


def _block(data: bytes, at: int) -> LineBlock:
    lines = data.split(b"\n")
    return LineBlock(lines, list(accumulate([len(line) + 1 for line in lines[:-1]], initial=at)))


def _told_apart(block: LineBlock, stop: int | None) -> Iterator[LineBlock | Lost]:
    """The lines of `block` that start before `stop`; the rare block with a line that is too long line by line."""
    if stop is not None and block.positions[-1] >= stop:
        inside = sum(position < stop for position in block.positions)
        block = LineBlock(block.lines[:inside], block.positions[:inside])
    if max(map(len, block.lines), default=0) <= MAX_RECORD_BYTES:
        yield block
        return
    for line, position in zip(*block, strict=True):
        if len(line) > MAX_RECORD_BYTES:
            yield Lost(position, QuarantineReason.RECORD_TOO_LARGE, line[:KEPT_BYTES])
        else:
            yield LineBlock([line], [position])


def _last_line(flow: Flow, stop: int | None) -> Iterator[LineBlock | Lost]:
    """What stands behind the last `\\n`: a line, unless the stream broke there."""
    if stop is not None and flow.at >= stop:
        return
    if flow.problem:
        yield Lost(flow.at, flow.problem, bytes(flow.buffer[:KEPT_BYTES]))
    elif flow.buffer:
        yield from _told_apart(LineBlock([bytes(flow.buffer)], [flow.at]), stop)
