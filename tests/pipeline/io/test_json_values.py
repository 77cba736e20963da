import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.io import json_values as module
from pipeline.io.compression import BrokenFrameError, Flow
from pipeline.io.json_values import json_values
from pipeline.io.reasons import Lost, QuarantineReason

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text(alphabet='ab"\\{}[],ü\n', max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(alphabet='k"', max_size=2), inner)),
    max_leaves=6,
)


def _flow(data: bytes, step: int) -> Flow:
    return Flow(iter([data[i : i + step] for i in range(0, len(data), step)]))


def _values(data: bytes, step: int = 7) -> list[tuple[int, bytes] | Lost]:
    return list(json_values(_flow(data, step)))


@given(values=st.lists(VALUES, max_size=5), indent=st.sampled_from([None, 1]), step=st.integers(1, 40))
def test_items_of_an_array_are_framed_where_they_stand(values, indent, step):
    data = (json.dumps(values, indent=indent, ensure_ascii=False) + "\n").encode()
    found = _values(data, step)
    assert [json.loads(value) for _, value in found] == values
    assert all(data[at : at + len(value)] == value for at, value in found)


@settings(max_examples=40)
@given(values=st.lists(st.dictionaries(st.text(max_size=2), VALUES), min_size=1, max_size=4), step=st.integers(1, 40))
def test_objects_one_after_another_are_framed_too(values, step):
    data = "\n".join(json.dumps(value, indent=2) for value in values).encode()
    assert [json.loads(value) for _, value in _values(data, step)] == values


def test_an_item_that_does_not_parse_stays_alone():
    data = b'\xef\xbb\xbf[{"a": 1}, {"a": nope, }, {"a": "]}"}, ,3]'
    found = [value for _, value in _values(data)]
    assert found == [b'{"a": 1}', b'{"a": nope, }', b'{"a": "]}"}', b"", b"3"]


@pytest.mark.parametrize(
    ("data", "values", "position"),
    [
        (b'[{"a": 1}, {"b"', [b'{"a": 1}'], 11),
        (b"[1] more", [b"1"], 4),
        (b"[" * 9, [], 1),
        (b'[1,"\\', [b"1"], 3),
        (b"[ ", [], 2),
        (b"[1,", [b"1"], 3),
    ],
)
def test_what_never_closes_or_follows_is_one_lost_record(data, values, position):
    *found, lost = _values(data)
    assert [value for _, value in found] == values
    assert (lost.position, lost.reason) == (position, QuarantineReason.BAD_JSON)


def test_nothing_but_space_and_an_empty_array_hold_no_record():
    assert _values(b"  \n") == _values(b" [ \n ] \n") == []
    assert [value for _, value in _values(b"[1,]")] == [b"1", b""]


def test_a_value_too_large_to_hold_ends_the_file(monkeypatch):
    monkeypatch.setattr(module, "MAX_RECORD_BYTES", 50)
    first, lost = _values(b'[1, "' + b"x" * 100 + b'", 2]')
    assert first == (1, b"1")
    assert (lost.position, lost.reason) == (4, QuarantineReason.RECORD_TOO_LARGE)


def test_a_broken_stream_says_why():
    def broken():
        yield b'[{"a": 1}, {"a'
        raise BrokenFrameError(QuarantineReason.CORRUPT_ZSTD)

    assert list(json_values(Flow(broken()))) == [(1, b'{"a": 1}'), Lost(11, QuarantineReason.CORRUPT_ZSTD, b'{"a')]
