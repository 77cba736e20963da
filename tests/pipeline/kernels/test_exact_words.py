import time

import pyarrow as pa
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from pipeline.kernels.buffers import string_view
from pipeline.kernels.exact_words import exact_words
from tests.oracles import substring_dedup as oracle


def hashes_of(array):
    """(word hashes, gap hashes) of each document."""
    words = exact_words(*string_view(array))
    bounds = zip(words.word_offsets_D1[:-1], words.word_offsets_D1[1:], strict=True)
    return [(words.word_W[a:b].tolist(), words.gap_W[a:b].tolist()) for a, b in bounds]


def same_as(text, other):
    (one, two) = hashes_of(pa.array([text, other]))
    return one == two


@pytest.mark.parametrize(
    ("text", "other", "expected"),
    [
        ("one two", "one\n\n\t two", True),
        ("one, two", "one,\u3000\n two", True),
        ("...one two!", "one two", True),
        ("one two", "One two", False),
        ("one two", "one, two", False),
        ("one, two", "one ,two", False),
        ("one-- two", "one --two", False),
        ("日本", "日 本", False),
        ("a b", "ab", False),
        ("x = 1", "x - 1", False),
    ],
)
def test_words_are_compared_as_written_but_for_the_kind_and_amount_of_white_space(text, other, expected):
    assert same_as(text, other) is expected


texts = st.lists(
    st.lists(
        st.sampled_from(["a", "B", "don't", "longer-words", "日本", "ไทย", "é", "...", " ", "\n ", "\u2003", ", "])
    ).map("".join)
    | st.text(max_size=20),
    max_size=5,
)


@settings(deadline=None)  # the first call compiles
@given(docs=texts, skip=st.integers(0, 3))
def test_hashes_agree_with_their_oracle_on_any_slice(docs, skip):
    got = hashes_of(pa.array(docs, pa.string()).slice(skip))
    assert got == [oracle.word_hashes(text) for text in docs[skip:]]
    event(f"gaps that are more than white space: {any(gap for _, gaps in got for gap in gaps)}")


@pytest.mark.parametrize("text", ["a" * 2**20, ". " * 2**19 + "a b", "a" + "\U0001f600" * 2**18 + "b", "日" * 2**18])
def test_a_long_line_takes_no_longer_than_its_length_says(text):
    array = pa.array([text])
    hashes_of(pa.array(["a, b"]))
    began = time.process_time()
    (words,) = hashes_of(array)
    assert time.process_time() - began < 1.0
    assert len(words[0]) == len(oracle.word_spans(text))
