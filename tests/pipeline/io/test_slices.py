import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import InputConfig
from pipeline.io.slices import Piece, Slice, SourceFile, find_sources, plan_slices
from tests.archives import COMPRESS, wet_record


def _plan(sizes, slice_bytes, limits=None, folder=None) -> list[Slice]:
    """Slices of text files, one per input, whose sizes are given by source."""
    limits = limits or {}
    inputs = [InputConfig(format="text", paths=("x",), limit=limits.get(name)) for name in sizes]
    sources = [SourceFile(i, f"/none/{name}", name, size, 0) for i, (name, size) in enumerate(sizes.items())]
    random.Random(0).shuffle(sources)
    return plan_slices(inputs, sources, slice_bytes)


def _names(slices):
    return [[piece.file.source for piece in one.pieces] for one in slices]


def test_small_files_share_a_slice_up_to_its_size():
    assert _names(_plan({"a": 4, "b": 5, "c": 2, "d": 8, "e": 0}, 10)) == [["a", "b"], ["c", "d", "e"]]
    assert _names(_plan({"a": 10, "b": 1}, 10)) == [["a"], ["b"]]
    assert _plan({}, 10) == []


@given(
    sizes=st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 10), max_size=8),
    limited=st.sets(st.sampled_from("abcdefgh"), max_size=2),
)
def test_pieces_keep_their_order_and_no_slice_is_too_large(sizes, limited):
    slices = _plan(sizes, 10, dict.fromkeys(limited, 3))
    assert [name for names in _names(slices) for name in names] == sorted(sizes)
    assert [one.index for one in slices] == list(range(len(slices)))
    assert all(one.pieces and one.bytes <= 10 for one in slices)
    assert sum(one.bytes for one in slices) == sum(sizes.values())


def test_an_input_with_a_limit_stays_in_one_slice_with_all_between_its_files():
    inputs = [InputConfig(format="text", paths=("x",), limit=5), InputConfig(format="text", paths=("x",))]
    owner = {"a": 1, "b": 0, "c": 1, "d": 0, "e": 1, "f": 1}
    sources = [SourceFile(index, name, name, 8, 0) for name, index in owner.items()]
    slices = plan_slices(inputs, sources, 10)
    assert _names(slices) == [["a"], ["b", "c", "d"], ["e"], ["f"]]


def _pieces(path, format, slice_bytes, **settings) -> list[Piece]:
    inputs = [InputConfig(format=format, paths=(str(path),), **settings)]
    slices = plan_slices(inputs, find_sources(inputs), slice_bytes)
    pieces = [piece for one in slices for piece in one.pieces]
    ranges = [piece.byte_range for piece in pieces]
    assert [stop for _, stop in ranges[:-1]] == [start for start, _ in ranges[1:]]
    assert (ranges[0][0], ranges[-1][1]) == (0, path.stat().st_size)
    assert all(piece.whole == (len(pieces) == 1) for piece in pieces)
    return pieces


LINES = b"".join(json.dumps({"text": f"line {i}"}).encode() + b"\n" for i in range(100))


@pytest.mark.parametrize(
    ("name", "data", "format", "settings", "is_cut"),
    [
        ("a.jsonl", LINES, "jsonl", {}, True),
        ("a.jsonl", LINES, "jsonl", {"limit": 9}, False),
        ("a.json", b"[" + LINES.replace(b"\n", b",") + b"{}]", "jsonl", {}, False),
        ("a.jsonl.gz", COMPRESS["gzip"](b"".join(b'{"text": "%d"}\n' % i**9 for i in range(200))), "jsonl", {}, False),
        ("a.txt", LINES, "text", {"unit": "line"}, True),
        ("a.txt", LINES, "text", {"unit": "paragraph"}, False),
        ("a.txt", LINES, "text", {}, False),
        ("a.csv", b"text\n" + LINES, "csv", {}, False),
        ("a.wet", wet_record("x") * 20, "wet", {}, False),
        ("a.wet.gz", COMPRESS["gzip"](wet_record("x")) * 20, "wet", {}, True),
        ("a.wet.lz4", COMPRESS["lz4"](wet_record("x")) * 20, "wet", {}, True),
        ("a.wet.zst", COMPRESS["zstd"](wet_record("x")) * 20, "wet", {}, True),
        ("a.wet.gz", COMPRESS["gzip"](b"".join(wet_record(f"{i**7}") for i in range(200))), "wet", {}, False),
    ],
)
def test_a_large_file_is_cut_where_its_format_allows(tmp_path, name, data, format, settings, is_cut):
    (tmp_path / name).write_bytes(data)
    assert len(data) > 1000
    pieces = _pieces(tmp_path / name, format, 1000, **settings)
    assert (len(pieces) > 1) == is_cut
    assert all(piece.bytes <= 1000 for piece in pieces) == is_cut
    assert len(_pieces(tmp_path / name, format, len(data), **settings)) == 1


def test_parquet_is_cut_between_row_groups(tmp_path):
    texts = [random.Random(i).randbytes(400).hex() for i in range(60)]
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet", row_group_size=10, use_dictionary=False)
    pieces = _pieces(tmp_path / "a.parquet", "parquet", 20_000)
    assert [(piece.start, piece.stop) for piece in pieces] == [(0, 2), (2, 4), (4, 6)]
    assert [piece.stop - piece.start for piece in _pieces(tmp_path / "a.parquet", "parquet", 1)] == [1] * 6
    assert len(_pieces(tmp_path / "a.parquet", "parquet", 2**20)) == 1
