import gzip
import os
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.io import gzip_members
from pipeline.io.gzip_members import MemberReader
from pipeline.io.stored import StoredBytes

TEXTS = [b"first", b"", b"x" * 5000, b"last"]
MEMBERS = [gzip.compress(text, mtime=0) for text in TEXTS]
STRATEGIES = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED)


def _member(data: bytes, level: int = 6, strategy: int = 0) -> bytes:
    deflate = zlib.compressobj(level, zlib.DEFLATED, 31, 8, strategy)
    return deflate.compress(data) + deflate.flush()


def _runs(folder, data: bytes, stop: int | None = None) -> tuple[list[bytes], int]:
    """What all runs hold, and the offset of the member that must be read alone."""
    (folder / "a.gz").write_bytes(data)
    found, at = [], 0
    with StoredBytes(str(folder / "a.gz")) as stored:
        reader = MemberReader(stored)
        while run := reader.run(at, len(data) if stop is None else stop):
            assert run.starts_M.tolist() == [at, *run.ends_M[:-1].tolist()]
            found += [run.data(m) for m in range(run.starts_M.size)]
            at = int(run.ends_M[-1])
            if at >= (len(data) if stop is None else stop):
                break
    return found, at


def _whole_by_zlib(stored: bytes) -> bytes | None:
    decoder = zlib.decompressobj(wbits=31)
    try:
        data = decoder.decompress(stored)
    except zlib.error:
        return None
    return data if decoder.eof and not decoder.unused_data else None


@given(
    texts=st.lists(st.tuples(st.binary(max_size=900), st.integers(1, 50)), min_size=1, max_size=4),
    level=st.integers(0, 9),
    strategy=st.sampled_from(STRATEGIES),
)
def test_runs_hold_what_zlib_says(tmp_path_factory, texts, level, strategy):
    wanted = [text * times for text, times in texts]
    stored = [_member(one, level, strategy) for one in wanted]
    alone = next((m for m, one in enumerate(stored) if b"\x1f\x8b\x08" in one[18:]), len(stored))  # as if another began
    found, at = _runs(tmp_path_factory.mktemp("x"), b"".join(stored))
    assert (found, at) == (wanted[:alone], len(b"".join(stored[:alone])))


def test_a_long_text_with_long_codes(tmp_path):
    rng = np.random.default_rng(1)
    text = b"".join(bytes([int(one)]) * 3 for one in rng.zipf(1.2, 50_000) % 256) + os.urandom(70_000)
    assert _runs(tmp_path, _member(text, 9) + MEMBERS[0])[0] == [text, TEXTS[0]]


@given(text=st.binary(min_size=1, max_size=300), data=st.data())
def test_what_is_taken_of_a_damaged_member_is_what_zlib_takes(tmp_path_factory, text, data):
    damaged = bytearray(_member(text * 3))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(4, len(damaged) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    stored = bytes(damaged[: data.draw(st.integers(len(damaged) // 2, len(damaged)))])
    whole = _whole_by_zlib(stored)
    found, _ = _runs(tmp_path_factory.mktemp("x"), stored + MEMBERS[0])
    assert found == ([] if whole is None else [whole, TEXTS[0]])


def test_members_that_start_at_the_stop_are_not_taken(tmp_path):
    two = len(MEMBERS[0] + MEMBERS[1])
    assert _runs(tmp_path, b"".join(MEMBERS) + bytes(20), two) == (TEXTS[:2], two)


@pytest.mark.parametrize("at", [-8, -1])
def test_a_run_ends_before_a_wrong_checksum_or_size(tmp_path, at):
    broken = bytearray(MEMBERS[2])
    broken[at] ^= 1
    assert _runs(tmp_path, b"".join(MEMBERS[:2]) + bytes(broken) + MEMBERS[3])[0] == TEXTS[:2]


@pytest.mark.parametrize("text", [b"small", os.urandom(2**15)], ids=["small", "large"])
@pytest.mark.parametrize("junk", [b"junk", b"\x1f\x8b\x08"])
def test_a_run_ends_before_a_member_that_something_else_follows(tmp_path, text, junk):
    data = MEMBERS[0] + gzip.compress(text) + junk + MEMBERS[3]
    found, at = _runs(tmp_path, data)
    assert found[:1] == TEXTS[:1]
    assert at <= data.index(junk + MEMBERS[3])


def test_magic_bytes_inside_a_member_are_no_end(tmp_path):
    text = b"\x1f\x8b\x08" * 9
    data = MEMBERS[0] + _member(text, 0) + MEMBERS[3]
    assert _runs(tmp_path, data) == (TEXTS[:1], len(MEMBERS[0]))


def test_members_behind_the_end_of_a_block_are_read_in_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.io.stored.BLOCK_BYTES", 1000)
    monkeypatch.setattr(gzip_members, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(gzip_members, "_WORTH_BYTES", 40)
    data = b"".join(MEMBERS * 40)
    assert _runs(tmp_path, data) == (TEXTS * 40, len(data))


@pytest.mark.parametrize("size", [2**14 + 1, 2**25])
def test_a_member_larger_than_the_room_is_read_alone(tmp_path, monkeypatch, size):
    monkeypatch.setattr(gzip_members, "ROOM_BYTES", 2**14)
    assert _runs(tmp_path, MEMBERS[0] + gzip.compress(bytes(size)) + MEMBERS[3]) == (TEXTS[:1], len(MEMBERS[0]))


def test_a_run_fills_the_room_and_the_next_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(gzip_members, "ROOM_BYTES", 5000)
    data = b"".join(MEMBERS * 3)
    assert _runs(tmp_path, data) == (TEXTS * 3, len(data))
