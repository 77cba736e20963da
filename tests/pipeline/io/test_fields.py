import datetime
import decimal

import pytest

from pipeline.config import InputConfig
from pipeline.io.fields import meta_json, place
from pipeline.io.reasons import BadRecordError


def _config(**settings):
    return InputConfig(format="jsonl", paths=("x",), **settings)


def test_what_has_no_place_of_its_own_is_meta():
    placed = place({"text": "t", "id": 5, "url": ["u"], "doc_id": "mine", "b": 1, "a": {"d": 1, "c": "é"}}, _config())
    assert (placed.text, placed.id, placed.url, placed.messages, placed.lifted) == ("t", "5", '["u"]', None, ())
    assert placed.meta == '{"a": {"c": "é", "d": 1}, "b": 1, "doc_id": "mine"}'
    assert place({"text": "t", "id": None}, _config()).meta is None


def test_fields_may_have_other_names():
    placed = place({"body": "t", "key": "k", "link": "l", "text": 1}, _config(text="body", id="key", url="link"))
    assert placed[:4] == ("t", "k", "l", '{"text": 1}')


FITS = [
    ("string", "x", "x"), ("string", None, None), ("int64", -(2**63), -(2**63)), ("float64", 3, 3.0),
    ("float64", 0.5, 0.5), ("bool", False, False),
]  # fmt: skip
UNFIT = [
    ("string", 1), ("int64", 2**63), ("int64", 1.0), ("int64", True), ("int64", "1"), ("float64", "1"),
    ("float64", 2**60 + 1), ("float64", float("inf")), ("float64", True), ("bool", 1), ("bool", "true"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "lifted"), FITS)
def test_a_lifted_value_of_its_type_stays_as_it_is(kind, value, lifted):
    placed = place({"text": "t", "c": value}, _config(columns={"c": kind}))
    assert placed.lifted == (lifted,)
    assert type(placed.lifted[0]) is type(lifted)
    assert placed.meta is None


@pytest.mark.parametrize(("kind", "value"), UNFIT)
def test_a_lifted_value_of_another_type_is_a_bad_column(kind, value):
    with pytest.raises(BadRecordError, match="bad_column"):
        place({"text": "t", "c": value}, _config(columns={"c": kind}))


@pytest.mark.parametrize(
    ("kind", "cell", "lifted"),
    [("string", "", ""), ("int64", "", None), ("int64", "+7", 7), ("float64", "1e3", 1000.0), ("bool", "TRUE", True)],
)
def test_cells_of_a_csv_file_are_parsed(kind, cell, lifted):
    assert place({"text": "t", "c": cell}, _config(columns={"c": kind}), typed=False).lifted == (lifted,)


@pytest.mark.parametrize(
    ("kind", "cell"), [("int64", "1_0"), ("int64", "1.0"), ("int64", "9" * 19), ("float64", "nan"), ("bool", "yes")]
)
def test_cells_that_read_as_something_else_are_bad(kind, cell):
    with pytest.raises(BadRecordError, match="bad_column"):
        place({"text": "t", "c": cell}, _config(columns={"c": kind}), typed=False)


def test_a_text_must_be_there_and_be_text():
    for fields, reason in (({}, "missing_text"), ({"text": None}, "missing_text"), ({"text": 1}, "bad_text")):
        with pytest.raises(BadRecordError, match=reason):
            place(fields, _config())


def test_meta_has_a_word_for_every_value():
    moment = datetime.datetime(2020, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    value = {
        "z": float("nan"),
        "b": b"\xff",
        "d": moment,
        "n": decimal.Decimal("1.50"),
        "l": (1, float("inf")),
        "a": "ü",
    }
    assert meta_json(value) == (
        '{"a": "ü", "b": "/w==", "d": "2020-01-02T03:04:05+00:00", "l": [1, null], "n": "1.50", "z": null}'
    )
    assert meta_json({"x": datetime.timedelta(seconds=61)}) == '{"x": "0:01:01"}'
