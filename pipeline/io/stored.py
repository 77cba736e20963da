"""The bytes of a stored file, before decompression: read in blocks, hashed and counted as they pass."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Self

import fsspec
import pyarrow as pa
import xxhash

BLOCK_BYTES = 2**20


def is_url(path: str) -> bool:
    """True for a path that fsspec opens by its scheme (`s3://...`), False for a local one."""
    return "://" in path


def open_stored(path: str) -> IO[bytes]:
    """The stored file opened for reading bytes; OSError where that fails."""
    return fsspec.open(path, "rb").open() if is_url(path) else Path(path).open("rb")


def open_arrow(path: str, *, mapped: bool = False) -> pa.NativeFile:
    """The stored file as Arrow reads it; a local one may be mapped, so that parts not asked for cost nothing."""
    if is_url(path):
        return pa.PythonFile(open_stored(path), mode="r")
    return pa.memory_map(path) if mapped else pa.OSFile(path)


class StoredBytes:
    """Random access to a file through one block, hashing and counting the bytes of [start, stop) in passing.

    Reads outside that range are allowed (a record may end behind its piece) and are neither hashed nor counted.
    """

    def __init__(self, path: str, start: int = 0, stop: int | None = None) -> None:
        self._file = open_stored(path)
        self._block, self._block_at = b"", 0
        self._stop = stop
        self._hashed_to = self._counted_to = start
        self._hash = xxhash.xxh3_128()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()

    def read_at(self, at: int, size: int) -> bytes:
        """`size` bytes from offset `at`, fewer only at the end of the file. size <= BLOCK_BYTES."""
        low = self._index_of(at, size)
        return self._block[low : low + size]

    def held_from(self, at: int, size: int) -> tuple[bytes, int]:
        """All that is held, and where offset `at` is in it: at least `size` bytes from there on, fewer only at the end
        of the file.
        """
        low = self._index_of(at, size)
        return self._block, low

    def blocks(self, at: int) -> Iterator[bytes]:
        """Everything from offset `at` on, block by block."""
        while block := self.read_at(at, BLOCK_BYTES):
            yield block
            at += len(block)

    def _index_of(self, at: int, size: int) -> int:
        """Where offset `at` is in the block, which holds `size` bytes from there on."""
        low = at - self._block_at
        if low < 0 or low + size > len(self._block):
            self._load(at)
            low = 0
        return low

    def _load(self, at: int) -> None:
        self._file.seek(at)
        self._block, self._block_at = self._file.read(BLOCK_BYTES), at
        end = at + len(self._block)
        if at <= self._hashed_to < end:
            to = end if self._stop is None else min(end, self._stop)
            self._hash.update(self._block[self._hashed_to - at : max(to - at, 0)])
            self._hashed_to = max(self._hashed_to, to)

    def take_count(self) -> int:
        """Bytes of [start, stop) that were read for the first time since the last call."""
        count, self._counted_to = self._hashed_to - self._counted_to, self._hashed_to
        return count

    def digest(self) -> str:
        """xxh3_128 of [start, stop) as 32 hex digits; reads what no reader asked for."""
        while self._stop is None or self._hashed_to < self._stop:
            before = self._hashed_to
            self._load(before)
            if self._hashed_to == before:
                break
        return self._hash.hexdigest()
