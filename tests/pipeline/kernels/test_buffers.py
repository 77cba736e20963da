"""Arrow buffers as read-only NumPy views, on any slice."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels.buffers import string_view

TEXTS = st.lists(st.text(alphabet="a é😀\n\0", max_size=9), max_size=8)


def texts_of(text_B: np.ndarray, offsets_D1: np.ndarray) -> list[str]:
    """The strings, cut out one by one."""
    return [text_B[start:end].tobytes().decode() for start, end in pairwise(offsets_D1)]


def test_a_view_by_hand():
    text_B, offsets_D1 = string_view(pa.array(["ab", "", "é"]))
    assert bytes(text_B).startswith("abé".encode())
    assert offsets_D1.tolist() == [0, 2, 2, 4]
    assert (text_B.dtype, offsets_D1.dtype) == (np.uint8, np.int32)


@given(TEXTS, st.integers(0, 4), st.integers(0, 9))
def test_any_slice_holds_its_strings(texts, skip, length):
    array = pa.array(texts, pa.string()).slice(skip, length)
    assert texts_of(*string_view(array)) == texts[skip : skip + length]


def test_a_slice_keeps_the_offsets_of_its_parent():
    text_B, offsets_D1 = string_view(pa.array(["abc", "de", "f"]).slice(1))
    assert offsets_D1.tolist() == [3, 5, 6]
    assert texts_of(text_B, offsets_D1) == ["de", "f"]


def test_a_view_shares_the_arrays_memory():
    array = pa.array(["some text"])
    text_B, offsets_D1 = string_view(array)
    _, offsets, data = array.buffers()
    assert text_B.ctypes.data == data.address
    assert offsets_D1.ctypes.data == offsets.address


def fresh(texts):
    return pa.array(texts, pa.string())


def from_stream(texts):
    """An array whose buffers are those of an IPC stream."""
    batch = pa.RecordBatch.from_arrays([fresh(texts)], ["text"])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return pa.ipc.open_stream(sink.getvalue()).read_next_batch().column("text")


@pytest.mark.parametrize("make", [fresh, from_stream])
def test_views_are_read_only_wherever_the_batch_came_from(make):
    for view in string_view(make(["abc", "d"])):
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 1


@pytest.mark.parametrize("make", [fresh, from_stream])
@pytest.mark.parametrize("texts", [[], [""], ["", ""]])
def test_nothing_and_empty_strings(make, texts):
    text_B, offsets_D1 = string_view(make(texts))
    assert offsets_D1.size == len(texts) + 1
    assert texts_of(text_B, offsets_D1) == texts


def test_an_empty_slice_at_the_end():
    assert texts_of(*string_view(pa.array(["a", "b"]).slice(2))) == []


def test_nulls_are_refused_with_their_number():
    with pytest.raises(ValueError, match=r"no nulls, got 2 nulls in 3 rows. Drop or fill them in the stage that read"):
        string_view(pa.array(["a", None, None]))


def test_a_slice_without_the_nulls_is_fine():
    assert texts_of(*string_view(pa.array([None, "a", "b"]).slice(1))) == ["a", "b"]


@pytest.mark.parametrize("kind", [pa.large_string(), pa.binary(), pa.string_view()])
def test_other_types_are_refused(kind):
    with pytest.raises(ValueError, match=rf"needs a string array, got {kind}. Cast it in the stage that read it"):
        string_view(pa.array([], kind))
