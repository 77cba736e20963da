import json

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest

from pipeline.config import InputConfig
from pipeline.io import columnar as module
from pipeline.io.columnar import columnar_schema, part_bytes
from tests.reading import read_all

ROWS = [{"id": i, "text": f"text {i}", "n": i / 2, "at": {"k": [i]}, "doc_id": f"mine {i}"} for i in range(50)]


def _write(folder, kind: str, table: pa.Table, part: int = 7) -> str:
    path = str(folder / f"a.{'parquet' if kind == 'parquet' else 'arrow'}")
    if kind == "parquet":
        pq.write_table(table, path, row_group_size=part)
        return path
    with (ipc.new_file if kind == "arrow file" else ipc.new_stream)(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=part)
    return path


def _read(path: str, **settings):
    sizes = {key: settings.pop(key) for key in ("slice_bytes", "batch_bytes") if key in settings}
    kind = "parquet" if path.endswith("parquet") else "arrow"
    return read_all([InputConfig(format=kind, paths=(path,), **settings)], **sizes)


KINDS = ["parquet", "arrow file", "arrow stream"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("slice_bytes", [1, 400, 1500, 2**30])
@pytest.mark.parametrize("batch_bytes", [1, 300, 2**20])
def test_rows_are_numbered_over_the_file_however_it_is_cut(tmp_path, kind, slice_bytes, batch_bytes):
    path = _write(tmp_path, kind, pa.Table.from_pylist(ROWS))
    found = _read(path, slice_bytes=slice_bytes, batch_bytes=batch_bytes, columns={"n": "float64"})
    assert [(r["position"], r["text"], r["id"], r["n"]) for r in found.documents] == [
        (i, f"text {i}", str(i), i / 2) for i in range(50)
    ]
    assert [json.loads(r["meta"]) for r in found.documents] == [{"at": r["at"], "doc_id": r["doc_id"]} for r in ROWS]


@pytest.mark.parametrize("kind", KINDS)
def test_no_other_column_means_no_meta(tmp_path, kind):
    path = _write(tmp_path, kind, pa.table({"text": pa.array(["a", "b"], pa.large_string())}))
    assert [(r["text"], r["meta"], r["url"]) for r in _read(path).documents] == [("a", None, None), ("b", None, None)]


@pytest.mark.parametrize("kind", KINDS)
def test_bad_rows_are_quarantined_and_no_neighbour_with_them(tmp_path, kind):
    offsets = pa.py_buffer(np.array([0, 1, 2, 3, 3, 6, 7, 8], np.int32))
    text = pa.StringArray.from_buffers(7, offsets, pa.py_buffer(b"a\xffba\0bcd"), pa.py_buffer(b"\x7f"), 0)
    years = pa.array([1, 2, 3, 4, 5, 2**63, 7], pa.uint64())
    path = _write(tmp_path, kind, pa.table({"text": text, "year": years}))
    found = _read(path, columns={"year": "int64"})
    assert [(r["position"], r["text"], r["year"]) for r in found.documents] == [(0, "a", 1), (2, "b", 3), (6, "d", 7)]
    assert [(r["position"], r["reason"], r["bytes"]) for r in found.quarantine] == [
        (1, "invalid_utf8", b"\xff"),
        (4, "nul_character", b"a\0b"),
        (5, "bad_column", b"c"),
    ]
    assert found.skipped == {"empty_text": 1}


def test_null_texts_are_missing_and_null_fields_are_null(tmp_path):
    rows = [{"text": "a", "id": None, "url": "u", "n": None}, {"text": None, "id": "x", "url": None, "n": 1}]
    found = _read(_write(tmp_path, "parquet", pa.Table.from_pylist(rows)))
    assert (found.texts, found.reasons) == (["a"], ["missing_text"])
    assert (found.documents[0]["id"], found.documents[0]["url"]) == (None, "u")
    assert found.documents[0]["meta"] == '{"n": null}'


def test_a_value_that_python_has_not_is_a_bad_column(tmp_path):
    days = pa.array([0, 3_000_000, 1], pa.int32()).cast(pa.date32())
    plain = pa.table({"text": ["a", "b", "c"], "day": days})
    found = _read(_write(tmp_path, "arrow file", plain))
    assert (found.texts, found.reasons) == (["a", "c"], ["bad_column"])
    assert found.documents[1]["meta"] == '{"day": "1970-01-02"}'
    turns = pa.table({"instruction": ["a", "b", "c"], "output": ["x", "y", "z"], "day": days})
    found = _read(_write(tmp_path, "arrow file", turns))
    assert (found.texts, found.reasons) == (["a\n\nx", "c\n\nz"], ["bad_column"])


@pytest.mark.parametrize("kind", KINDS)
def test_conversations_are_read_from_columns(tmp_path, kind):
    turns = [{"role": "user", "content": "q", "weight": 0}, {"role": "assistant", "content": "a", "weight": 1}]
    rows = [{"messages": turns, "n": 1}, {"messages": [], "n": 2}, {"messages": turns, "n": 3}]
    found = _read(_write(tmp_path, kind, pa.Table.from_pylist(rows)))
    assert found.texts == ["q\n\na"] * 2
    assert [turn["train"] for turn in found.documents[0]["messages"]] == [False, True]
    assert [(r["reason"], r["bytes"]) for r in found.quarantine] == [("bad_messages", b'{"messages": [], "n": 2}')]
    alpaca = pa.table({"instruction": ["i"], "input": [""], "output": ["o"]})
    assert _read(_write(tmp_path, kind, alpaca)).texts == ["i\n\no"]


def test_a_row_group_that_breaks_off_costs_its_own_rest(tmp_path):
    path = _write(tmp_path, "parquet", pa.table({"text": [f"text {i} " * 40 for i in range(40)]}), part=10)
    group = pq.ParquetFile(path).metadata.row_group(1).column(0)
    data = bytearray((tmp_path / "a.parquet").read_bytes())
    start = group.dictionary_page_offset or group.data_page_offset
    data[start : start + group.total_compressed_size] = b"\xff" * group.total_compressed_size
    (tmp_path / "a.parquet").write_bytes(data)
    found = _read(path)
    assert [r["position"] for r in found.documents] == [*range(10), *range(20, 40)]
    assert [(r["position"], r["reason"]) for r in found.quarantine] == [(10, "corrupt_parquet")]


def test_a_cut_arrow_stream_keeps_what_came_before(tmp_path):
    path = _write(tmp_path, "arrow stream", pa.table({"text": ["some text"] * 40}), part=10)
    data = (tmp_path / "a.arrow").read_bytes()
    (tmp_path / "a.arrow").write_bytes(data[: len(data) // 2])
    found = _read(path)
    assert 0 < len(found.documents) < 40
    assert [(r["position"], r["reason"]) for r in found.quarantine] == [(len(found.documents), "corrupt_arrow")]


def test_a_row_too_large_is_quarantined(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_RECORD_BYTES", 1000)
    path = _write(tmp_path, "parquet", pa.table({"text": ["a", "x" * 5000, "b"]}))
    found = _read(path, batch_bytes=10)
    assert (found.texts, found.reasons) == (["a", "b"], ["record_too_large"])


def test_parts_and_schema_of_each_kind(tmp_path):
    table = pa.table({"text": ["x" * 100] * 20, "n": range(20)})
    for kind, parts in (("parquet", 3), ("arrow file", 3), ("arrow stream", 1)):
        path = _write(tmp_path, kind, table)
        name = "parquet" if kind == "parquet" else "arrow"
        assert len(part_bytes(path, name)) == parts
        assert all(size > 0 for size in part_bytes(path, name))
        assert columnar_schema(path, name).names == ["text", "n"]
