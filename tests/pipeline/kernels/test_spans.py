import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels.spans import join_spans


@given(data=st.binary(min_size=1, max_size=80), bounds=st.lists(st.tuples(st.integers(-1, 80), st.integers(0, 80))))
def test_spans_stand_end_to_end(data, bounds):
    spans = [(min(one), min(max(one), len(data))) if min(one) >= 0 else (-1, -1) for one in bounds]
    spans = [(min(start, end), end) for start, end in spans]
    joined, offsets = join_spans(np.frombuffer(data, np.uint8), np.array(spans, np.int64).reshape(-1, 2))
    parts = [b"" if start < 0 else data[start:end] for start, end in spans]
    assert joined.tobytes() == b"".join(parts)
    assert offsets.tolist() == np.cumsum([0, *map(len, parts)]).tolist()


def test_more_than_an_array_holds_is_refused():
    data = np.zeros(2**20, np.uint8)
    with pytest.raises(ValueError, match="2 GiB"):
        join_spans(data, np.tile(np.array([[0, data.size]]), (2048, 1)))
