"""Runs of whole gzip members, inflated together.

What is odd about a member (a name in its header, a wrong checksum, a code that is not complete) is not judged here: a
run ends before it, and zlib says what it is. So is a member that does not fit the block or the room.

Shapes: O = inflated bytes, M = members.
"""

from __future__ import annotations

import zlib
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.io.stored import BLOCK_BYTES, StoredBytes
from pipeline.kernels.inflate import NO_INPUT, inflate_members

ROOM_BYTES = 2**23
_MAX_MEMBERS = 2**14
_WORTH_BYTES = 2**16


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
        self._member_M3 = np.empty((_MAX_MEMBERS, 3), np.int64)

    def run(self, at: int, stop: int) -> Members | None:
        """Members from offset `at` on that start before `stop`; None where the first is for zlib."""
        held = self._stored.held_from(at, _WORTH_BYTES)
        num, why = self._inflate(held, stop - at)
        if not num and why == NO_INPUT and len(held) < BLOCK_BYTES:
            held = self._stored.held_from(at, BLOCK_BYTES)
            num, why = self._inflate(held, stop - at)
        num = self._num_sound(held, num)
        if not num:
            return None
        starts_M, ends_M, bounds_M = self._member_M3[:num].T
        return Members(self._room_O, np.concatenate([[0], bounds_M]), starts_M + at, ends_M + at)

    def _inflate(self, held: memoryview, stop: int) -> tuple[int, int]:
        stored_B = np.frombuffer(held, np.uint8)
        num, why = inflate_members(stored_B, 0, min(stop, stored_B.size), self._room_O, self._member_M3)
        return int(num), int(why)

    def _num_sound(self, held: memoryview, num: int) -> int:
        """How many of the first `num` members come before one whose checksum is wrong."""
        room, begin = self._room_O.data, 0
        for m, (_, end, out) in enumerate(self._member_M3[:num].tolist()):
            if zlib.crc32(room[begin:out]) != int.from_bytes(held[end - 8 : end - 4], "little"):
                return m
            begin = out
        return num
