"""Runs of whole gzip members, as a crawl has one a document, inflated together.

A member is taken to end where the next one seems to start. Where it does not, where it is broken, or fits neither the
block nor the room, the run ends before it: `Frame` reads it alone and says what it is. (What is no gzip at all behind a
member goes unseen where it ends in that member's size.)

Shapes: O = inflated bytes, M = members.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from isal import igzip_lib

from pipeline.io.stored import BLOCK_BYTES, StoredBytes

ROOM_BYTES = 2**23
_WORTH_BYTES = 2**16
_SMALL_BYTES = 2**14  # inflates to 16 MiB at most: bounding it would cost more than inflating it
_LEAST_BYTES = 18
_MAGIC = b"\x1f\x8b\x08"


class Members(NamedTuple):
    """Member m is stored from starts_M[m] to ends_M[m] and holds data_O[bounds_M1[m]:bounds_M1[m + 1]], which the next
    run overwrites.
    """

    data_O: npt.NDArray[np.uint8]
    bounds_M1: npt.NDArray[np.int64]
    starts_M: npt.NDArray[np.int64]
    ends_M: npt.NDArray[np.int64]

    def data(self, m: int) -> bytes:
        """What member m holds."""
        return self.data_O[self.bounds_M1[m] : self.bounds_M1[m + 1]].tobytes()


class MemberReader:
    """Inflates runs of members of one file, always into the same room."""

    def __init__(self, stored: StoredBytes) -> None:
        self._stored = stored
        self._room_O = np.empty(ROOM_BYTES, np.uint8)

    def run(self, at: int, stop: int) -> Members | None:
        """Members from offset `at` on that start before `stop`; None where the first must be read alone."""
        block, low = self._stored.held_from(at, _WORTH_BYTES)
        if block.find(_MAGIC, low + _LEAST_BYTES) < 0:
            block, low = self._stored.held_from(at, BLOCK_BYTES)
        edges, bounds = self._inflate(block, low, low + stop - at)
        if len(edges) == 1:
            return None
        edge_M1 = np.array(edges) + (at - low)
        return Members(self._room_O, np.array(bounds), edge_M1[:-1], edge_M1[1:])

    def _inflate(self, block: bytes, at: int, stop: int) -> tuple[list[int], list[int]]:
        """Where members end in the block, and in the room."""
        edges, bounds = [at], [0]
        view, room = memoryview(block), self._room_O.data
        while edges[-1] < stop:
            end = block.find(_MAGIC, edges[-1] + _LEAST_BYTES)
            end = len(block) if end < 0 else end
            data = _held_by(view[edges[-1] : end])
            filled = bounds[-1] + len(data or b"")
            if data is None or filled > ROOM_BYTES:
                break
            room[bounds[-1] : filled] = data
            edges.append(end)
            bounds.append(filled)
        return edges, bounds


def _held_by(stored: memoryview) -> bytes | None:
    """What a member holds; None where `stored` is not a whole one, or holds too much."""
    try:
        if len(stored) > _SMALL_BYTES:
            decoder = igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_GZIP)
            data = decoder.decompress(stored, ROOM_BYTES)
            return data if decoder.eof and not decoder.unused_data else None
        data = igzip_lib.decompress(stored, igzip_lib.DECOMP_GZIP)
    except igzip_lib.IsalError:  # type: ignore[misc]  # its stub makes it no class
        return None
    return data if int.from_bytes(stored[-4:], "little") == len(data) else None
