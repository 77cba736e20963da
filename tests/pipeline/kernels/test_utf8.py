import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from pipeline.kernels.utf8 import decode, decode_before


@njit
def _decode_one(text_B, at, end):
    return decode(text_B, at, end)


def decode_all(data: bytes) -> list[int]:
    text_B = np.frombuffer(data, np.uint8)
    codes, at = [], 0
    while at < len(data):
        code, after = _decode_one(text_B, at, len(data))
        assert at < after <= len(data)
        codes.append(code)
        at = after
    return codes


@settings(deadline=None)
@given(st.text(max_size=20))
def test_valid_text_decodes_to_its_code_points(text):
    assert decode_all(text.encode()) == [ord(c) for c in text]


@settings(deadline=None)
@given(st.binary(max_size=20))
def test_any_bytes_decode_to_code_points_within_unicode(data):
    assert all(0 <= code <= 0x10FFFF for code in decode_all(data))


@settings(deadline=None)
@given(st.text(min_size=1, max_size=20), st.integers(0, 19))
def test_the_character_before_is_found_without_leaving_the_document(text, stop):
    text = text[: stop + 1]
    data = text.encode()
    code, at = decode_before(np.frombuffer(b"\xe6\x97" + data, np.uint8), 2, 2 + len(data))
    assert (code, at) == (ord(text[-1]), 2 + len(text[:-1].encode()))
