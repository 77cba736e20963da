import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from pipeline.kernels import chunks

compiles = settings(deadline=None)  # the first example compiles the kernel


@njit
def _load_tail(text_B, at, end):
    return chunks.load_tail(text_B, at, end)


@njit
def _store8(target_B, at, chunk):
    chunks.store8(target_B, at, chunk)


@njit
def _same_bytes(text_B, a, b, num_bytes):
    return chunks.same_bytes(text_B, a, b, num_bytes)


@njit
def _num_chars(text_B, start, end):
    return chunks.num_chars(text_B, start, end)


@njit
def _is_ascii(text_B, start, end):
    return chunks.is_ascii(text_B, start, end)


@njit
def _find_byte(text_B, at, end, byte):
    return chunks.find_byte(text_B, at, end, byte)


def array(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.uint8)


@compiles
@given(data=st.binary(max_size=20), at=st.integers(0, 20), width=st.integers(0, 7))
def test_a_tail_is_its_bytes_and_zeros_also_at_the_end_of_the_buffer(data, at, width):
    at = min(at, len(data))
    end = min(at + width, len(data))
    assert _load_tail(array(data), at, end) == int.from_bytes(data[at:end], "little")


@compiles
@given(data=st.binary(min_size=8, max_size=8))
def test_a_stored_chunk_is_its_bytes(data):
    target_B = np.zeros(12, np.uint8)
    _store8(target_B, 3, np.uint64(int.from_bytes(data, "little")))
    assert target_B.tobytes() == b"\0\0\0" + data + b"\0"


@compiles
@given(data=st.binary(max_size=20), same=st.booleans(), at=st.integers(0, 19))
def test_same_bytes_sees_every_byte(data, same, at):
    other = bytearray(data)
    if not same and data:
        other[at % len(data)] ^= 1
    assert _same_bytes(array(data + bytes(other)), 0, len(data), len(data)) == (data == other)


@compiles
@given(st.text(max_size=30), st.text(max_size=3))
def test_num_chars_is_the_length_of_the_text(text, before):
    data = (before + text).encode()
    assert _num_chars(array(data), len(before.encode()), len(data)) == len(text)


@compiles
@given(st.text(alphabet="\n\x0b\x8a\u010aab", max_size=30))
def test_find_byte_finds_the_first_or_the_end(text):
    data = text.encode()
    at = data.find(b"\n")
    assert _find_byte(array(data), 0, len(data), 0x0A) == (at if at >= 0 else len(data))


@njit
def _marks(chunk, byte):
    return chunks.has_byte(chunk, byte), chunks.has_below(chunk, byte & 0x7F)


@njit
def _first_marked(marks):
    return chunks.first_marked(marks)


@compiles
@given(
    data=st.binary(min_size=8, max_size=8)
    | st.lists(st.sampled_from([0, 9, 10, 11, 128, 138]), min_size=8, max_size=8).map(bytes)
)
def test_marks_begin_at_the_first_byte_asked_for(data):
    equal, below = _marks(np.uint64(int.from_bytes(data, "little")), 10)
    for marks, wanted in ((equal, [b == 10 for b in data]), (below, [b < 10 for b in data])):
        assert bool(marks) == any(wanted)
        if marks:
            assert _first_marked(np.uint64(marks)) == wanted.index(True)


@compiles
@given(data=st.binary(max_size=200) | st.text(max_size=200).map(str.encode), start=st.integers(0, 9))
def test_ascii_is_told_by_every_byte(data, start):
    assert _is_ascii(array(data), start, max(start, len(data))) == data[start:].isascii()
