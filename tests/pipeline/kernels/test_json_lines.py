import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels.json_lines import ABSENT, BLANK, BOOLEAN, FRACTION, INTEGER, ODD, PLAIN, STRING, plain_lines

NAMES = (b"text", b"id")


def lines_of(data: bytes, room: int = 100):
    """(status, line, values of NAMES with their types, meta) per line."""
    most = data.count(b"\n") + 1
    line_L3, value_LK3 = np.empty((most, 3), np.int64), np.empty((most, 2, 3), np.int64)
    meta_O, meta_L1, fraction_F3 = (
        np.empty(2 * len(data), np.uint8),
        np.empty(most + 1, np.int64),
        np.empty((room, 3), np.int64),
    )
    name_ends = np.cumsum([0, *map(len, NAMES)])
    num, num_fractions = plain_lines(
        np.frombuffer(data, np.uint8),
        np.frombuffer(b"".join(NAMES), np.uint8),
        name_ends,
        line_L3,
        value_LK3,
        meta_O,
        meta_L1,
        fraction_F3,
    )
    found = []
    for n in range(num):
        start, end, status = line_L3[n].tolist()
        values = [(data[s:e] if tag else None, tag) for s, e, tag in value_LK3[n].tolist()] if status == PLAIN else None
        found.append((status, data[start:end], values, meta_O[meta_L1[n] : meta_L1[n + 1]].tobytes()))
    return found, [(line, data[start:end]) for line, start, end in fraction_F3[:num_fractions].tolist()]


def test_a_plain_line_by_hand():
    line = b' { "text" : "a\\n\\"b" ,\t"z":1,"a": "\\u00e9\\/", "b":null,"id":-12, "c":0.5 }\r'
    (found,), fractions = lines_of(line)
    assert found == (
        PLAIN,
        line,
        [(b'a\\n\\"b', STRING), (b"-12", INTEGER)],
        '{"a": "é/", "b": null, "c": 0.5, "z": 1}'.encode(),
    )
    assert fractions == [(0, b"0.5")]


def test_types_of_values():
    data = b'{"text":null,"id":true}\n{"id":1.5}\n{"id":"x"}\n{}\n \t\r\n\n{"id":1e5}'
    found, fractions = lines_of(data)
    assert [one[0] for one in found] == [PLAIN] * 4 + [BLANK] * 2 + [PLAIN]
    tags = [[tag for _, tag in one[2]] for one in found if one[2]]
    assert tags == [[ABSENT, BOOLEAN], [ABSENT, FRACTION], [ABSENT, STRING], [ABSENT, ABSENT], [ABSENT, FRACTION]]
    assert fractions == [(1, b"1.5"), (6, b"1e5")]


ODD_LINES = [
    "[]",
    "1",
    '"x"',
    "{",
    "}",
    "{} x",
    "{}{}",
    "{,}",
    '{"a"}',
    '{"a":}',
    '{"a":1',
    '{"a":1,}',
    '{"a":1,,"b":2}',
    '{"a" 1}',
    "{a:1}",
    "{'a':1}",
    '{"a":[]}',
    '{"a":{}}',
    '{"a":nul}',
    '{"a":True}',
    '{"a":NaN}',
    '{"a":Infinity}',
    '{"a":-}',
    '{"a":01}',
    '{"a":-0}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":+1}',
    '{"a":1e}',
    '{"a":1e+}',
    '{"a":0x1}',
    '{"a":1234567890123456}',
    '{"a":"x}',
    '{"a":"\\x"}',
    '{"a":"\\u12"}',
    '{"a":"\\ud800"}',
    '{"a":"tab\there"}',
    '{"a":"nul\0"}',
    '{"\\n":1}',
    '{"\u00e9":1}',
    '{"a":1,"a":2}',
    '{"text":"a","text":"b"}',
    '{"text":null,"text":"b"}',
    "\ufeff{}",
    "\v{}",
    "{" + ",".join(f'"k{k}":1' for k in range(65)) + "}",
]


@pytest.mark.parametrize("line", ODD_LINES)
def test_what_is_not_plain_is_odd_and_takes_no_neighbour_along(line):
    found, _ = lines_of(b'{"text":"one"}\n' + line.encode() + b'\n{"text":"two"}')
    assert [one[:2] for one in found] == [(PLAIN, b'{"text":"one"}'), (ODD, line.encode()), (PLAIN, b'{"text":"two"}')]
    assert found[1][3] == b""


def test_no_more_fractions_are_noted_than_there_is_room_for():
    found, fractions = lines_of(b'{"a":0.5,"b":0.25}\n' * 10, room=70)
    assert [one[0] for one in found] == [PLAIN] * 3 + [ODD] * 7
    assert len(fractions) == 6


VALUES = st.one_of(
    st.text(max_size=9),
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False, allow_infinity=False),
)


@given(
    records=st.lists(
        st.dictionaries(st.sampled_from(["text", "id", "a", "ab", "b", "", "Z", "x y"]), VALUES), max_size=6
    ),
    is_ascii=st.booleans(),
    data=st.data(),
)
def test_what_is_plain_is_what_python_reads(records, is_ascii, data):
    lines = bytearray("\n".join(json.dumps(one, ensure_ascii=is_ascii) for one in records).encode(errors="replace"))
    if lines and data.draw(st.booleans()):
        lines[data.draw(st.integers(0, len(lines) - 1))] = data.draw(st.integers(0, 127))
    whole = lines.decode(errors="ignore").encode() or b"\n"
    found, _ = lines_of(whole)
    assert [one[1] for one in found] == whole.removesuffix(b"\n").split(b"\n")
    for status, line, values, meta in found:
        if status == PLAIN:
            fields = json.loads(line)
            for name, (raw, tag) in zip(("text", "id"), values, strict=True):
                quoted = b'"%s"' % raw if tag == STRING else raw or b"null"
                assert json.loads(quoted) == fields.pop(name, None)
            assert (json.loads(meta) if meta else {}) == fields
            assert list(json.loads(meta or "{}")) == sorted(fields)
