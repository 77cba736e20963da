import numpy as np
import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.kernels.buffers import string_view
from pipeline.kernels.char_shingles import char_shingle_hashes
from tests.oracles import near_dedup as oracle


def shingles_of(texts: pa.StringArray, shingle_chars: int) -> list[list[int]]:
    shingle_S, offsets = char_shingle_hashes(*string_view(texts), shingle_chars)
    return [part.tolist() for part in np.split(shingle_S, offsets[1:-1])] if len(texts) else []


@given(texts=st.lists(st.text(max_size=20), max_size=6), skip=st.integers(0, 3), size=st.integers(1, 9))
@example(["", "a", "e\u0301日本\U0001f600\u0000\u200b", "กขค"], 0, 3)
def test_shingles_are_those_of_the_oracle(texts, skip, size):
    got = shingles_of(pa.array(texts, pa.string()).slice(skip), size)
    assert got == [oracle.char_shingles(text, size) for text in texts[skip:]]


def test_a_long_line_has_a_shingle_per_character():
    text = "ab" * 500_000
    (got,) = shingles_of(pa.array([text]), 24)
    assert len(got) == 1_000_000 - 23
    assert len(set(got)) == 2
