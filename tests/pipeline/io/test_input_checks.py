import bz2
import os

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest

from pipeline.config import InputConfig
from pipeline.io.slices import InputError, find_sources
from tests.archives import COMPRESS


def _check(path, format: str, **settings) -> None:
    assert len(find_sources([InputConfig(format=format, paths=(str(path),), **settings)])) == 1


def _write(path, table: pa.Table, kind: str) -> None:
    if kind == "parquet":
        pq.write_table(table, path)
    else:
        with ipc.new_file(str(path), table.schema) as writer:
            writer.write_table(table)


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_columns_are_checked_before_work(tmp_path, kind):
    path = tmp_path / "a"
    _write(path, pa.table({"body": ["a"], "size": [1], "texts": ["b"]}), kind)
    with pytest.raises(InputError, match=r"no column 'text' \(did you mean 'texts'\?\); it has: body, size, texts"):
        _check(path, kind)
    with pytest.raises(InputError, match="column 'size' holds int64, expected text"):
        _check(path, kind, text="size")
    with pytest.raises(InputError, match=r"no column 'sizes' to lift \(did you mean 'size'\?\)"):
        _check(path, kind, text="body", columns={"sizes": "int64"})
    with pytest.raises(InputError, match="no column 'messages'"):
        _check(path, kind, layout="messages")
    _check(path, kind, text="body", columns={"size": "int64"})


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
@pytest.mark.parametrize("data", [b"", b"PAR1 and ARROW1 it is not", b"ARROW1\0\0" + bytes(50), b"PAR1" + bytes(50)])
def test_a_file_that_is_not_of_its_format_is_an_error(tmp_path, kind, data):
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(InputError, match=f"a is not a readable {kind} file|a can't be read"):
        _check(tmp_path / "a", kind)


def test_two_columns_of_one_name_are_an_error(tmp_path):
    _write(tmp_path / "a", pa.Table.from_arrays([pa.array(["x"])] * 3, names=["text", "b", "b"]), "arrow")
    with pytest.raises(InputError, match="two columns 'b'"):
        _check(tmp_path / "a", "arrow")


@pytest.mark.parametrize("compress", [bytes, COMPRESS["gzip"]])
def test_the_header_of_a_csv_file_is_checked(tmp_path, compress):
    path = tmp_path / "a.csv"
    path.write_bytes(compress(b'\xef\xbb\xbf"the\ntext",b\nx,y\n'))
    with pytest.raises(InputError, match="no column 'text'"):
        _check(path, "csv")
    _check(path, "csv", text="the\ntext")
    path.write_bytes(b"")
    _check(path, "csv")


def test_a_compression_that_is_not_read_is_named(tmp_path):
    (tmp_path / "a.jsonl.bz2").write_bytes(bz2.compress(b"{}"))
    with pytest.raises(InputError, match=r"a.jsonl.bz2 is a bzip2 file; expected plain, gzip, zstd or lz4"):
        _check(tmp_path / "a.jsonl.bz2", "jsonl")


@pytest.mark.parametrize("format", ["jsonl", "parquet", "warc"])
def test_a_file_that_cannot_be_opened_is_an_error(tmp_path, monkeypatch, format):
    path = tmp_path / "a"
    path.write_bytes(b"x")

    def refuse(name):
        raise PermissionError(13, "Permission denied", name)

    monkeypatch.setattr("pipeline.io.input_checks.open_stored", refuse)
    with pytest.raises(InputError, match="a can't be read: Permission denied"):
        _check(path, format)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_an_error(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "a").chmod(0)
    with pytest.raises(InputError, match="Permission denied"):
        _check(tmp_path / "a", "jsonl")
