import numpy as np
import pyarrow as pa
import pytest

from pipeline.io.spans import span_strings

DATA = np.frombuffer("abc é\xff".encode()[:-1], np.uint8)


def test_spans_become_strings_and_what_is_not_there_null():
    strings = span_strings(DATA, np.array([[0, 3], [-1, -1], [2, 2], [4, 6]]))
    assert strings.to_pylist() == ["abc", None, "", "é"]
    assert strings.null_count == 1
    assert span_strings(DATA, np.empty((0, 2), np.int64)).to_pylist() == []


def test_half_a_character_is_no_string():
    with pytest.raises(pa.ArrowInvalid):
        span_strings(DATA, np.array([[4, 5]]))
