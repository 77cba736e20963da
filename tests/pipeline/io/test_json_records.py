import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.io.json_records import json_framing, parse_object
from pipeline.io.reasons import BadRecordError
from tests.oracles import readers as oracle
from tests.reading import read_bytes

LINES = st.one_of(
    st.text(alphabet="aü\u2028\u0085\v", min_size=1, max_size=8).map(lambda t: json.dumps({"text": t}).encode()),
    st.text(alphabet="aü\u2028\u0085", min_size=1, max_size=8).map(
        lambda t: json.dumps({"text": t, "n": 1}, ensure_ascii=False).encode()
    ),
    st.sampled_from(
        [b"", b" \t", b"{", b"[1]", b'{"text": 3}', b'{"text": "\\ud800"}', b'{"text": "\\ud83d\\ude00"}', b"\xff"]
    ),
    st.sampled_from([b"null", b'{"text": null}', b'{"text": "\\u0000"}', b"\v", b'"text"', b'{"other": 1}']),
)


@given(
    lines=st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r\n"])), max_size=12),
    ends=st.booleans(),
    size=st.integers(1, 200),
)
def test_every_split_gives_the_rows_of_the_oracle(tmp_path_factory, lines, ends, size):
    data = b"".join(line + end for line, end in lines).removesuffix(b"" if ends else b"\n")
    folder = tmp_path_factory.mktemp("x")
    expected = oracle.jsonl_texts(data)
    found = read_bytes(folder, "a.jsonl", data, "jsonl", slice_bytes=size, batch_bytes=size)
    assert [(row["position"], row["text"]) for row in found.documents] == [
        one for one in expected if one[1] is not None
    ]
    assert [row["position"] for row in found.quarantine] == [at for at, text in expected if text is None]
    assert found.records == len(expected)


def test_fields_find_their_places(tmp_path):
    record = {"text": "t", "id": 7, "url": "u", "lang": "xx", "b": [1.5, None], "a": "é", "date": "2020"}
    found = read_bytes(tmp_path, "a.jsonl", json.dumps(record).encode(), "jsonl", columns={"date": "string"})
    (row,) = found.documents
    assert {key: row[key] for key in ("position", "id", "text", "url", "date", "lang", "edits", "messages")} == {
        "position": 0, "id": "7", "text": "t", "url": "u", "date": "2020", "lang": None, "edits": None, "messages": None
    }  # fmt: skip
    assert row["meta"] == '{"a": "é", "b": [1.5, null], "lang": "xx"}'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"text": "a"} x', "bad_json"),
        (b'{"text": NaN}', "bad_json"),
        (b'{"text": "a\tb"}', "bad_json"),
        (b'{"text": ' + b"9" * 5000 + b"}", "bad_json"),
        (b'{"text":' + b"[" * 200_000, "bad_json"),
        (b'{"text": "a", "deep": ' + b"[" * 100 + b"]" * 100 + b"}", "bad_json"),
        (b'{"text": "a", "meta": "\\udc00"}', "invalid_surrogate"),
        (b'{"text": "\xed\xa0\x80"}', "invalid_utf8"),
        (b"[]", "not_an_object"),
        (b'{"words": "a"}', "missing_text"),
        (b'{"text": ["a"]}', "bad_text"),
        (b'{"text": "a\\u0000b"}', "nul_character"),
    ],
)
def test_each_kind_of_bad_line_has_its_reason_and_no_neighbour(tmp_path, line, reason):
    found = read_bytes(tmp_path, "a.jsonl", b'{"text": "one"}\n' + line + b'\n{"text": "two"}\n', "jsonl")
    assert found.texts == ["one", "two"]
    assert found.reasons == [reason]
    assert found.quarantine[0]["position"] == 16


def test_nesting_is_read_up_to_its_bound():
    assert parse_object(b'{"deep": ' + b"[" * 99 + b"]" * 99 + b"}", 0)


def test_the_last_of_a_repeated_key_holds_and_a_byte_order_mark_is_dropped():
    assert parse_object(b'\xef\xbb\xbf{"a": 1, "a": 2}', 0) == {"a": 2}
    with pytest.raises(BadRecordError, match="bad_json"):
        parse_object(b'\xef\xbb\xbf{"a": 1}', 9)


@pytest.mark.parametrize(
    ("name", "head", "framing"),
    [
        ("a.jsonl", b'[{"text": 1}]', "lines"),
        ("a.json", b' \n[{"text": 1}]', "values"),
        ("a.json", b'\xef\xbb\xbf[\n  {"text": 1}\n]', "values"),
        ("a.json", b'{"text": 1}\n{"text": 2}', "lines"),
        ("a.JSON.gz", b'{\n "text": 1\n}', "values"),
        ("a.json", b'{"text": \n{"text": 2}\n', "lines"),
        ("a.json", b'{"text": 1', "lines"),
        ("a.jsonl.json.zst", b"[1]", "values"),
        ("a", b"[1]", "lines"),
        ("a.json", b"", "lines"),
    ],
)
def test_framing_follows_from_name_and_head(name, head, framing):
    assert json_framing(name, head) == framing


def test_a_json_array_is_read_item_by_item(tmp_path):
    records = [{"text": "one"}, {"texts": "none"}, {"text": "two"}]
    found = read_bytes(tmp_path, "a.json", json.dumps(records, indent=2).encode(), "jsonl", slice_bytes=20)
    assert found.texts == ["one", "two"]
    assert found.reasons == ["missing_text"]
    assert found.documents[0]["position"] == 4
