import numpy as np
import pyarrow as pa
import pytest

from pipeline.io.rewriting import _string_array, rewritten_strings, with_rewritten_text
from pipeline.kernels.rewrite import Spans
from tests.documents import documents


def spans(starts, ends, kinds, offsets):
    int32 = (np.array(x, np.int32) for x in (starts, ends))
    return Spans(*int32, np.array(kinds, np.uint8), np.array(offsets, np.int32))


def test_edits_are_appended_in_bytes_of_the_text_before():
    early = [{"start": 7, "end": 9, "new_length": 0}]
    batch = documents(["skipped", "éa", "bcd", "ef"], edits=[None, None, early, early]).slice(1)
    _, first = 0, len("skipped")
    found = spans([first + 2, first + 3, first + 5], [first + 3, first + 4, first + 6], [1, 0, 0], [0, 1, 3, 3])
    after = with_rewritten_text(batch, found, (b"", b"XY"))
    assert after.column("text").to_pylist() == ["éXY", "c", "ef"]
    assert after.column("edits").to_pylist() == [
        [{"start": 2, "end": 3, "new_length": 2}],
        [*early, {"start": 0, "end": 1, "new_length": 0}, {"start": 2, "end": 3, "new_length": 0}],
        early,
    ]
    assert after.schema == batch.schema


def test_without_spans_the_batch_stays_what_it_is():
    batch = documents(["a", "b"])
    none = spans([], [], [], [0, 0, 0])
    assert with_rewritten_text(batch, none, (b"",)) is batch
    strings = pa.array(["a"])
    assert rewritten_strings(strings, spans([], [], [], [0, 0]), (b"",)) is strings


def test_text_that_arrow_can_not_hold_is_refused():
    with pytest.raises(ValueError, match="too large for Arrow strings; read smaller batches"):
        _string_array(np.empty(0, np.uint8), np.array([0, 2**31]))
