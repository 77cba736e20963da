"""The steps that `ngram_shares` is made of; their sums are tested there."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.kernels import ngrams
from pipeline.kernels.hashing import table_bits
from tests.spans import spans_of_words

WORDS = st.lists(
    st.sampled_from(["a", "b", "ab", "é", "eight888", "eight889", "longer-than-eight"]), min_size=1, max_size=40
)


def table(num_words: int) -> np.ndarray:
    return np.zeros(2 << table_bits(num_words), np.int64)


def first_equals(words: list[str]) -> tuple[np.ndarray, np.ndarray]:
    text = " ".join(words)
    starts_W, ends_W, _ = spans_of_words([text], [words])
    first_W, counts_W = np.empty(len(words), np.int32), np.empty(len(words), np.int32)
    ngrams.first_equals(
        np.frombuffer(text.encode(), np.uint8), starts_W, ends_W, table(len(words)), 1, first_W, counts_W
    )
    return first_W, counts_W


@settings(deadline=None)
@given(WORDS)
def test_each_word_knows_its_first_equal(words):
    first_W, counts_W = first_equals(words)
    assert first_W.tolist() == [words.index(w) for w in words]
    assert [counts_W[f] for f in first_W] == [words.count(w) for w in words]


@settings(deadline=None)
@given(WORDS)
def test_ngrams_grow_from_ngrams(words):
    words_W, counts_W = first_equals(words)
    first_W, new_counts_W = words_W.copy(), np.empty_like(counts_W)
    table_2T = table(len(words))
    for n in (2, 3, 4):
        best = ngrams.next_ngrams(words_W, n, table_2T, 1 + n * len(words), first_W, counts_W, new_counts_W)
        counts_W, new_counts_W = new_counts_W, counts_W
        grams = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
        assert first_W[: len(grams)].tolist() == [grams.index(g) for g in grams]
        assert [counts_W[f] for f in first_W[: len(grams)]] == [grams.count(g) for g in grams]
        assert best == (max(range(len(grams)), key=lambda i: (grams.count(grams[i]), -i)) if grams else -1)
