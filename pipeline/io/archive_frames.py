"""Archives with a compressed frame per record: any byte range can be read alone, and a broken frame stays alone.

Which piece reads what: a piece owns the frames that start in its range, and the broken stretch behind each of them up
to the next frame that opens a record. So the pieces of a file, however cut, read every frame and every break once. (A
range could be led astray by a record that itself holds frames of records, stored without compression, where the range
happens to start inside it.)
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipeline.io.archive import Dialect, Record, stream_records
from pipeline.io.compression import HEAD_BYTES, BrokenFrameError, Flow, Frame, Kind, is_padding, magic_of, opens_frame
from pipeline.io.reasons import KEPT_BYTES, MAX_RECORD_BYTES, Lost, QuarantineReason
from pipeline.io.stored import BLOCK_BYTES, StoredBytes

if TYPE_CHECKING:
    from pipeline.io.gzip_members import Members
    from pipeline.io.wet_records import PlainRecords

_FIRST_FRAME_BYTES = 2**24
_SEARCH_BYTES = 2**26


def is_framed(stored: StoredBytes, kind: Kind, dialect: Dialect) -> bool:
    """True for a file with a frame per record, judged by its first frame: it holds one, and so does the next.

    A corrupt first frame counts as one where another follows within _SEARCH_BYTES.
    """
    if kind == "plain":
        return False
    at = _behind_skippable(stored, 0, kind)
    frame, data = Frame(stored, at, kind), bytearray()
    try:
        for chunk in frame.chunks():
            data += chunk
            if len(data) > _FIRST_FRAME_BYTES:
                return False
    except BrokenFrameError as broken:
        is_cut = broken.reason.value.startswith("truncated")
        return not is_cut and _find_frame(stored, at + 1, kind, dialect, at + _SEARCH_BYTES) is not None
    assert frame.end is not None
    records = list(stream_records(Flow(iter([bytes(data)])), dialect))
    if not stored.read_at(frame.end, 1):
        return len(records) == 1 and isinstance(records[0], Record)
    return len(records) <= 1 and _opens_record(stored, frame.end, kind, dialect)


class Run(NamedTuple):
    """What a run of frames holds: records one by one, and those that were taken together, of other frames."""

    records: list[Record | Lost]
    plain: PlainRecords | None = None


def frame_records(
    stored: StoredBytes,
    start: int,
    stop: int,
    kind: Kind,
    dialect: Dialect,
    take: Callable[[Members], PlainRecords | None] = lambda _: None,
) -> Iterator[Run]:
    """Records of the frames that start in stored bytes [start, stop), and what is broken behind them.

    take: takes plain records out of a run of whole gzip members.
    """
    from pipeline.io.gzip_members import MemberReader  # brings kernels, which planning slices does not need

    at, is_behind_frame = start, start == 0
    members = MemberReader(stored) if kind == "gzip" else None
    while stored.read_at(at := _behind_skippable(stored, at, kind), 1):
        if at >= stop and _opens_record(stored, at, kind, dialect):
            return
        if is_behind_frame and at < stop and members and (whole := members.run(at, stop)):
            run, read_to = _run_of(whole, dialect, take)
            if read_to > at:
                yield run
                at = read_to
                continue
        frame = Frame(stored, at, kind)
        records = _one_frame(frame, at, dialect) if is_behind_frame and at < stop else None
        if records is not None:
            yield Run(records)
            is_behind_frame = frame.end is not None
            at = at + 1 if frame.end is None else frame.end
            continue
        if is_behind_frame and not is_padding(stored, at):
            yield Run([Lost(at, QuarantineReason(f"corrupt_{kind}"), stored.read_at(at, KEPT_BYTES))])
        found = _find_frame(stored, at + 1 if is_behind_frame else at, kind, dialect)
        if found is None:
            return
        at, is_behind_frame = found, True


def _run_of(members: Members, dialect: Dialect, take: Callable[[Members], PlainRecords | None]) -> tuple[Run, int]:
    """What the members hold up to one that opens no record, and the offset behind them."""
    plain, read_to = take(members), int(members.ends_M[-1])
    records: list[Record | Lost] = []
    others = range(members.starts_M.size) if plain is None else np.flatnonzero(~plain.is_plain_M).tolist()
    for m in others:
        at, end, data = int(members.starts_M[m]), int(members.ends_M[m]), members.data(m)
        if not _starts_well(data[:HEAD_BYTES], dialect, is_whole=True):
            return Run(records, plain and plain.before(m)), at
        records += _records_in(data, at, end, dialect)
    return Run(records, plain), read_to


def _one_frame(frame: Frame, at: int, dialect: Dialect) -> list[Record | Lost] | None:
    """Records of the frame at `at`; None where it opens none."""
    try:
        data = _contents(frame)
    except BrokenFrameError as broken:
        is_record = _starts_well(frame.head, dialect, is_whole=frame.end is not None)
        return [Lost(at, broken.reason, frame.head)] if is_record else None
    if not _starts_well(frame.head, dialect, is_whole=True):
        return None
    assert frame.end is not None
    return _records_in(data, at, frame.end, dialect)


def _records_in(data: bytes, at: int, end: int, dialect: Dialect) -> list[Record | Lost]:
    """Records of a frame that stands in the stored bytes [at, end) and holds `data`."""
    if len(data) > MAX_RECORD_BYTES:
        return [Lost(at, QuarantineReason.RECORD_TOO_LARGE, data[:KEPT_BYTES])]
    records = islice(stream_records(Flow(iter([data])), dialect), end - at)
    return [record._replace(position=at + k) for k, record in enumerate(records)]


def _contents(frame: Frame) -> bytes:
    """The frame decompressed, to its end; of one that is too large only the start, with at least a byte too many."""
    data = bytearray()
    for chunk in frame.chunks():
        if len(data) <= MAX_RECORD_BYTES:
            data += chunk
    return bytes(data)


def _opens_record(stored: StoredBytes, at: int, kind: Kind, dialect: Dialect) -> bool:
    """True where the frame at `at` starts a record once decompressed, or is whole and empty."""
    if not opens_frame(stored.read_at(at, 4), kind):
        return False
    frame = Frame(stored, at, kind)
    with contextlib.suppress(BrokenFrameError):
        for _ in frame.chunks():
            if len(frame.head) == HEAD_BYTES:
                break
    return _starts_well(frame.head, dialect, is_whole=frame.end is not None)


def _starts_well(head: bytes, dialect: Dialect, *, is_whole: bool) -> bool:
    """What `_opens_record` says, of a frame that starts with `head`: HEAD_BYTES of it, or as far as it goes."""
    start = head.lstrip(b"\r\n")
    if not start:
        return is_whole and len(head) < HEAD_BYTES
    return dialect.start.match(start) is not None


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
