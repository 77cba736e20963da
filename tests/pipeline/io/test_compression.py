import gzip
import struct

import lz4.frame
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pipeline.io.compression import (
    STEP_BYTES,
    BrokenFrameError,
    Flow,
    Frame,
    decompressed,
    kind_of,
    unsupported_kind,
)
from pipeline.io.stored import StoredBytes

COMPRESS = {"gzip": gzip.compress, "zstd": zstandard.ZstdCompressor().compress, "lz4": lz4.frame.compress}
SKIPPABLE = b"\x5a\x2a\x4d\x18" + struct.pack("<I", 5) + b"aside"


def _store(folder, data: bytes) -> StoredBytes:
    (folder / "stored.bin").write_bytes(data)
    return StoredBytes(str(folder / "stored.bin"))


def _read(folder, data: bytes) -> tuple[bytes, str | None]:
    with _store(folder, data) as stored:
        flow = Flow(decompressed(stored, kind_of(data[:4])))
        while flow.more():
            pass
        return bytes(flow.buffer), flow.problem


@pytest.mark.parametrize("kind", COMPRESS)
@given(parts=st.lists(st.binary(max_size=300), min_size=1, max_size=4))
def test_all_frames_of_a_file_are_one_stream(tmp_path_factory, kind, parts):
    data = b"".join(COMPRESS[kind](part) for part in parts)
    assert kind_of(data[:4]) == kind
    assert _read(tmp_path_factory.mktemp("x"), data) == (b"".join(parts), None)


@pytest.mark.parametrize("kind", COMPRESS)
def test_a_cut_frame_gives_what_came_before_and_says_so(tmp_path, kind):
    whole = bytes(range(256)) * 4000
    stored = COMPRESS[kind](b"first") + COMPRESS[kind](whole)
    text, problem = _read(tmp_path, stored[:-20])
    assert problem == f"truncated_{kind}"
    assert (b"first" + whole).startswith(text)
    assert text.startswith(b"first")


@pytest.mark.parametrize("kind", ["gzip", "lz4"])
def test_a_frame_that_fails_its_check_is_corrupt(tmp_path, kind):
    compress = COMPRESS[kind] if kind == "gzip" else lambda data: lz4.frame.compress(data, content_checksum=True)
    stored = bytearray(compress(b"some text that is checked " * 50))
    stored[-6] ^= 0xFF
    assert _read(tmp_path, bytes(stored))[1] == f"corrupt_{kind}"


def test_zero_padding_behind_the_last_frame_is_no_data_and_anything_else_is_corrupt(tmp_path):
    assert _read(tmp_path, gzip.compress(b"text") + bytes(1000)) == (b"text", None)
    assert _read(tmp_path, gzip.compress(b"text") + b"garbage") == (b"text", "corrupt_gzip")


def test_skippable_frames_hold_nothing(tmp_path):
    zstd = COMPRESS["zstd"](b"text")
    assert kind_of(SKIPPABLE[:4]) == "zstd"
    assert _read(tmp_path, SKIPPABLE + zstd + SKIPPABLE + zstd) == (b"texttext", None)


@pytest.mark.parametrize("kind", ["gzip", "lz4"])
def test_a_bomb_comes_in_small_steps(tmp_path, kind):
    with _store(tmp_path, COMPRESS[kind](bytes(40 * 2**20))) as stored:
        sizes = [len(chunk) for chunk in decompressed(stored, kind)]
    assert sum(sizes) == 40 * 2**20
    assert max(sizes) <= STEP_BYTES


def test_a_zstd_bomb_comes_in_bounded_steps(tmp_path):
    size = 300 * 2**20
    with _store(tmp_path, COMPRESS["zstd"](bytes(size))) as stored:
        sizes = [len(chunk) for chunk in decompressed(stored, "zstd")]
    assert sum(sizes) == size
    assert max(sizes) <= 128 * 2**20


def test_a_frame_knows_where_it_ends(tmp_path):
    first = gzip.compress(b"one")
    with _store(tmp_path, b"junk" + first + gzip.compress(b"two")) as stored:
        frame = Frame(stored, 4, "gzip")
        assert b"".join(frame.chunks()) == frame.head == b"one"
        assert frame.end == 4 + len(first)
        with pytest.raises(BrokenFrameError, match="corrupt_gzip"):
            list(Frame(stored, 0, "gzip").chunks())


def test_other_compressions_are_known_by_name():
    import bz2
    import lzma

    assert unsupported_kind(bz2.compress(b"x")[:16]) == "bzip2"
    assert unsupported_kind(lzma.compress(b"x")[:16]) == "xz"
    assert unsupported_kind(b"PK\x03\x04 and so on") == "zip"
    assert unsupported_kind(b"BZhonestly a text") is None
    assert kind_of(b"") == kind_of(b"\x1f") == "plain"


def test_a_flow_fills_on_demand_and_keeps_its_offset():
    flow = Flow(iter([b"ab", b"", b"cd", b"ef"]), at=10)
    assert flow.need(3)
    assert flow.buffer == b"abcd"
    flow.drop(3)
    assert (flow.at, bytes(flow.buffer)) == (13, b"d")
    assert not flow.need(4)
    flow.drop(100)
    assert (flow.at, flow.ended, flow.problem) == (16, True, None)
