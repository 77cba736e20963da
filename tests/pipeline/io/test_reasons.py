"""Every reason can be provoked: none is a dead name."""

import gzip
import json

import lz4.frame
import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest

from pipeline.io.reasons import QuarantineReason, SkipReason
from tests.archives import ARC_HEADER, COMPRESS, http, response, warc_record, wet_record
from tests.reading import Everything, read_bytes

NOISE = bytes(np.random.default_rng(0).integers(97, 123, 9000, np.uint8))
LINES = b'{"text": "' + NOISE + b'"}\n'


def _broken(data: bytes) -> bytes:
    """The last bytes hold the check sum of a frame."""
    return data[:-6] + bytes([data[-6] ^ 0xFF]) + data[-5:]


def _arrow() -> bytes:
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, pa.schema({"text": pa.string()})) as writer:
        for _ in range(4):
            writer.write_batch(pa.record_batch({"text": ["some text"] * 50}))
    return sink.getvalue().to_pybytes()[:-900]


def _parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"text": [NOISE.decode()] * 5}), sink, use_dictionary=False, compression="none")
    data = bytearray(sink.getvalue().to_pybytes())
    data[4:60] = b"\xff" * 56
    return bytes(data)


CASES: dict[str, tuple[str, str, bytes, dict[str, object]]] = {
    "bad_json": ("a.jsonl", "jsonl", b"{\n", {}),
    "not_an_object": ("a.jsonl", "jsonl", b"[]\n", {}),
    "invalid_utf8": ("a.txt", "text", b"\xff", {}),
    "invalid_surrogate": ("a.jsonl", "jsonl", b'{"text": "\\udfff"}', {}),
    "nul_character": ("a.txt", "text", b"a\0", {}),
    "missing_text": ("a.jsonl", "jsonl", b"{}", {}),
    "bad_text": ("a.jsonl", "jsonl", b'{"text": 1}', {}),
    "bad_column": ("a.jsonl", "jsonl", b'{"text": "a", "n": "b"}', {"columns": {"n": "int64"}}),
    "bad_messages": ("a.jsonl", "jsonl", b'{"messages": 1}', {}),
    "bad_csv_row": ("a.csv", "csv", b"text,b\n1\n", {}),
    "bad_warc_record": ("a.wet", "wet", b"garbage\n" + wet_record("x"), {}),
    "bad_http": ("a.warc", "warc", response(b"nothing"), {}),
    "bad_html": ("a.warc", "warc", response(http(b"<b>" * 600 + b"x")), {}),
    "record_too_large": ("a.txt", "text", b"x" * 5000, {}),
    "truncated_record": ("a.wet", "wet", wet_record("x" * 99)[:-50], {}),
    "truncated_gzip": ("a.jsonl.gz", "jsonl", COMPRESS["gzip"](LINES)[:-20], {}),
    "truncated_zstd": ("a.jsonl.zst", "jsonl", COMPRESS["zstd"](LINES)[:-20], {}),
    "truncated_lz4": ("a.jsonl.lz4", "jsonl", COMPRESS["lz4"](LINES)[:-20], {}),
    "corrupt_gzip": ("a.jsonl.gz", "jsonl", _broken(gzip.compress(LINES)), {}),
    "corrupt_zstd": ("a.jsonl.zst", "jsonl", COMPRESS["zstd"](b'{"text": "a"}\n') + b"more", {}),
    "corrupt_lz4": ("a.jsonl.lz4", "jsonl", _broken(lz4.frame.compress(LINES, content_checksum=True)), {}),
    "corrupt_parquet": ("a.parquet", "parquet", _parquet(), {}),
    "corrupt_arrow": ("a.arrow", "arrow", _arrow(), {}),
    "empty_text": ("a.jsonl", "jsonl", b'{"text": ""}', {}),
    "http_status": ("a.warc", "warc", response(http(b"x", status="500 No")), {}),
    "content_type": ("a.warc", "warc", response(http(b"x", content_type="a/b")), {}),
    "arc_header": ("a.arc", "warc", ARC_HEADER, {}),
    "warc_warcinfo": ("a.warc", "warc", warc_record("warcinfo", b"x"), {}),
    "warc_request": ("a.warc", "warc", warc_record("request", b"x"), {}),
    "warc_metadata": ("a.warc", "warc", warc_record("metadata", b"x"), {}),
    "warc_revisit": ("a.warc", "warc", warc_record("revisit", b"x"), {}),
    "warc_continuation": ("a.warc", "warc", warc_record("continuation", b"x"), {}),
    "warc_other": ("a.warc", "warc", warc_record("x", b"x"), {}),
}


def _read(folder, monkeypatch, reason: str) -> Everything:
    if reason == "record_too_large":
        monkeypatch.setattr("pipeline.io.plain_text.MAX_RECORD_BYTES", 1000)
    name, format, data, settings = CASES[reason]
    return read_bytes(folder, name, data, format, **settings)


@pytest.mark.parametrize("reason", [reason.value for reason in QuarantineReason])
def test_every_quarantine_reason_can_be_provoked(tmp_path, monkeypatch, reason):
    assert reason in _read(tmp_path, monkeypatch, reason).reasons


@pytest.mark.parametrize("reason", [reason.value for reason in SkipReason])
def test_every_skip_reason_can_be_provoked(tmp_path, monkeypatch, reason):
    assert _read(tmp_path, monkeypatch, reason).skipped == {reason: 1}


def test_reasons_of_both_kinds_do_not_overlap():
    assert {*QuarantineReason}.isdisjoint({*SkipReason})
    assert set(CASES) == {*QuarantineReason, *SkipReason}
    json.dumps([*QuarantineReason, *SkipReason])
