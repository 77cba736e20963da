import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles.pretokens import buffers, pieces, splitter
from tokenizer.char_table import char_table
from tokenizer.pretokenize_patterns import PATTERNS
from tokenizer.pretokenize_scan import contraction_end, next_end


def scanned(text: str, pattern: str) -> list[str]:
    """Pretokens by scans alone, without the masks."""
    text_B, (at, end) = buffers([text])
    family, max_digits, _ = PATTERNS[pattern]
    found = []
    while at < end:
        stop = next_end(text_B, at, end, char_table(), family, max_digits)
        found.append(text_B[at:stop].tobytes().decode())
        at = stop
    return found


@pytest.mark.parametrize("pattern", ["gpt2", "cl100k", "o200k"])
@given(text=st.text("'sStLlVe aAB12 \n\r\t/.-é日ʰ\u0301ſ😀\u00a0", max_size=40))
def test_scans_are_the_regular_expressions(pattern, text):
    assert scanned(text, pattern) == pieces(text, splitter(pattern))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HTMLpage", ["HTMLpage"]),
        ("pageHTML", ["page", "HTML"]),
        ("日本ABC", ["日本", "ABC"]),
        ("日本ABCd", ["日本ABCd"]),
        ("ABCʰDE", ["ABCʰ", "DE"]),
        (".\u0301AB", [".\u0301", "AB"]),
        ("\u0301AB", ["\u0301", "AB"]),
        ("it'Sx", ["it'S", "x"]),
        ("it's't", ["it's", "'t"]),
        ("./\n/x", ["./\n/", "x"]),
    ],
)
def test_shapes_of_words_of_o200k_by_hand(text, expected):
    assert scanned(text, "o200k") == expected


@pytest.mark.parametrize(
    ("text", "in_any_case", "as_written"),
    [
        ("'s", 2, 2),
        ("'S", 2, 0),
        ("'ll", 3, 3),
        ("'lL", 3, 0),
        ("'Re", 3, 0),
        ("'ve", 3, 3),
        ("'\u017f", 3, 0),
        ("'l", 0, 0),
        ("'le", 0, 0),
        ("'", 0, 0),
        ("'a", 0, 0),
    ],
)
def test_ends_of_contractions(text, in_any_case, as_written):
    text_B = np.frombuffer(text.encode(), np.uint8)
    assert contraction_end(text_B, 0, text_B.size, 0x20) == in_any_case
    assert contraction_end(text_B, 0, text_B.size, 0) == as_written
