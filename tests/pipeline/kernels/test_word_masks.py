import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from pipeline.kernels.byte_masks import PAD_BYTES
from pipeline.kernels.unicode_tables import unicode_tables
from pipeline.kernels.word_masks import AT_ONCE, bit_at, first_bits, word_masks, write_bits


@njit
def _write_bits(mask, at, target_W, num):
    return write_bits(np.uint64(mask), at, target_W, num)


@njit
def _first_bits(num):
    return first_bits(num)


@njit
def _bit_at(mask, k):
    return bit_at(np.uint64(mask), k)


def masks_of(text: str, before: int = 0, behind: bytes = b"") -> tuple[int, str, str]:
    """(num, word, in_word), the masks drawn as in the module."""
    data = text.encode()
    text_B = np.frombuffer(data + behind, np.uint8)
    pad_B = np.empty(PAD_BYTES, np.uint8)
    num, *masks = word_masks(text_B, 0, len(data), unicode_tables().class_C, np.uint64(before), pad_B)
    return num, *("".join(".1"[int(mask) >> k & 1] for k in range(num)) for mask in masks)


@pytest.mark.parametrize("behind", [b"", b"x" * 80], ids=["end of the buffer", "more behind"])
@pytest.mark.parametrize(
    ("text", "word", "in_word"),
    [
        ("rock'n'roll -- the", "1111.1.1111....111", "11111111111....111"),
        ("\u00e9t\u00e9\u2019s -a", "11111...1..1", "111111111..1"),
        ("x-", "1.", "1."),
        ("", "", ""),
    ],
)
def test_masks_by_hand(text, word, in_word, behind):
    assert masks_of(text, behind=behind) == (len(text.encode()), word, in_word)


def test_a_joiner_at_the_front_asks_what_stands_before():
    assert masks_of("-a", before=1) == (2, ".1", "11")
    assert masks_of("-a", before=0) == (2, ".1", ".1")


@pytest.mark.parametrize("last", ["-", "\u2019", "\u00e9", "\u6b63", "\U0001f600"])
def test_a_stretch_ends_before_what_is_not_whole_or_asks_for_more(last):
    for before in range(64 - len(last.encode()), 64):
        text = "a" * before + last + "b" * 64
        num = masks_of(text)[0]
        ends_inside = before + len(last.encode()) < 64 + (last not in "-\u2019")
        if last == "\u6b63":  # a word of its own, wherever it stands
            assert num == 0
        else:
            assert num == (64 if ends_inside else before)


@given(mask=st.integers(0, 2**64 - 1), at=st.integers(0, 1000), num=st.integers(0, 5))
@settings(deadline=None)
def test_the_bits_of_a_mask_are_written_behind_what_is_there(mask, at, num):
    target_W = np.arange(num + 64 + AT_ONCE, dtype=np.int32)
    expected = [*range(num), *(at + k for k in range(64) if mask >> k & 1)]
    assert target_W[: _write_bits(np.uint64(mask), at, target_W, num)].tolist() == expected


@given(mask=st.integers(0, 2**64 - 1), k=st.integers(0, 63))
@settings(deadline=None)
def test_one_bit_and_the_first_bits(mask, k):
    assert _bit_at(np.uint64(mask), k) == mask >> k & 1
    assert (_first_bits(0), _first_bits(k + 1)) == (0, 2 ** (k + 1) - 1)
