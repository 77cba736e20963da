from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.kernels.buffers import string_view
from pipeline.kernels.shingles import M, shingle_hashes, shingle_sets
from pipeline.kernels.words import word_hashes, word_spans
from tests.oracles import near_dedup as oracle
from tests.oracles.words import word_hash


def shingles_of(array, shingle_words):
    text_B, offsets_D1 = string_view(array)
    spans = word_spans(text_B, offsets_D1)
    hashes_W = word_hashes(text_B, spans.starts_W, spans.ends_W)
    hashes_W.flags.writeable = False
    return shingle_hashes(hashes_W, spans.word_offsets_D1, shingle_words)


def rows_of(values, offsets):
    return [values[a:b].tolist() for a, b in pairwise(offsets)]


def test_shingles_by_hand():
    a, b, c = (word_hash(word) for word in "abc")
    got = rows_of(*shingles_of(pa.array(["A b, c", "a", "", "-"]), 2))
    assert got == [[(a * M + b) % 2**64, (b * M + c) % 2**64], [a], [], []]


def test_a_document_shorter_than_a_shingle_has_one_of_all_its_words():
    short, same = rows_of(*shingles_of(pa.array(["one two three", "One, two: three!"]), 5))
    assert short == same
    assert len(short) == 1


words_and_marks = st.lists(st.sampled_from(["a", "b", "Don't", "x-y", "日本", "ไทย", "é", "...", "42"]), max_size=20)


@settings(deadline=None)  # the first call compiles
@given(
    docs=st.lists(words_and_marks.map(" ".join) | st.text(max_size=20), max_size=6),
    k=st.integers(1, 7),
    skip=st.integers(0, 3),
)
def test_shingles_agree_with_their_oracle_on_any_slice(docs, k, skip):
    array = pa.array(docs, pa.string()).slice(skip)
    shingle_S, offsets_D1 = shingles_of(array, k)
    expected = [oracle.shingles(text, k) for text in docs[skip:]]
    assert rows_of(shingle_S, offsets_D1) == expected
    shingle_S.flags.writeable = offsets_D1.flags.writeable = False
    assert rows_of(*shingle_sets(shingle_S, offsets_D1)) == [sorted(set(row)) for row in expected]


def test_word_order_tells_shingles_apart():
    """All orders of two words in 10 places are different shingles, also in the half that signatures are made of."""
    texts = ["".join("ab"[i >> j & 1] + " " for j in range(10)) for i in range(1024)]
    shingle_S, _ = shingles_of(pa.array(texts), 10)
    assert np.unique(shingle_S).size == 1024
    assert np.unique(shingle_S >> np.uint64(32)).size == 1024


@pytest.mark.parametrize(
    "hashes",
    [
        np.arange(10**5, dtype=np.uint64)[::-1].copy(),  # all dealt to one place: sorting by moves would take minutes
        np.full(10**5, 2**64 - 1, np.uint64),
        np.random.default_rng(3).integers(0, 2**64, 10**5, np.uint64),
        np.random.default_rng(3).integers(0, 2**64, 300, np.uint64).repeat(5),
        np.array([0, 2**64 - 1, 0, 2**63, 1], np.uint64),
    ],
)
def test_sets_of_any_hashes_are_sorted_and_distinct(hashes):
    offsets_D1 = np.array([0, 0, 1, hashes.size])
    parts = [hashes[:0], hashes[:1], hashes[1:]]
    assert rows_of(*shingle_sets(hashes, offsets_D1)) == [np.unique(part).tolist() for part in parts]
