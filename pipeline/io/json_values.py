"""The records of a `.json` file that is one array, or values one after another over several lines.

Records are framed by their brackets and strings before any is parsed, so that one that does not parse takes no
neighbour along as long as its brackets and quotes balance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.io.compression import Flow
from pipeline.io.lines import BOM
from pipeline.io.reasons import KEPT_BYTES, MAX_RECORD_BYTES, Lost, QuarantineReason

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+("|\\?\Z)|[\[\]{},]', re.DOTALL)
_SPACE = re.compile(rb"[ \t\r\n]*+")
_OPENING = frozenset(b"[{")


def json_values(flow: Flow) -> Iterator[tuple[int, bytes] | Lost]:
    """(position, bytes) of each record: the items of an array, or each value where the file holds no array.

    What never closes, or follows the array, is one Lost at its end.
    """
    flow.need(len(BOM))
    if flow.buffer.startswith(BOM):
        flow.drop(len(BOM))
    _drop_space(flow)
    if in_array := flow.buffer.startswith(b"["):
        flow.drop(1)
    is_first, closed = True, False
    while not closed:
        _drop_space(flow)
        size, closed = _frame(flow, in_array)
        if size is None:
            break
        if size > MAX_RECORD_BYTES:
            yield Lost(flow.at, QuarantineReason.RECORD_TOO_LARGE, bytes(flow.buffer[:KEPT_BYTES]))
        elif size or not (is_first and closed):
            yield flow.at, bytes(flow.buffer[:size])
        flow.drop(size + in_array)
        is_first = False
    yield from _rest(flow, is_open=in_array and not closed)


def _frame(flow: Flow, in_array: bool) -> tuple[int | None, bool]:
    """Size of the value at the start of the buffer, None where it does not end; whether the array closed behind it."""
    depth = at = 0
    while True:
        match = _TOKEN.search(flow.buffer, at)
        if match is None or (match.end() == len(flow.buffer) and match[1] not in (None, b'"')):
            at, held = match.start() if match else len(flow.buffer), len(flow.buffer)
            if held > MAX_RECORD_BYTES or not (flow.need(2 * held + 1) or len(flow.buffer) > held):
                return None, False
            continue
        at = match.end()
        token = match[0][0]
        if token in _OPENING:
            depth += 1
        elif in_array and depth == 0 and token != 0x22:
            return match.start(), token != 0x2C
        elif token != 0x22 and token != 0x2C:
            depth -= 1
            if depth <= 0 and not in_array:
                return at, False


def _drop_space(flow: Flow) -> None:
    while True:
        space = _SPACE.match(flow.buffer)
        flow.drop(space.end() if space else 0)
        if flow.buffer or not flow.more():
            return


def _rest(flow: Flow, *, is_open: bool) -> Iterator[Lost]:
    """One Lost for whatever is left, too large or cut off, and for an array that never closes."""
    _drop_space(flow)
    if flow.problem or flow.buffer or is_open:
        reason = flow.problem or QuarantineReason.BAD_JSON
        if len(flow.buffer) > MAX_RECORD_BYTES:
            reason = QuarantineReason.RECORD_TOO_LARGE
        yield Lost(flow.at, reason, bytes(flow.buffer[:KEPT_BYTES]))
