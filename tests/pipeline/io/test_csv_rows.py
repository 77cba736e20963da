import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.io import csv_rows as module
from pipeline.io.compression import BrokenFrameError, Flow
from pipeline.io.csv_rows import read_header
from pipeline.io.reasons import QuarantineReason
from tests.oracles import readers as oracle
from tests.reading import read_bytes

CELLS = st.lists(st.sampled_from(["a", '"', ",", "\n", "\r\n", " ", "ü", "\u2028"]), max_size=6).map("".join)


@settings(max_examples=60)
@given(
    rows=st.lists(st.tuples(CELLS.filter(bool), CELLS), max_size=8),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_well_formed_files_agree_with_the_standard_library(tmp_path_factory, rows, end, quoting):
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator=end, quoting=quoting).writerows([("text", "more"), *rows])
    data = file.getvalue().encode()
    found = read_bytes(tmp_path_factory.mktemp("x"), "a.csv", data, "csv", batch_bytes=10)
    assert found.texts == oracle.csv_texts(data, "text") == [text for text, _ in rows]
    for row in found.documents:
        start = data[row["position"] :]
        assert start.startswith((row["text"].encode()[:1], b'"'))


@given(data=st.binary(max_size=60), junk=st.text(alphabet='a",\n\r', max_size=40))
def test_any_bytes_have_an_answer(tmp_path_factory, data, junk):
    folder = tmp_path_factory.mktemp("x")
    read_bytes(folder, "a.csv", b"text,b\n" + data, "csv")
    read_bytes(folder, "b.csv", b"text,b\n" + junk.encode(), "csv")


def test_fields_and_positions_by_hand(tmp_path):
    data = b'\xef\xbb\xbfid,text,n\r\n1,"two\r\nlines, ""quoted""",3\r\n\r\n2,pl"ain,\r\n3,last,0'
    found = read_bytes(tmp_path, "a.csv", data, "csv", columns={"n": "int64"})
    assert [(r["position"], r["id"], r["text"], r["n"]) for r in found.documents] == [
        (14, "1", 'two\r\nlines, "quoted"', 3),
        (46, "2", 'pl"ain', None),
        (57, "3", "last", 0),
    ]
    assert (found.records, found.documents[0]["meta"]) == (3, None)


@pytest.mark.parametrize(
    "bad",
    [b"1,2,3", b"1", b'"open,1', b'"closed"then,1', b'x,"never closed'],
)
def test_a_bad_row_takes_no_neighbour_along(tmp_path, bad):
    rows = [b"text,b", b"one,1", bad, b'"two",2', b"three,3", b""]
    found = read_bytes(tmp_path, "a.csv", b"\n".join(rows), "csv")
    assert found.texts == ["one", "two", "three"]
    assert found.reasons == ["bad_csv_row"]
    assert found.quarantine[0]["bytes"] == bad + b"\n"
    assert found.quarantine[0]["position"] == 13


def test_bad_bytes_and_bad_columns_have_their_reasons(tmp_path):
    found = read_bytes(tmp_path, "a.csv", b"text,n\n\xff,1\none,x\ntwo,2\n,3\n", "csv", columns={"n": "int64"})
    assert (found.texts, found.reasons, found.skipped) == (["two"], ["invalid_utf8", "bad_column"], {"empty_text": 1})


@pytest.mark.parametrize("quote", [b"", b'"'])
def test_a_row_too_large_to_hold_is_quarantined(tmp_path, monkeypatch, quote):
    monkeypatch.setattr(module, "MAX_RECORD_BYTES", 40)
    data = b"text,b\none,1\n" + quote + b"x" * 60 + quote + b",2\ntwo,2\n"
    found = read_bytes(tmp_path, "a.csv", data, "csv")
    assert (found.texts, found.reasons) == (["one", "two"], ["record_too_large"])


def test_a_broken_stream_keeps_the_rows_before_it():
    def broken():
        yield b'text,b\none,1\n"tw'
        raise BrokenFrameError(QuarantineReason.TRUNCATED_LZ4)

    flow = Flow(broken())
    assert read_header(flow) == ["text", "b"]
    found = list(module._rows(flow))
    assert found[0] == (7, [b"one", b"1"], b"one,1\n")
    assert found[1][:2] == (13, QuarantineReason.TRUNCATED_LZ4)


def test_a_file_without_rows_is_empty(tmp_path):
    assert read_bytes(tmp_path, "a.csv", b"", "csv").records == 0
    assert read_bytes(tmp_path, "b.csv", b"text,b\n", "csv").records == 0
