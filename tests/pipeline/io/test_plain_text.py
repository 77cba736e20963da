import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.io import plain_text
from tests.oracles import readers as oracle
from tests.reading import read_bytes

ODD = ["a", "b c", "\n", "\r\n", "\n\n", "\u2028", "\v", "ü", " "]


def test_a_file_is_one_document_as_it_stands(tmp_path):
    found = read_bytes(tmp_path, "a.txt", b"\xef\xbb\xbfone\r\n\r\ntwo\n", "text")
    assert [(row["position"], row["text"]) for row in found.documents] == [(0, "one\r\n\r\ntwo\n")]
    assert found.documents[0]["meta"] is None


def test_lines_lose_their_ends_and_empty_ones_are_skipped(tmp_path):
    found = read_bytes(tmp_path, "a.txt", b"\xef\xbb\xbfone\r\n\n  \ntwo\x0bmore", "text", unit="line")
    assert [(row["position"], row["text"]) for row in found.documents] == [(0, "one"), (9, "  "), (12, "two\vmore")]
    assert found.skipped == {"empty_text": 1}
    assert found.records == 4


def test_paragraphs_are_parted_by_empty_lines(tmp_path):
    data = b"\n\none\r\ntwo\r\n\r\n\n \nthree\n"
    found = read_bytes(tmp_path, "a.txt", data, "text", unit="paragraph")
    assert [(row["position"], row["text"]) for row in found.documents] == [(2, "one\r\ntwo"), (15, " \nthree")]
    assert found.records == 2


@given(data=st.lists(st.sampled_from(ODD), max_size=30).map("".join))
def test_paragraphs_agree_with_their_oracle(tmp_path_factory, data):
    found = read_bytes(tmp_path_factory.mktemp("x"), "a.txt", data.encode(), "text", unit="paragraph")
    assert [(row["position"], row["text"].encode()) for row in found.documents] == oracle.paragraphs(data.encode())


@pytest.mark.parametrize("unit", ["line", "paragraph"])
def test_bad_bytes_take_no_neighbour_along(tmp_path, unit):
    sep = b"\n" if unit == "line" else b"\n\n"
    found = read_bytes(tmp_path, "a.txt", sep.join([b"one", b"t\xffwo", b"th\0ree", b"four"]), "text", unit=unit)
    assert found.texts == ["one", "four"]
    assert found.reasons == ["invalid_utf8", "nul_character"]
    assert [row["bytes"] for row in found.quarantine] == [b"t\xffwo", b"th\0ree"]


def test_a_file_that_is_no_text_is_quarantined_whole(tmp_path):
    found = read_bytes(tmp_path, "a.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "text")
    assert (found.texts, found.reasons, found.records) == ([], ["invalid_utf8"], 1)


@pytest.mark.parametrize(("unit", "records"), [("file", 1), ("paragraph", 3), ("line", 4)])
def test_what_is_too_large_to_hold_is_quarantined(tmp_path, monkeypatch, unit, records):
    monkeypatch.setattr(plain_text, "MAX_RECORD_BYTES", 30)
    monkeypatch.setattr("pipeline.io.lines.MAX_RECORD_BYTES", 30)
    data = b"one\n\n" + b"x" * 20 + b"\n" + b"y" * 20 + b"\n\ntwo"
    found = read_bytes(tmp_path, "a.txt", data, "text", unit=unit)
    expected = {"file": ["record_too_large"], "paragraph": ["record_too_large"], "line": []}
    assert found.reasons == expected[unit]
    assert found.records - sum(found.skipped.values()) == records


def test_an_empty_file_holds_no_record(tmp_path):
    for unit in ("file", "line", "paragraph"):
        assert read_bytes(tmp_path, "a.txt", b"", "text", unit=unit).records == 0
