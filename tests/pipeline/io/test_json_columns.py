import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import InputConfig
from pipeline.io import piece_rows
from pipeline.io.gather import Gather
from pipeline.io.json_columns import plain_lines_of
from pipeline.io.lines import LineBlock
from tests.reading import read_bytes

COLUMNS = {"s": "string", "n": "int64", "f": "float64", "b": "bool"}
VALUES = [
    '"x"',
    '""',
    '"caf\u00e9 \\u00e9\\n\\/"',
    '"\\u0000"',
    '"\\ud800"',
    "1",
    "-0",
    "0",
    "9007199254740993",
    "9223372036854775808",
    "1.5",
    "1.50",
    "1e5",
    "1e999",
    "0.1234567890123456",
    "true",
    "false",
    "null",
    "[1]",
    "{}",
    "NaN",
]
NAMES = ["text", "id", "url", "s", "n", "f", "b", "z", "a"]
FIELDS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=6)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\n \n"])


def _line(fields: list[tuple[str, str]], text: str) -> bytes:
    return ("{" + ", ".join(f'"{name}":{value}' for name, value in [("text", text), *fields]) + "}").encode()


LINES = st.one_of(
    st.builds(_line, FIELDS, st.sampled_from(['"good"', '"a\\tb"', '"x\\u0000"', "1"])),
    st.sampled_from([b'{"text": "bad \xff"}', b'{"text": "a", "z": "\xff"}', b"\xef\xbb\xbf{}", b"", b"nothing"]),
)


@given(lines=st.lists(st.tuples(LINES, ENDS), max_size=8), size=st.integers(1, 300), lifts=st.booleans())
def test_lines_taken_together_are_those_taken_one_by_one(tmp_path_factory, lines, size, lifts):
    folder, data = tmp_path_factory.mktemp("x"), b"".join(line + end for line, end in lines)
    settings = {"columns": COLUMNS if lifts else {}, "layout": "none", "slice_bytes": size}
    together = read_bytes(folder, "a.jsonl", data, "jsonl", **settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(piece_rows, "plain_lines_of", lambda config: None)
        assert read_bytes(folder, "a.jsonl", data, "jsonl", **settings) == together


def test_plain_lines_are_gathered_and_others_come_back():
    config = InputConfig(format="jsonl", paths=("x",), columns=COLUMNS)
    record = {"text": "t\n", "id": 7, "s": "v", "n": -3, "f": 0.5, "b": True, "z": "\u00e9", "a": None}
    lines = [json.dumps(record).encode(), b"odd", b" ", b'{"text":"u","f":2}']
    gather = Gather("x", config, COLUMNS)
    others = plain_lines_of(config).take(LineBlock(b"\n".join(lines), 100), gather)
    assert list(others) == [(100 + len(lines[0]) + 1, b"odd")]
    rows = gather.take()
    assert rows.records == 2
    shown = rows.documents.select(["position", "text", "id", "url", *COLUMNS, "meta"]).to_pylist()
    assert [tuple(row.values()) for row in shown] == [
        (100, "t\n", "7", None, "v", -3, 0.5, True, '{"a": null, "z": "é"}'),
        (100 + len(b"\n".join(lines[:3])) + 1, "u", None, None, None, None, 2.0, None, None),
    ]


def test_two_columns_of_one_field_are_read_line_by_line():
    assert plain_lines_of(InputConfig(format="jsonl", paths=("x",), id="url")) is None
