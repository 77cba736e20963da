"""Words between white space, against a regular expression."""

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles.pretokens import buffers
from tokenizer.space_words import space_word_ends

WORDS = re.compile(rb"[\t-\r]+| *[^ \t-\r]+| +")


@given(st.lists(st.text(" \n\tab麦\u00a0\u3000\x1f", max_size=20) | st.text(max_size=9), max_size=5), st.integers(0, 3))
def test_words_are_those_of_the_pattern(found, skip):
    text_B, offsets_D1 = buffers(found)
    offsets_D1 = offsets_D1[min(skip, len(found)) :].astype(np.int64)
    data = text_B.tobytes()
    expected = [
        begin + match.end()
        for begin, end in zip(offsets_D1[:-1].tolist(), offsets_D1[1:].tolist(), strict=True)
        for match in WORDS.finditer(data[begin:end])
    ]
    assert space_word_ends(text_B, offsets_D1).tolist() == expected


def test_by_hand():
    text = "a  mill\n\n corn "
    ends = space_word_ends(*buffers([text])).tolist()
    assert [text[a:b] for a, b in zip([0, *ends], ends, strict=False)] == ["a", "  mill", "\n\n", " corn", " "]


def test_a_million_blanks_are_one_word():
    assert space_word_ends(*buffers([" " * 1_000_000])).tolist() == [1_000_000]
