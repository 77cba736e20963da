"""Counts equal to those of a Python Counter, in whatever parts they are taken."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles.pretokens import buffers, pieces, splitter
from tests.tokenizer.corpus import texts
from tokenizer import pretoken_counts
from tokenizer.pretoken_counts import PretokenCounts

some_texts = st.lists(st.text("ab '1é\n麦", max_size=60) | st.text(max_size=20), max_size=6)


def counted(counts: PretokenCounts) -> dict[bytes, int]:
    word_A, offsets_W1, counts_W = counts.table()
    assert offsets_W1[0] == 0
    assert offsets_W1[-1] == word_A.size
    data = word_A.tobytes()
    words = [data[begin:end] for begin, end in itertools.pairwise(offsets_W1)]
    assert len(set(words)) == len(words)
    return dict(zip(words, counts_W.tolist(), strict=True))


def expected(of_texts: list[str], pattern: str) -> dict[bytes, int]:
    by = splitter(pattern)
    return Counter(piece.encode() for text in of_texts for piece in pieces(text, by))


@pytest.mark.parametrize("pattern", ["gpt2", "o200k-1"])
@given(some_texts)
def test_counts_are_those_of_a_counter(pattern, found):
    counts = PretokenCounts(num_words=1)  # grows at nearly each word
    counts.add_texts(*buffers(found), pattern)
    assert counted(counts) == expected(found, pattern)


@given(some_texts, some_texts)
def test_tables_are_joined(first, second):
    parts = PretokenCounts(), PretokenCounts()
    for part, found in zip(parts, (first, second), strict=True):
        part.add_texts(*buffers(found), "cl100k")
    whole = PretokenCounts(num_words=1)
    for part in parts:
        whole.add_words(*part.table())
    assert counted(whole) == expected(first + second, "cl100k")


@given(st.lists(st.tuples(st.binary(max_size=40), st.integers(0, 2**40)), max_size=40))
def test_any_words_are_added_up(words):
    counts = PretokenCounts(num_words=2)
    total: Counter[bytes] = Counter()
    for word, count in words:
        total[word] += count
    word_B = np.frombuffer(b"".join(word for word, _ in words), np.uint8)
    offsets_W1 = np.cumsum([0, *(len(word) for word, _ in words)])
    counts.add_words(word_B, offsets_W1, np.array([count for _, count in words], np.int64))
    assert counted(counts) == dict(total)


def test_long_runs_of_documents_are_counted_in_parts(monkeypatch):
    monkeypatch.setattr(pretoken_counts, "_TEXT_BYTES_AT_ONCE", 100)
    text_B, offsets_D1 = buffers(["not read", *texts(), "", "nor this"])
    counts = PretokenCounts()
    counts.add_texts(text_B, offsets_D1[1:-1].astype(np.int32), "gpt2", times=3)
    assert counted(counts) == {word: 3 * count for word, count in expected(texts(), "gpt2").items()}


def test_nothing_counted_is_an_empty_table():
    counts = PretokenCounts()
    counts.add_texts(np.empty(0, np.uint8), np.zeros(1, np.int64), "gpt2")
    counts.add_texts(*buffers(["", ""]), "gpt2")
    assert counted(counts) == {}


def test_a_word_of_a_megabyte():
    counts = PretokenCounts(num_words=1)
    counts.add_texts(*buffers(["a" * 2**20, "a" * 2**20 + " a"]), "gpt2")
    assert counted(counts) == {b"a" * 2**20: 2, b" a": 1}


def test_an_unknown_pattern_is_refused():
    with pytest.raises(ValueError, match="no split pattern is called 'gpt5'"):
        PretokenCounts().add_texts(*buffers(["text"]), "gpt5")
