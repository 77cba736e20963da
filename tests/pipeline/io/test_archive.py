import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.io import archive as module
from pipeline.io.archive import ARC, WARC, Record, dialect_of, stream_records
from pipeline.io.compression import BrokenFrameError, Flow
from pipeline.io.reasons import Lost, QuarantineReason
from tests.archives import ARC_HEADER, arc_record, wet_record

BODIES = st.lists(st.binary(max_size=30) | st.sampled_from([b"\r\n\r\n", b"WARC/1.0", b"\n\n\n"]), max_size=5)


def _flow(data: bytes, step: int = 50) -> Flow:
    return Flow(iter([data[i : i + step] for i in range(0, len(data), step)]))


def _bodies(found) -> list[bytes]:
    return [one.data[one.head_bytes :] for one in found if isinstance(one, Record)]


@given(bodies=BODIES, step=st.integers(1, 400))
def test_records_are_framed_by_their_length(bodies, step):
    records = [wet_record(body) for body in bodies]
    found = list(stream_records(_flow(b"".join(records), step), WARC))
    assert _bodies(found) == bodies
    assert [one.position for one in found] == [sum(map(len, records[:i])) for i in range(len(records))]


@given(bodies=BODIES, step=st.integers(1, 400))
def test_arc_records_too(bodies, step):
    data = ARC_HEADER + b"".join(arc_record("http://a.org/with space", body) for body in bodies)
    assert dialect_of(data) is ARC
    assert _bodies(stream_records(_flow(data, step), ARC))[1:] == bodies


def test_arc_2_headers_have_more_fields():
    line = b"http://a.org/ 127.0.0.1 20200102030405 text/html 200 checksum - 99 a.arc 5\n"
    (record,) = stream_records(_flow(line + b"hello\n"), ARC)
    assert record.data[record.head_bytes :] == b"hello"


def _with_length(length: int) -> bytes:
    return re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % length, wet_record("the bad one"))


@pytest.mark.parametrize(
    "bad",
    [
        b"garbage\n",
        b"WARC/1.0\r\nno length\r\n\r\nbody\r\n\r\n",
        _with_length(3),
        _with_length(30),
        _with_length(10**6),
        _with_length(10**17),
        wet_record("x").replace(b"Content-Length: 1", b"Content-Length: -1"),
    ],
)
@pytest.mark.parametrize("max_bytes", [2**20, 1000])
def test_a_record_with_a_wrong_length_takes_no_neighbour_along(bad, max_bytes, monkeypatch):
    monkeypatch.setattr(module, "MAX_RECORD_BYTES", max_bytes)
    monkeypatch.setattr(module, "_MAX_HEAD_BYTES", 500)
    data = wet_record("one") + bad + wet_record("two") + wet_record("three")
    found = list(stream_records(_flow(data), WARC, lambda at: Flow(iter([data[at:]]), at)))
    assert _bodies(found) == [b"one", b"two", b"three"]
    (lost,) = [one for one in found if isinstance(one, Lost)]
    assert (lost.position, lost.reason) == (len(wet_record("one")), QuarantineReason.BAD_WARC_RECORD)
    assert lost.raw.startswith(bad[:20])


def test_a_record_too_large_to_hold_is_passed_over(monkeypatch):
    monkeypatch.setattr(module, "MAX_RECORD_BYTES", 1000)
    monkeypatch.setattr(module, "_MAX_HEAD_BYTES", 500)
    inner = b"\n" + wet_record("inside the large one")
    data = wet_record("one") + wet_record(inner * 20) + wet_record("two")
    found = list(stream_records(_flow(data), WARC, lambda at: pytest.fail("the length is right")))
    assert _bodies(found) == [b"one", b"two"]
    assert [one.reason for one in found if isinstance(one, Lost)] == [QuarantineReason.RECORD_TOO_LARGE]


@pytest.mark.parametrize("max_bytes", [2**20, 1000])
def test_a_cut_record_is_the_last_one_lost(monkeypatch, max_bytes):
    monkeypatch.setattr(module, "MAX_RECORD_BYTES", max_bytes)
    data = wet_record("one") + wet_record("x" * 2000)[:-900]
    found = list(stream_records(_flow(data), WARC, lambda at: Flow(iter([data[at:]]), at)))
    assert _bodies(found) == [b"one"]
    assert (found[1].position, found[1].reason) == (len(wet_record("one")), QuarantineReason.TRUNCATED_RECORD)


def test_a_broken_stream_gives_its_reason_once():
    def broken(data):
        yield data
        raise BrokenFrameError(QuarantineReason.CORRUPT_GZIP)

    one = wet_record("one")
    for rest in (b"", wet_record("two")[:50]):
        found = list(stream_records(Flow(broken(one + rest)), WARC))
        assert _bodies(found) == [b"one"]
        assert found[1:] == [Lost(len(one), QuarantineReason.CORRUPT_GZIP, rest)]


def test_lf_only_headers_are_read():
    (record,) = stream_records(_flow(b"WARC/1.0\nWARC-Type: conversion\ncontent-length: 2\n\nok\n\n"), WARC)
    assert record.data[record.head_bytes :] == b"ok"
