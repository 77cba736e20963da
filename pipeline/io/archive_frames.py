"""Archives with a compressed frame per record: any byte range can be read alone, and a broken frame stays alone.

Which piece reads what: a piece owns the frames that start in its range, and the broken stretch behind each of them up
to the next frame that opens a record. So the pieces of a file, however cut, read every frame and every break once. (A
range could be led astray by a record that itself holds frames of records, stored without compression, where the range
happens to start inside it.)
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.io.archive import Dialect, Record, stream_records
from pipeline.io.compression import BrokenFrameError, Flow, Frame, Kind, is_padding, magic_of, opens_frame
from pipeline.io.reasons import KEPT_BYTES, MAX_RECORD_BYTES, Lost, QuarantineReason
from pipeline.io.stored import BLOCK_BYTES, StoredBytes

_HEAD_BYTES = 2**14
_FIRST_FRAME_BYTES = 2**24
_SEARCH_BYTES = 2**26


def is_framed(stored: StoredBytes, kind: Kind, dialect: Dialect) -> bool:
    """True for a file with a frame per record, judged by its first frame: it holds one, and so does the next.

    A corrupt first frame counts as one where another follows within _SEARCH_BYTES.
    """
    if kind == "plain":
        return False
    at = _behind_skippable(stored, 0, kind)
    frame = Frame(stored, at, kind)
    try:
        data = _contents(frame, _FIRST_FRAME_BYTES)
    except BrokenFrameError as broken:
        is_cut = broken.reason.value.startswith("truncated")
        return not is_cut and _find_frame(stored, at + 1, kind, dialect, at + _SEARCH_BYTES) is not None
    if len(data) > _FIRST_FRAME_BYTES or frame.end is None:
        return False
    records = list(stream_records(Flow(iter([data])), dialect))
    if not stored.read_at(frame.end, 1):
        return len(records) == 1 and isinstance(records[0], Record)
    return len(records) <= 1 and _opens_record(stored, frame.end, kind, dialect)


def frame_records(stored: StoredBytes, start: int, stop: int, kind: Kind, dialect: Dialect) -> Iterator[Record | Lost]:
    """Records of the frames that start in stored bytes [start, stop), and what is broken behind them."""
    at, is_behind_frame = start, start == 0
    while True:
        at = _behind_skippable(stored, at, kind)
        if not stored.read_at(at, 1):
            return
        if not _opens_record(stored, at, kind, dialect):
            if is_behind_frame and not is_padding(stored, at):
                yield Lost(at, QuarantineReason(f"corrupt_{kind}"), stored.read_at(at, KEPT_BYTES))
            found = _find_frame(stored, at + 1, kind, dialect)
            if found is None:
                return
            at = found
        if at >= stop:
            return
        frame = Frame(stored, at, kind)
        yield from _one_frame(frame, at, dialect)
        is_behind_frame = frame.end is not None
        at = at + 1 if frame.end is None else frame.end


def _one_frame(frame: Frame, at: int, dialect: Dialect) -> Iterator[Record | Lost]:
    try:
        data = _contents(frame, MAX_RECORD_BYTES)
    except BrokenFrameError as broken:
        yield Lost(at, broken.reason, b"")
        return
    assert frame.end is not None
    if len(data) > MAX_RECORD_BYTES:
        yield Lost(at, QuarantineReason.RECORD_TOO_LARGE, data[:KEPT_BYTES])
        return
    for k, record in enumerate(stream_records(Flow(iter([data])), dialect)):
        if k == frame.end - at:
            yield Lost(at + k - 1, QuarantineReason.BAD_WARC_RECORD, b"")
            return
        yield record._replace(position=at + k)


def _contents(frame: Frame, max_bytes: int) -> bytes:
    """The frame decompressed, to its end; of one above `max_bytes` only the start, with at least one byte too many."""
    data = bytearray()
    for chunk in frame.chunks():
        if len(data) <= max_bytes:
            data += chunk
    return bytes(data)


def _opens_record(stored: StoredBytes, at: int, kind: Kind, dialect: Dialect) -> bool:
    """True where the frame at `at` starts a record once decompressed, or is whole and empty."""
    if not opens_frame(stored.read_at(at, 4), kind):
        return False
    head = bytearray()
    try:
        for chunk in Frame(stored, at, kind).chunks():
            head = (head + chunk).lstrip(b"\r\n")
            if len(head) >= _HEAD_BYTES:
                break
    except BrokenFrameError:
        pass
    else:
        if not head:
            return True
    return dialect.start.match(head) is not None


def _find_frame(stored: StoredBytes, at: int, kind: Kind, dialect: Dialect, stop: int | None = None) -> int | None:
    """Offset of the first frame from `at` on that opens a record, None where there is none before `stop`."""
    magic = magic_of(kind)
    while (stop is None or at < stop) and len(block := stored.read_at(at, BLOCK_BYTES)) >= len(magic):
        found = block.find(magic)
        while found >= 0:
            if _opens_record(stored, at + found, kind, dialect):
                return at + found
            found = block.find(magic, found + 1)
        at += len(block) - len(magic) + 1
    return None


def _behind_skippable(stored: StoredBytes, at: int, kind: Kind) -> int:
    """Offset behind the skippable zstd frames at `at`: 4 bytes magic, 4 bytes size, contents."""
    while kind == "zstd" and len(head := stored.read_at(at, 8)) == 8:
        if head.startswith(magic_of("zstd")) or not opens_frame(head, "zstd"):
            break
        at += 8 + int.from_bytes(head[4:], "little")
    return at
