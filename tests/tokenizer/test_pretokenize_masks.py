import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from tests.oracles.pretokens import pieces, splitter
from tokenizer.char_table import char_table
from tokenizer.pretokenize_masks import WIDTH, borders, first_bit
from tokenizer.pretokenize_patterns import PATTERNS


@njit
def _borders(text_B, at, end, class_C, family, max_digits):
    return borders(text_B, at, end, class_C, family, max_digits)


@njit
def _first_bit(mask):
    return first_bit(mask)


def begins(text: str, pattern: str) -> set[int]:
    """Where `borders` says that pretokens begin in the text, with other text behind it in the buffer."""
    data = text.encode()
    text_B = np.frombuffer(data + b"x" * WIDTH, np.uint8)
    family, max_digits, _ = PATTERNS[pattern]
    mask = int(_borders(text_B, 0, len(data), char_table(), family, max_digits))
    return {k for k in range(WIDTH) if mask >> k & 1}


def expected(text: str, pattern: str) -> set[int]:
    ends = np.cumsum([len(piece.encode()) for piece in pieces(text, splitter(pattern))])
    return {int(end) for end in ends[:-1] if end < WIDTH}


@pytest.mark.parametrize("pattern", ["gpt2", "cl100k", "cl100k-2", "o200k", "o200k-1"])
@given(text=st.text("aabBsStlLe'' \n\r\t/.12éÉ日\u0301ſ“😀\u3000٣", min_size=1, max_size=90))
def test_what_masks_say_is_true_and_misses_none_before_its_last(pattern, text):
    found = begins(text, pattern)
    assert found == {begin for begin in expected(text, pattern) if begin <= max(found, default=0)}


@pytest.mark.parametrize(
    ("pattern", "text", "marked"),
    [
        ("cl100k", "I'll go: x2", "I|'ll| go|:| x|2"),
        ("gpt2", "don't  12345 (a)\n\n b", "don|'t| | 12345| (|a|)|\n\n| b"),
        ("cl100k", "f(x):\n\n    return 12345;\n}", "f|(x|):\n\n|   | return| |123|45|;\n|}"),
        ("cl100k", "a \n \n  b", "a| \n \n| | b"),
        ("o200k", "aB it's'LL ABc", "a|B| it's|'LL| ABc"),
        ("cl100k", "été “où” 😀b 日本。は", "été| “|où|”| 😀|b| 日本|。は"),
        ("o200k", "é नमस्ते “où’s” 日本 a", "é| नमस्ते| “|où|’s|”| 日本| a"),
    ],
)
def test_all_borders_of_plain_text_are_found(pattern, text, marked):
    cut = marked.split("|")
    assert begins(text, pattern) == set(np.cumsum([len(piece.encode()) for piece in cut])[:-1].tolist())


@pytest.mark.parametrize("pattern", ["gpt2", "cl100k", "o200k"])
@pytest.mark.parametrize("text", ["a", "a" * 90, " " * 90, "\n" * 90, "a  ", "a" + " " * 80 + "b", "a\u3000 b"])
def test_what_needs_later_text_is_left_open(pattern, text):
    assert begins(text, pattern) == set()


def test_punctuation_of_o200k_may_go_on_behind_a_line_end():
    assert begins("a./\n/ b", "o200k") == {1}
    assert begins("a./\n/ b", "cl100k") == {1, 4, 5}


@pytest.mark.parametrize(("text", "told"), [("aB b नBc d", {1, 2}), ("aB न b", {1}), ("दम a दAb c", {6, 8})])
def test_o200k_tells_capitals_or_letters_without_case(text, told):
    """Up to the word with the first of the later kind: that is for the scan."""
    assert begins(text, "o200k") == told


@pytest.mark.parametrize(("mask", "index"), [(1, 0), (0b1100, 2), (1 << 63, 63), (0, 64)])
def test_first_bit(mask, index):
    assert _first_bit(np.uint64(mask)) == index
