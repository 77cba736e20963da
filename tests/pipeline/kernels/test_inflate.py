import gzip
import os
import zlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels.inflate import DONE, LEFT_TO_ZLIB, MARGIN_BYTES, NO_INPUT, NO_ROOM, inflate_members

STRATEGIES = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED)
AFTER = bytes(16)


def member(data: bytes, level: int = 6, strategy: int = 0) -> bytes:
    deflate = zlib.compressobj(level, zlib.DEFLATED, 31, 8, strategy)
    return deflate.compress(data) + deflate.flush()


def inflated(stored: bytes, stop: int | None = None, room: int = 2**20) -> tuple[list[bytes], int]:
    """What each member holds, and why the next one was not inflated."""
    room_O, member_M3 = np.empty(room, np.uint8), np.empty((50, 3), np.int64)
    stop = len(stored) if stop is None else stop
    num, why = inflate_members(np.frombuffer(stored, np.uint8), 0, stop, room_O, member_M3)
    ends = [0, *member_M3[:num, 2].tolist()]
    return [room_O[start:end].tobytes() for start, end in pairwise(ends)], why


@given(
    texts=st.lists(st.tuples(st.binary(max_size=900), st.integers(1, 50)), min_size=1, max_size=4),
    level=st.integers(0, 9),
    strategy=st.sampled_from(STRATEGIES),
)
def test_members_hold_what_zlib_says(texts, level, strategy):
    wanted = [text * times for text, times in texts]
    stored = b"".join(member(one, level, strategy) for one in wanted)
    assert inflated(stored + AFTER, len(stored)) == (wanted, DONE)


def test_a_long_text_with_long_codes():
    rng = np.random.default_rng(1)
    text = b"".join(bytes([int(one)]) * 3 for one in rng.zipf(1.2, 50_000) % 256) + os.urandom(70_000)
    assert inflated(member(text, 9) + AFTER, 1) == ([text], DONE)


@given(text=st.binary(min_size=1, max_size=300), data=st.data())
def test_what_is_taken_of_a_damaged_member_is_what_zlib_takes(text, data):
    stored = bytearray(member(text * 3))
    for _ in range(data.draw(st.integers(1, 4))):
        stored[data.draw(st.integers(0, len(stored) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    (members, _), raw = inflated(bytes(stored) + AFTER, 1), zlib.decompressobj(wbits=-15)
    if members:
        assert raw.decompress(bytes(stored[10:])) == members[0]
        assert raw.eof


@given(text=st.binary(max_size=300), cut=st.integers(0, 500))
def test_a_cut_member_has_no_input(text, cut):
    stored = member(text * 3)
    assert inflated(stored[: max(len(stored) - 1 - cut, 0)], 1) == ([], NO_INPUT)


def test_the_room_is_never_left():
    bomb = member(bytes(10**6))
    assert inflated(bomb + AFTER, 1, room=10**6) == ([], NO_ROOM)
    assert inflated(bomb + AFTER, 1, room=10**6 + MARGIN_BYTES)[1] == DONE
    assert inflated(member(b"x" * 100, 0) + AFTER, 1, room=MARGIN_BYTES) == ([], NO_ROOM)


def _bits(*fields: tuple[int, int]) -> bytes:
    number = shift = 0
    for value, width in fields:
        number |= value << shift
        shift += width
    return number.to_bytes(shift // 8 + 1, "little")


HEAD = gzip.compress(b"", mtime=0)[:10]
ODD = {
    "no gzip": b"\x1f\x8c" + bytes(40),
    "a name": HEAD[:3] + b"\x08" + HEAD[4:] + b"name\0" + member(b"x")[10:],
    "a block of type 3": HEAD + _bits((1, 1), (3, 2)),
    "a stored block whose length is wrong": HEAD + b"\x01\x01\x00\x01\x00x",
    "287 literals": HEAD + _bits((1, 1), (2, 2), (30, 5), (0, 5), (0, 4)),
    "31 distances": HEAD + _bits((1, 1), (2, 2), (0, 5), (30, 5), (0, 4)),
    "codes that are not complete": HEAD + _bits((1, 1), (2, 2), (0, 5), (0, 5), (0, 4), (1, 3)),
    "a match before the start": HEAD + _bits((1, 1), (1, 2), (64, 7), (0, 5)),
    "a size that is wrong": member(b"hello")[:-4] + bytes(4),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_left_to_zlib(name):
    assert inflated(ODD[name] + bytes(40), 1) == ([], LEFT_TO_ZLIB)
