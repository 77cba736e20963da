import datetime
import decimal

import pyarrow as pa
import pytest

from pipeline.io.columns import as_lifted, as_plain, as_string, is_text

WORDS = ["a", None, "ü"]


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
)
def test_every_kind_of_text_becomes_string(kind):
    column = pa.array(WORDS).dictionary_encode() if pa.types.is_dictionary(kind) else pa.array(WORDS, kind)
    assert is_text(column.type)
    assert as_string(column).equals(pa.array(WORDS, pa.string()))
    assert as_plain(column).to_pylist() == WORDS
    assert as_lifted(column, "string")[0].to_pylist() == WORDS


def test_bytes_and_numbers_are_no_text():
    assert not is_text(pa.binary())
    assert not is_text(pa.int64())
    assert not is_text(pa.list_(pa.string()))


def test_ids_of_any_type_become_text():
    assert as_plain(pa.array([1, None, -5], pa.int16())).to_pylist() == ["1", None, "-5"]
    assert as_plain(pa.array([[1], None])).to_pylist() == ["[1]", None]
    assert as_plain(pa.array([True])).to_pylist() == ["true"]


@pytest.mark.parametrize(
    ("column", "kind", "values", "unfit"),
    [
        (pa.array([1, None], pa.int8()), "int64", [1, None], []),
        (pa.array([1, 2**63], pa.uint64()), "int64", [1, None], [1]),
        (pa.array(["1", None, "x"]), "int64", [None, None, None], [0, 2]),
        (pa.array([1.0]), "int64", [None], [0]),
        (pa.array([0.5, None], pa.float32()), "float64", [0.5, None], []),
        (pa.array([3, 2**53 + 1], pa.int64()), "float64", [3.0, None], [1]),
        (pa.array([decimal.Decimal("1.5")]), "float64", [None], [0]),
        (pa.array([True, None]), "bool", [True, None], []),
        (pa.array([1, 0]), "bool", [None, None], [0, 1]),
        (pa.array([datetime.date(2020, 1, 2)]), "string", ["2020-01-02"], []),
        (pa.array([1]), "string", [None], [0]),
        (pa.nulls(2), "int64", [None, None], []),
    ],
)
def test_lifted_columns_have_their_type_or_name_the_rows_that_do_not_fit(column, kind, values, unfit):
    made, rows = as_lifted(column, kind)
    assert (made.to_pylist(), rows) == (values, unfit)
    assert made.type == {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_()}[kind]
