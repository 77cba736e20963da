import pytest

from pipeline.config import InputConfig
from pipeline.io import piece_rows
from pipeline.io.wet_records import taker
from tests.archives import COMPRESS, response, warc_record, wet_record
from tests.reading import read_bytes

RECORDS = {
    "plain": wet_record("Plain.\n\nText \u00e9\u4e2d\U0001f600."),
    "languages": wet_record("Text.").replace(b"WARC-Date", b"WARC-Identified-Content-Language: eng,fra\r\nWARC-Date"),
    "no fields": b"WARC/1.1\r\nWARC-Type: conversion\r\nContent-Length: 4\r\n\r\nbare\r\n\r\n",
    "empty": wet_record(""),
    "a NUL": wet_record("a\0b"),
    "not UTF-8": wet_record(b"caf\xe9"),
    "a surrogate": wet_record(b"\xed\xa0\x80"),
    "warcinfo": warc_record("warcinfo", b"x: y"),
    "a page": response(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\npage"),
    "a quote": wet_record("Text.", url='http://a.org/"'),
    "another type": warc_record("conversion", b"{}", content_type="application/json"),
    "two records": wet_record("one") + wet_record("two"),
    "no record": b"something else",
    "text behind": wet_record("Text.") + b"more",
}
INPUTS = {
    "as it is": {},
    "lifted": {"columns": {"languages": "string", "date": "string"}},
    "lifted all": {"columns": {"languages": "string", "date": "string", "content_type": "string", "other": "int64"}},
    "lifted as another type": {"columns": {"date": "float64"}},
    "named as another field": {"id": "date"},
    "named alike": {"url": "id"},
    "limited": {"limit": 3},
}


@pytest.mark.parametrize("settings", INPUTS.values(), ids=INPUTS)
@pytest.mark.parametrize("order", [1, 5, -1])
def test_records_taken_together_are_those_taken_one_by_one(tmp_path, monkeypatch, settings, order):
    frames = [COMPRESS["gzip"](one) for one in list(RECORDS.values()) * 2][::order]
    data = b"".join(frames)
    together = read_bytes(tmp_path, "a.wet.gz", data, "wet", **settings)
    monkeypatch.setattr(piece_rows, "taker", lambda config: lambda members: None)
    assert together == read_bytes(tmp_path, "a.wet.gz", data, "wet", **settings)
    assert together.records


def test_a_run_of_plain_records_is_taken(tmp_path, monkeypatch):
    taken = []

    def spied(config):
        take = taker(config)
        return lambda members: taken.append(take(members)) or taken[-1]

    monkeypatch.setattr(piece_rows, "taker", spied)
    data = b"".join(COMPRESS["gzip"](RECORDS[name]) for name in ("plain", "a quote", "languages", "no fields"))
    found = read_bytes(tmp_path, "a.wet.gz", data, "wet")
    (plain,) = taken
    assert plain.is_plain_M.tolist() == [True, False, True, True]
    assert plain.before(2).columns["text"].to_pylist() == found.texts[:1]
    assert [row["meta"] for row in found.documents] == [
        '{"content_type": "text/plain", "date": "2020-01-02T03:04:05Z"}',
        '{"content_type": "text/plain", "date": "2020-01-02T03:04:05Z"}',
        '{"content_type": "text/plain", "date": "2020-01-02T03:04:05Z", "languages": "eng,fra"}',
        None,
    ]


def test_names_that_change_a_field_take_nothing():
    assert taker(InputConfig(format="wet", paths=("x",), id="date"))(None) is None
