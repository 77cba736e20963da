import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.io.archive import WARC, Record
from pipeline.io.archive_frames import frame_records, is_framed
from pipeline.io.reasons import Lost
from pipeline.io.stored import StoredBytes
from tests.archives import COMPRESS, wet_record
from tests.reading import read_bytes

PARTS = {
    "good": wet_record("good " * 5),
    "long": wet_record("".join(chr(97 + i * i % 23) for i in range(900))),
    "two records": wet_record("first") + wet_record("second"),
    "nothing": b"",
    "no record": b"some other text",
}


def _frame(name: str, kind: str) -> bytes:
    if name == "garbage":
        return b"\x1f\x8b\x08\x00 not a frame \x28\xb5\x2f\xfd\x00"
    if name == "cut":
        return COMPRESS[kind](PARTS["long"])[:-150]
    if name == "broken":
        whole = bytearray(COMPRESS["gzip"](PARTS["long"]))
        whole[-6] ^= 0xFF
        return bytes(whole) if kind == "gzip" else COMPRESS[kind](PARTS["long"])[:-9]
    return COMPRESS[kind](PARTS[name])


def _records(folder, data: bytes, kind: str, size: int) -> list[Record | Lost]:
    (folder / "a.warc").write_bytes(data)
    found = []
    for start in range(0, max(len(data), 1), size):
        with StoredBytes(str(folder / "a.warc")) as stored:
            found += [one for run in frame_records(stored, start, start + size, kind, WARC) for one in run.records]
    return found


@pytest.mark.parametrize("kind", COMPRESS)
@given(names=st.lists(st.sampled_from([*PARTS, "garbage", "cut", "broken"]), max_size=6), size=st.integers(1, 700))
def test_pieces_of_any_size_read_every_frame_and_every_break_once(tmp_path_factory, kind, names, size):
    folder = tmp_path_factory.mktemp("x")
    data = b"".join(_frame(name, kind) for name in names)
    whole = _records(folder, data, kind, len(data) + 1)
    assert _records(folder, data, kind, size) == whole
    assert len({one.position for one in whole}) == len(whole)


@pytest.mark.parametrize("kind", COMPRESS)
@pytest.mark.parametrize("bad", ["garbage", "cut", "broken", "no record"])
def test_a_broken_frame_takes_no_neighbour_along(tmp_path, kind, bad):
    data = _frame("good", kind) + _frame(bad, kind) + _frame("two records", kind)
    found = _records(tmp_path, data, kind, 10**6)
    bodies = [one.data[one.head_bytes :] for one in found if isinstance(one, Record)]
    assert bodies == [b"good " * 5, b"first", b"second"]
    assert [one.position for one in found if isinstance(one, Lost)] == [len(_frame("good", kind))]
    last = len(data) - len(_frame("two records", kind))
    assert [one.position for one in found[-2:]] == [last, last + 1]


@pytest.mark.parametrize("kind", COMPRESS)
def test_a_file_is_framed_where_each_frame_is_a_record(tmp_path, kind):
    def framed(*frames: bytes) -> bool:
        (tmp_path / "a.warc").write_bytes(b"".join(frames))
        with StoredBytes(str(tmp_path / "a.warc")) as stored:
            return is_framed(stored, kind, WARC)

    good = _frame("good", kind)
    assert framed(good)
    assert framed(good, good)
    assert framed(good, _frame("two records", kind))
    assert framed(_frame("nothing", kind), good)
    assert not framed(_frame("two records", kind), good)
    assert not framed(good[:-9])
    assert not framed(COMPRESS[kind](PARTS["long"][:300]), COMPRESS[kind](PARTS["long"][300:]))
    assert not framed()


def test_a_corrupt_first_frame_does_not_hide_that_a_file_is_framed(tmp_path):
    broken = bytearray(gzip.compress(PARTS["long"]))
    broken[-6] ^= 0xFF
    found = read_bytes(tmp_path, "a.wet.gz", bytes(broken) + COMPRESS["gzip"](PARTS["good"]), "wet")
    assert (found.texts, found.reasons) == (["good " * 5], ["corrupt_gzip"])


def test_skippable_zstd_frames_between_records_are_passed(tmp_path):
    aside = b"\x5a\x2a\x4d\x18\x05\x00\x00\x00aside"
    good = COMPRESS["zstd"](PARTS["good"])
    found = read_bytes(tmp_path, "a.warc.zst", aside + good + aside + good, "warc")
    assert [row["position"] for row in found.documents] == [len(aside), 2 * len(aside) + len(good)]


def test_padding_behind_the_last_frame_is_nothing(tmp_path):
    found = read_bytes(tmp_path, "a.wet.gz", COMPRESS["gzip"](PARTS["good"]) + bytes(3000), "wet", slice_bytes=500)
    assert (len(found.texts), found.reasons) == (1, [])
