import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.config import InputConfig
from pipeline.io.file_head import Head, file_format, read_head
from pipeline.io.input_files import SourceFile
from tests.archives import ARC_HEADER, COMPRESS, wet_record


def _head(folder, name: str, data: bytes, format: str, **settings) -> Head:
    path = folder / name
    path.write_bytes(data)
    return read_head(SourceFile(0, str(path), name, len(data), 0), InputConfig(format=format, paths=("x",), **settings))


@pytest.mark.parametrize("kind", COMPRESS)
def test_compression_is_known_by_content_not_by_name(tmp_path, kind):
    head = _head(tmp_path, "a.jsonl", COMPRESS[kind](b'{"text": "x"}'), "jsonl")
    assert head == Head("jsonl", kind, is_lines=True, names=frozenset({"text"}))
    assert _head(tmp_path, "a.jsonl.gz", b"{}", "jsonl").kind == "plain"


def test_archives_are_framed_or_not_and_warc_or_arc(tmp_path):
    gzip, record = COMPRESS["gzip"], wet_record("x")
    assert _head(tmp_path, "a", gzip(record) * 2, "wet") == Head("archive", "gzip", False, is_framed=True)
    assert _head(tmp_path, "a", gzip(record * 2), "warc") == Head("archive", "gzip", False)
    assert _head(tmp_path, "a", gzip(ARC_HEADER), "warc") == Head("archive", "gzip", False, True, True)
    assert _head(tmp_path, "a", b"", "warc") == Head("archive", "plain", False)


def test_the_layout_comes_from_names(tmp_path):
    alpaca = {"instruction": "a", "output": "b"}
    assert _head(tmp_path, "a.json", json.dumps([alpaca]).encode(), "jsonl").layout == "alpaca"
    assert _head(tmp_path, "a.csv", b"instruction,output,x\n", "csv").layout == "alpaca"
    assert _head(tmp_path, "a.csv", b"text,messages\n", "csv").layout == "none"
    assert _head(tmp_path, "a.csv", b"text\n", "csv", layout="messages").layout == "messages"
    pq.write_table(pa.table({"messages": [[]]}), tmp_path / "b.parquet")
    head = _head(tmp_path, "a.parquet", (tmp_path / "b.parquet").read_bytes(), "parquet")
    assert head == Head("parquet", is_lines=False, names=frozenset({"messages"}), layout="messages")


def test_only_lines_can_be_told_apart_anywhere(tmp_path):
    assert [_head(tmp_path, "a", b"x", "text", unit=unit).is_lines for unit in ("line", "file", "paragraph")] == [
        True,
        False,
        False,
    ]
    assert not _head(tmp_path, "a.json", b"[]", "jsonl").is_lines


@pytest.mark.parametrize(
    ("name", "kind"), [("a.arrow", "arrow"), ("a.parquet", "parquet"), ("a.csv.gz", "csv"), ("a.json.zst", "jsonl")]
)
def test_a_file_of_a_datasets_folder_is_read_by_its_name(name, kind):
    assert file_format(SourceFile(0, "x", name, 0, 0), InputConfig(format="hf", paths=("x",))) == kind
