"""Input files and the slices they are read in.

A slice is an ordered list of file pieces of about `slice_bytes` stored bytes: the unit of work. Pieces are planned in
(source, start) order, so rows over all slices in order are sorted by (source, position). Where pieces are cut depends
on the files alone, never on the order in which they were listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.config import InputConfig
from pipeline.io.columnar import part_bytes
from pipeline.io.file_head import read_head
from pipeline.io.input_checks import check_file
from pipeline.io.input_files import InputError, SourceFile, find_files

__all__ = ["InputError", "Piece", "Slice", "SourceFile", "find_sources", "plan_slices"]


@dataclass(frozen=True)
class Piece:
    """A part of a file. [start, stop) are stored bytes; in a part of a Parquet or Arrow file row groups or batches.

    stored: the stored bytes that the piece stands for, where start and stop are no bytes.
    """

    file: SourceFile
    start: int
    stop: int
    whole: bool
    stored: tuple[int, int] | None = None

    @property
    def byte_range(self) -> tuple[int, int]:
        """Stored bytes [from, to) of the piece; the pieces of a file cover it without overlap."""
        return self.stored or (self.start, self.stop)

    @property
    def bytes(self) -> int:
        """Stored bytes."""
        first, last = self.byte_range
        return last - first


@dataclass(frozen=True)
class Slice:
    """Pieces that one worker reads, in (source, start) order."""

    index: int
    pieces: tuple[Piece, ...]

    @property
    def bytes(self) -> int:
        """Stored bytes of all pieces."""
        return sum(piece.bytes for piece in self.pieces)


def find_sources(inputs: Sequence[InputConfig]) -> list[SourceFile]:
    """Every input file, sorted by source (code points), each checked before work; InputError says what is wrong."""
    files = find_files(inputs)
    for file in files:
        check_file(file, inputs[file.input_index])
    return files


def plan_slices(inputs: Sequence[InputConfig], sources: Sequence[SourceFile], slice_bytes: int) -> list[Slice]:
    """Slices over all sources. An input with a limit stays in one slice, with all that stands between its files."""
    ordered = sorted(sources, key=lambda file: file.source)
    pieces = [piece for file in ordered for piece in _pieces(file, inputs[file.input_index], slice_bytes)]
    slices: list[list[Piece]] = []
    room = -1
    for run in _runs(pieces, inputs):
        size = sum(piece.bytes for piece in run)
        if size > room:
            slices.append([])
            room = max(slice_bytes, size)
        slices[-1] += run
        room -= size
    return [Slice(i, tuple(some)) for i, some in enumerate(slices)]


def _runs(pieces: Sequence[Piece], inputs: Sequence[InputConfig]) -> Iterator[list[Piece]]:
    """Pieces that may not be parted: all from the first to the last of an input with a limit, any other alone."""
    last_of = {piece.file.input_index: i for i, piece in enumerate(pieces)}
    run: list[Piece] = []
    end = -1
    for i, piece in enumerate(pieces):
        if i > end and run:
            yield run
            run = []
        run.append(piece)
        index = piece.file.input_index
        end = max(end, last_of[index] if inputs[index].limit else i)
    if run:
        yield run


def _pieces(file: SourceFile, config: InputConfig, slice_bytes: int) -> list[Piece]:
    whole = [Piece(file, 0, file.size, True)]
    if file.size <= slice_bytes or config.limit:
        return whole
    head = read_head(file, config)
    if head.format in ("parquet", "arrow"):
        cut = list(_parts(file, part_bytes(file.path, head.format), slice_bytes))
        return cut if len(cut) > 1 else whole
    if head.is_framed or (head.is_lines and head.kind == "plain"):
        starts = range(0, file.size, slice_bytes)
        return [Piece(file, at, min(at + slice_bytes, file.size), False) for at in starts]
    return whole


def _parts(file: SourceFile, sizes: Sequence[int], slice_bytes: int) -> Iterator[Piece]:
    """Runs of parts of up to slice_bytes, a larger part alone; the file's bytes are shared out by number of parts."""
    start = size = 0
    for i, one in enumerate([*sizes, slice_bytes + 1]):
        if i > start and size + one > slice_bytes:
            stored = (file.size * start // len(sizes), file.size * i // len(sizes))
            yield Piece(file, start, i, False, stored)
            start, size = i, 0
        size += one
