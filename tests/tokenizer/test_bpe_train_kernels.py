"""The kernel's own ground: cost on words that are long, many, or all one byte."""

import time

import numpy as np
import pytest

from tokenizer.bpe_train import tokens_of, train_merges


def test_a_run_of_one_byte_is_halved_at_each_merge():
    word_B = np.full(2**20, ord("a"), np.uint8)
    merges_M2 = train_merges(word_B, np.array([0, word_B.size]), np.array([1]), num_merges=30)
    assert [len(token) for token in tokens_of(merges_M2)[256:]] == [2**k for k in range(1, 21)]


def one_word(num_bytes: int) -> np.ndarray:
    return np.random.default_rng(1).choice(np.frombuffer(b"abcdefgh", np.uint8), num_bytes)


def test_a_long_word_costs_as_much_as_its_bytes():
    """Two thousand merges in one word of a megabyte: each looks at its own positions, not at all of the word."""
    train_merges(one_word(100), np.array([0, 100]), np.array([1]), num_merges=3)
    began = time.process_time()
    merges_M2 = train_merges(one_word(2**20), np.array([0, 2**20]), np.array([1]), num_merges=2000)
    assert time.process_time() - began < 2  # 2000 walks over it alone would take longer
    assert len(merges_M2) == 2000


@pytest.mark.parametrize("num_words", [1, 7])
def test_one_word_and_the_same_cut_in_equal_words(num_words):
    """Pairs do not reach across a border between words."""
    word_B = np.frombuffer(b"ab" * num_words, np.uint8)
    merges_M2 = train_merges(word_B, np.arange(0, 2 * num_words + 1, 2), np.ones(num_words, np.int64), num_merges=9)
    assert tokens_of(merges_M2)[256:] == [b"ab"]
