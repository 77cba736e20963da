"""The door as a whole: limits, several inputs, hostile files, every real crawl file there is."""

import json
import re
import time
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import InputConfig
from pipeline.io.reading import piece_digest, read_slice
from pipeline.io.slices import InputError, Piece, find_sources, plan_slices
from tests.archives import ARC_HEADER, COMPRESS, arc_record, http, response, wet_record
from tests.reading import Everything, read_all, read_bytes
from tests.shared_data import shared

SECONDS = 20


def _lines(*texts: str | None) -> bytes:
    return b"".join(b"broken\n" if text is None else json.dumps({"text": text}).encode() + b"\n" for text in texts)


def _write(folder: Path, **files: bytes) -> None:
    for name, data in files.items():
        (folder / f"{name}.jsonl").write_bytes(data)


@given(
    texts=st.lists(st.sampled_from(["a", "b", "", None]), max_size=12),
    limit=st.integers(1, 8),
    batch_bytes=st.sampled_from([1, 30, 10**6]),
)
def test_a_limit_counts_documents_and_nothing_behind_the_last(tmp_path_factory, texts, limit, batch_bytes):
    folder = tmp_path_factory.mktemp("x")
    _write(folder, a=_lines(*texts[:5]), b=_lines(*texts[5:]))
    config = InputConfig(format="jsonl", paths=(f"{folder}/*",), limit=limit)
    found = read_all([config], slice_bytes=1024, batch_bytes=batch_bytes)
    documents = [i for i, text in enumerate(texts) if text]
    last = documents[limit - 1] if len(documents) >= limit else len(texts)
    assert found.texts == [texts[i] for i in documents[:limit]]
    assert len(found.quarantine) == texts[: last + 1].count(None)
    assert found.skipped["empty_text"] == texts[: last + 1].count("")


def test_a_limit_holds_for_its_own_input_only(tmp_path):
    _write(tmp_path, a=_lines("a1", "a2"), b=_lines("b1", "b2"), c=_lines("c1", "c2"))
    limited = InputConfig(format="jsonl", paths=(f"{tmp_path}/[ac].jsonl",), limit=3)
    other = InputConfig(format="jsonl", paths=(f"{tmp_path}/b.jsonl",))
    assert read_all([limited, other], slice_bytes=1024).texts == ["a1", "a2", "b1", "b2", "c1"]


def test_a_batch_is_of_one_input_and_all_have_every_lifted_column(tmp_path):
    _write(tmp_path, a=b'{"text": "a", "n": 1, "m": true}\n', b=b'{"text": "b", "n": 2, "m": true}\n')
    inputs = [
        InputConfig(format="jsonl", paths=(f"{tmp_path}/a.jsonl",), columns={"n": "int64"}),
        InputConfig(format="jsonl", paths=(f"{tmp_path}/b.jsonl",), columns={"m": "bool"}),
    ]
    (one,) = plan_slices(inputs, find_sources(inputs), 2**20)
    batches = list(read_slice(one, inputs))
    assert [batch.input_index for batch in batches] == [0, 1]
    rows = [row for batch in batches for row in batch.documents.to_pylist()]
    assert [(row["n"], row["m"], row["meta"]) for row in rows] == [(1, None, '{"m": true}'), (None, True, '{"n": 2}')]


def test_batches_have_about_the_size_asked_for(tmp_path):
    _write(tmp_path, **{f"f{i}": _lines(*["x" * 1000] * 10) for i in range(30)})
    inputs = [InputConfig(format="jsonl", paths=(f"{tmp_path}/*",))]
    (one,) = plan_slices(inputs, find_sources(inputs), 2**30)
    sizes = [batch.documents.num_rows for batch in read_slice(one, inputs, batch_bytes=50_000)]
    assert sum(sizes) == 300
    assert all(40 <= size <= 60 for size in sizes[:-1])


def test_a_digest_is_that_of_the_stored_bytes(tmp_path):
    _write(tmp_path, a=_lines("a"))
    (file,) = find_sources([InputConfig(format="jsonl", paths=(f"{tmp_path}/a.jsonl",))])
    before = piece_digest(Piece(file, 0, file.size, True))
    assert re.fullmatch(r"[0-9a-f]{32}", before)
    _write(tmp_path, a=_lines("b"))
    assert piece_digest(Piece(file, 0, file.size, True)) != before


def test_a_bomb_does_not_fill_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.io.lines.MAX_RECORD_BYTES", 2**20)
    bomb = COMPRESS["gzip"](b'{"text": "' + bytes(2**20) * 200 + b'"}\n' + _lines("after"))
    (tmp_path / "a.jsonl.gz").write_bytes(bomb)
    tracemalloc.start()
    try:
        found = read_all([InputConfig(format="jsonl", paths=(f"{tmp_path}/*",))])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (found.texts, found.reasons) == (["after"], ["record_too_large"])
    assert peak < 2**24


def _fitting(path: Path) -> InputConfig:
    """The reader that fits a file, by its name."""
    paths = (str(path),)
    if path.suffix == ".parquet":
        return InputConfig(format="parquet", paths=paths)
    if path.suffix == ".json":
        return InputConfig(format="jsonl", paths=paths)
    if re.search(r"\.(warc|wet|wat|arc)(\.|$)", path.name):
        return InputConfig(format="wet" if ".wet" in path.name else "warc", paths=paths)
    return InputConfig(format="text", paths=paths, unit="line")


def _answer(path: Path, **sizes: int) -> Everything | None:
    """What a file becomes, None where it is refused before work; fails where it takes too long."""
    began = time.perf_counter()
    try:
        return read_all([_fitting(path)], **sizes)
    except InputError:
        return None
    finally:
        assert time.perf_counter() - began < SECONDS, f"{path} takes too long"


def test_every_hostile_file_has_a_defined_answer():
    files = sorted(path for path in shared("hostile").rglob("*") if path.is_file())
    answers = {path: _answer(path) for path in files}
    assert len(files) == 371
    refused = {path.name for path, answer in answers.items() if answer is None}
    assert len(refused) == 8
    assert all(name.endswith(".parquet") for name in refused)
    for path, answer in answers.items():
        if answer is not None and path.suffix in (".gz", ".zst", ".arc", ".txt", ".json"):
            assert _answer(path, slice_bytes=1024, batch_bytes=1) == answer


def test_json_that_must_parse_is_read_and_json_that_must_not_is_quarantined():
    files = sorted(shared("hostile/json/test_parsing").glob("*.json"))
    objects = others = refused = 0
    for path in files:
        answer = _answer(path)
        assert answer is not None
        if path.name.startswith("y_") and isinstance(json.loads(path.read_bytes()), dict):
            assert answer.reasons == ["missing_text"]
            objects += 1
        elif path.name.startswith("y_"):
            assert set(answer.reasons) <= {"not_an_object", "missing_text"}
            others += 1
        elif path.name.startswith("n_"):
            assert not answer.documents
            refused += bool(answer.quarantine)
    assert (objects, others) == (12, 83)
    assert refused == sum(path.name.startswith("n_") for path in files) - 2  # no data, one space


def test_damaged_wet_files_lose_only_what_is_damaged():
    answers = {path.name: _answer(path) for path in sorted(shared("hostile/wet").iterdir())}
    assert {name: (len(one.documents), one.reasons) for name, one in answers.items() if one} == {
        "appended_zip_fragment_unexpected_eof.wet.gz": (15, ["truncated_gzip"]),
        "corrupt_starts_with_conversion.wet.gz": (5, []),
        "corrupt_two_warcinfo.wet.gz": (5, []),
        "corrupt_warcconversion_1.wet.gz": (5, []),
        "corrupt_warcinfo_1.wet.gz": (5, []),
        "fragment1_incomplete_last.wet.gz": (1, ["truncated_record"]),
        "fragment2_no_header.wet.gz": (1, ["bad_warc_record", "truncated_record"]),
    }


def test_every_real_crawl_file_is_read():
    files = sorted(path for path in shared("web").rglob("*") if re.search(r"\.(warc|wet|wat|arc)(\.|$)", path.name))
    answers = {path.name: _answer(path) for path in files}
    assert len(files) == 39
    total = sum(len(one.documents) for one in answers.values() if one)
    bad = {name: one.reasons for name, one in answers.items() if one is None or one.quarantine}
    assert total > 400
    assert set(bad) == {"bad.arc", "cc_net-sample.warc.wet", "example-space-in-url.arc", "example-trunc.warc"}
    plain, framed = (answers[f"resiliparse-warcfile.warc.{kind}"] for kind in ("gz", "lz4"))
    assert plain.texts == framed.texts
    assert len(answers["CC-MAIN-2016-50-sample.wet.gz"].texts) == 25


@pytest.mark.parametrize("name", ["web/warc/aut-example.warc.gz", "web/warc/resiliparse-warcfile.warc.lz4"])
def test_a_real_archive_is_the_same_in_any_slices(name):
    config = InputConfig(format="warc", paths=(str(shared(name)),))
    whole = read_all([config])
    assert read_all([config], slice_bytes=20_000, batch_bytes=10_000) == whole
    assert len(whole.documents) > 10


def _samples() -> dict[str, bytes]:
    """A small file of every format, by its input format and storage."""
    records = [wet_record(f"text {i} ") for i in range(6)]
    pages = [response(http(b"<p>text %d</p>" % i)) for i in range(6)]
    lines = _lines(*(f"text {i}" for i in range(9)))
    table = pa.table({"text": [f"text {i}" for i in range(30)], "n": range(30)})
    parquet, arrow = pa.BufferOutputStream(), pa.BufferOutputStream()
    pq.write_table(table, parquet, row_group_size=8)
    with pa.ipc.new_file(arrow, table.schema) as writer:
        writer.write_table(table, max_chunksize=8)
    return {
        "jsonl": lines,
        "jsonl zstd": COMPRESS["zstd"](lines),
        "csv": b'text,n\n"a ""b""",1\nc,"2\n"\n' * 2,
        "text": "one\n\ntwo ü\r\nthree".encode(),
        "wet": b"".join(records),
        "wet gzip": b"".join(map(COMPRESS["gzip"], records)),
        "wet lz4": b"".join(map(COMPRESS["lz4"], records)),
        "warc": b"".join(pages),
        "warc arc": ARC_HEADER + arc_record("http://a.org/", http(b"<p>text</p>")) * 3,
        "parquet": parquet.getvalue().to_pybytes(),
        "arrow": arrow.getvalue().to_pybytes(),
    }


SAMPLES = _samples()
DAMAGE = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from([0, 0, 1, 50]), st.binary(max_size=3) | st.sampled_from([b"\n", b'"'])),
    min_size=1,
    max_size=3,
)


@pytest.mark.parametrize("sample", SAMPLES)
@settings(max_examples=40)
@given(damage=DAMAGE, cut=st.floats(0, 1) | st.just(1.0), slice_bytes=st.sampled_from([40, 300]))
def test_a_damaged_file_has_one_answer_in_any_slices(tmp_path_factory, sample, damage, cut, slice_bytes):
    data = bytearray(SAMPLES[sample])
    for place, gone, new in damage:
        at = int(place * len(data))
        data[at : at + gone] = new
    folder, format = tmp_path_factory.mktemp("x"), sample.split()[0]
    unit = {"unit": "line"} if format == "text" else {}
    try:
        whole = read_bytes(folder, "a", bytes(data[: int(cut * len(data))]), format, **unit)
    except InputError:
        assert format in ("parquet", "arrow", "csv")
        return
    (file,) = folder.iterdir()
    assert (
        read_all([InputConfig(format=format, paths=(str(file),), **unit)], slice_bytes=slice_bytes, batch_bytes=9)
        == whole
    )
