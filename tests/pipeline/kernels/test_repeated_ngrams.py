"""The steps that `gopher_repetition` is made of; their sums are tested there."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.kernels import repeated_ngrams
from pipeline.kernels.repeated_ngrams import ngram_room
from tests.oracles.gopher import duplicate_ngram_chars
from tests.pipeline.kernels.test_joined_words import WORDS, join

FEW = st.lists(st.sampled_from(["a", "b", "ab", "long-enough-to-be-told"]), min_size=1, max_size=60)


def grams_of(words: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


@settings(deadline=None)
@given(FEW | WORDS)
def test_the_most_frequent_ngram_and_where_longer_ones_may_come_back(words):
    joined, room = join(words), ngram_room(len(words))
    places_K = np.arange(len(words) + 1, dtype=np.int32)
    num = len(words) - 1
    for n in range(2, min(6, len(words)) + 1):
        grams = grams_of(words, n)
        copied = {i for i in range(len(grams)) if grams.count(grams[i]) > 1}
        assert copied <= set(places_K[:num].tolist())
        most, num = repeated_ngrams.count_ngrams(joined, n, places_K, num, room)
        assert copied <= set(places_K[:num].tolist())
        best, count = repeated_ngrams.most_frequent(joined, n, places_K, num, most, room)
        assert count == max(map(grams.count, grams))
        assert best == next(i for i, gram in enumerate(grams) if grams.count(gram) == count)
        num = repeated_ngrams.places_left(places_K, num)
        assert {i for i in copied if i + 1 in copied} <= set(places_K[:num].tolist())


def test_prose_leaves_few_places_for_longer_ngrams():
    words = [f"word{i}" for i in range(500)] + ["once", "more"] * 5
    joined, room = join(words), ngram_room(len(words))
    places_K = np.arange(len(words), dtype=np.int32)
    _, num = repeated_ngrams.count_ngrams(joined, 2, places_K, len(words) - 1, room)
    assert repeated_ngrams.places_left(places_K, num) < 125


@settings(deadline=None)
@given(words=FEW | WORDS, order=st.integers(2, 6))
def test_every_ngram_with_a_copy_is_a_suspect(words, order):
    joined, room = join(words), ngram_room(len(words))
    places_K = np.empty(len(words) + 1, np.int32)
    num = repeated_ngrams.next_suspects(joined, len(words), order, places_K, room)
    suspects = places_K[:num].tolist()
    assert suspects == sorted(set(suspects))
    for n in range(order, 11):
        grams = ["".join(gram) for gram in grams_of(words, n)]
        assert {i for i, gram in enumerate(grams) if grams.count(gram) > 1} <= set(suspects)
        chars, num = repeated_ngrams.duplicate_ngram_chars(joined, len(words), n, places_K, num, room)
        assert chars == duplicate_ngram_chars(words, n)
        suspects = places_K[:num].tolist()
        assert suspects == sorted(set(suspects))


def test_prose_leaves_few_suspects():
    words = [f"word{i}" for i in range(500)]
    num = repeated_ngrams.next_suspects(join(words), 500, 5, np.empty(501, np.int32), ngram_room(500))
    assert num < 125


@pytest.mark.parametrize("words", [["z" * (i * 7 % 50 + 1) for i in range(60_000)], ["日"] * 60_000])
def test_words_of_one_letter_take_linear_time(words):
    """Thousands of n-grams of the same bytes, cut differently, would stand in one slot of a table keyed by bytes."""
    joined, room = join(words), ngram_room(len(words))
    places_K = np.arange(len(words), dtype=np.int32)
    num = len(words) - 3
    most, num = repeated_ngrams.count_ngrams(joined, 4, places_K, num, room)
    best, count = repeated_ngrams.most_frequent(joined, 4, places_K, num, most, room)
    assert (best, count) == (0, sum(gram == tuple(words[:4]) for gram in grams_of(words, 4)))
