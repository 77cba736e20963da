import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from pipeline.kernels.byte_masks import PAD_BYTES, WIDTH, byte_masks, first_bit, num_bits, padded, without_first

LETTERS, HIGH = ((0x41, 0x5A), (0x61, 0x7A)), ((0x80, 0xFF),)
_letters_and_high = byte_masks(LETTERS, HIGH)


@njit
def _masks_at(text_B, at):
    return _letters_and_high(text_B, at)


@njit
def _bits(mask):
    return first_bit(mask), num_bits(mask), without_first(mask)


def set_bits(mask):
    return {i for i in range(WIDTH) if int(mask) >> i & 1}


@given(text=st.binary(min_size=WIDTH, max_size=100), at=st.integers(0, 36))
def test_bit_i_is_byte_i_from_there(text, at):
    at = min(at, len(text) - WIDTH)
    masks = _masks_at(np.frombuffer(text, np.uint8), at)
    for mask, ranges in zip(masks, (LETTERS, HIGH), strict=True):
        wanted = {i for i in range(WIDTH) if any(first <= text[at + i] <= last for first, last in ranges)}
        assert set_bits(mask) == wanted


@given(bits=st.sets(st.integers(0, 63)))
def test_bits_of_a_mask(bits):
    first, num, rest = _bits(np.uint64(sum(1 << i for i in bits)))
    assert (first, num) == (min(bits, default=WIDTH), len(bits))
    assert set_bits(rest) == bits - {first}


@given(text=st.binary(max_size=100), at=st.integers(0, 100))
def test_the_end_of_a_text_is_padded_with_zeros(text, at):
    at = min(at, len(text))
    pad_B = np.full(PAD_BYTES, 7, np.uint8)
    padded(np.frombuffer(text, np.uint8), at, len(text), pad_B)
    assert pad_B.tobytes() == text[at:][:WIDTH].ljust(PAD_BYTES, b"\0")
