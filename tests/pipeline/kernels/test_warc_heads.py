import numpy as np
import pytest
from fastwarc.warc import WarcRecord
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels.warc_heads import CONTENT_TYPE, DATE, FIELDS, ID, LANGUAGES, URL, plain_heads

LINES = {
    "WARC-Type": "conversion",
    "WARC-Target-URI": "http://a.org/?q=a b",
    "WARC-Record-ID": "<urn:uuid:1>",
    "WARC-Date": "2020-01-02T03:04:05Z",
    "Content-Type": "text/plain",
    "WARC-Identified-Content-Language": "eng,fra",
    "X-Other": "{}",
    "Content-Length": "5",
}


def record(lines: list[str], version: str = "WARC/1.0", body: bytes = b"hello", after: bytes = b"\r\n\r\n") -> bytes:
    return "\r\n".join([version, *lines, "", ""]).encode("latin-1") + body + after


def heads(*records: bytes):
    bounds_M1 = np.cumsum([0, *map(len, records)])
    field_MF2, body_M2 = np.empty((len(records), len(FIELDS), 2), np.int64), np.empty((len(records), 2), np.int64)
    data = b"".join(records)
    is_plain_M = plain_heads(np.frombuffer(data, np.uint8), bounds_M1, field_MF2, body_M2)
    fields = [[None if s < 0 else data[s:e].decode() for s, e in spans] for spans in field_MF2.tolist()]
    return is_plain_M.tolist(), fields, [data[s:e] for s, e in body_M2.tolist()]


def lines_of(changed: dict[str, str | None]) -> list[str]:
    return [f"{name}: {value}" for name, value in (LINES | changed).items() if value is not None]


@given(
    names=st.permutations(list(LINES)),
    left_out=st.sets(st.sampled_from([name for name in LINES if name not in ("WARC-Type", "Content-Length")])),
    body=st.binary(max_size=20).filter(lambda body: not body.endswith((b"\r", b"\n"))),
)
def test_fields_are_what_fastwarc_reads(names, left_out, body):
    lines = [f"{name}: {LINES[name]}" for name in names if name not in left_out and name != "Content-Length"]
    data = record([*lines, f"Content-Length: {len(body)}"], body=body)
    is_plain, (_, fields), bodies = heads(record(lines_of({})), data)
    parsed = WarcRecord.from_bytes(data)
    assert is_plain == [True, True]
    assert bodies == [b"hello", body]
    assert [fields[i] for i in (URL, ID, DATE, CONTENT_TYPE, LANGUAGES)] == [
        parsed.headers.get(FIELDS[i]) for i in (URL, ID, DATE, CONTENT_TYPE, LANGUAGES)
    ]


ODD = {
    "a newer version": record(lines_of({}), version="WARC/2.0"),
    "a space behind the version": record(lines_of({}), version="WARC/1.0 "),
    "no conversion": record(lines_of({"WARC-Type": "response"})),
    "no type": record(lines_of({"WARC-Type": None})),
    "another media type": record(lines_of({"Content-Type": "text/plain; charset=utf-8"})),
    "no length": record(lines_of({"Content-Length": None})),
    "a long length": record(lines_of({"Content-Length": "0000000005"})),
    "a length that is no number": record(lines_of({"Content-Length": "5x"})),
    "a length above the body": record(lines_of({"Content-Length": "10"})),
    "text behind the body": record(lines_of({"Content-Length": "4"})),
    "a field twice": record([*lines_of({}), "WARC-Date: 1"]),
    "a length twice": record([*lines_of({}), "Content-Length: 5"]),
    "another case": record([*lines_of({}), "warc-date: 1"]),
    "a folded line": record([*lines_of({}), " folded"]),
    "a line without a colon": record([*lines_of({}), "nothing"]),
    "a space before the colon": record([*lines_of({}), "X : y"]),
    "an empty value": record([*lines_of({}), "X: "]),
    "a value with spaces behind": record([*lines_of({}), "X: y "]),
    "a tab": record([*lines_of({}), "X:\ty"]),
    "a letter that is not ASCII": record([*lines_of({}), "X: \xe9"]),
    "an address in brackets": record(lines_of({"WARC-Target-URI": "<http://a.org/>"})),
    "a quote": record(lines_of({"WARC-Date": 'a"b'})),
    "a backslash": record(lines_of({"WARC-Identified-Content-Language": "a\\b"})),
    "a line feed alone": record(lines_of({})).replace(b"\r\nWARC-Date", b"\nWARC-Date"),
    "no end of the header": record(lines_of({})).split(b"\r\n\r\n")[0],
    "line ends first": b"\r\n" + record(lines_of({})),
    "two records": record(lines_of({})) * 2,
    "a header that never ends": record([*lines_of({}), "X: " + "y" * 10_000]),
    "nothing": b"",
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_not_plain(name):
    assert heads(ODD[name], record(lines_of({})))[0] == [False, True]


@given(at=st.integers(0, 400), byte=st.integers(0, 255))
def test_a_record_with_a_changed_byte_is_not_plain_or_fastwarc_reads_the_same(at, byte):
    data = bytearray(record(lines_of({})))
    data[at % len(data)] = byte
    (is_plain,), (fields,), (body,) = heads(bytes(data))
    if is_plain:
        parsed = WarcRecord.from_bytes(bytes(data))
        assert [parsed.headers.get(name) for name in FIELDS] == fields
        assert parsed.reader.read() == body
