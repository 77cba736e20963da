from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from pipeline.kernels import joined_words
from pipeline.kernels.joined_words import PRIME, JoinedWords
from tests.spans import spans_of_words

WORDS = st.lists(
    st.sampled_from(["a", "b", "ab", "ba", "\0", "é", "seven77", "eight888", "日本語", "y" * 61, "x" * 130]),
    min_size=1,
    max_size=30,
)


def join(words: list[str], behind: str = "") -> JoinedWords:
    text = " ".join(words) + behind
    starts_W, ends_W, _ = spans_of_words([text], [words])
    joined = joined_words.joined_room(len(words), sum(len(word.encode()) for word in words))
    joined_words.join_words(np.frombuffer(text.encode(), np.uint8), starts_W, ends_W, joined)
    return joined


# Kernels for use inside others; these call them from Python.
@njit
def keys(joined, n):
    num = joined.at_W1.size - n
    keys_2K = np.empty((2, num), np.uint64)
    for i in range(num):
        keys_2K[0, i] = joined_words.ngram_key(joined.shifts_W1, joined.sums_W1, i, n)
        keys_2K[1, i] = joined_words.cut_key(joined.at_W1, joined.shifts_W1, joined.sums_W1, i, n)
    return keys_2K


@njit
def same(joined, i, j, n):
    joined_J, at_W1 = joined.joined_J, joined.at_W1
    words = joined_words.same_words(joined_J, at_W1, i, j, n)
    return words, joined_words.same_joined(joined_J, at_W1, i, j, n)


@settings(deadline=None)
@given(words=WORDS, n=st.integers(1, 4), behind=st.sampled_from(["", " and more"]))
def test_keys_are_those_of_the_bytes_as_a_number(words, n, behind):
    joined = join(words, behind)
    whole = "".join(words).encode()
    assert bytes(joined.joined_J[: joined.at_W1[-1]]) == whole
    assert joined.at_W1.tolist() == [len("".join(words[:w]).encode()) for w in range(len(words) + 1)]
    if len(words) >= n:
        grams = ["".join(words[i : i + n]).encode() for i in range(len(words) - n + 1)]
        assert keys(joined, n)[0].tolist() == [int.from_bytes(gram, "little") % PRIME for gram in grams]


@settings(deadline=None)
@given(words=WORDS, n=st.integers(1, 4))
def test_ngrams_are_the_same_cut_alike_or_joined(words, n):
    joined = join(words)
    by_cut = keys(joined, n)[1] if len(words) >= n else []
    for i, j in combinations(range(len(words) - n + 1), 2):
        one, other = words[i : i + n], words[j : j + n]
        assert same(joined, i, j, n) == (one == other, "".join(one) == "".join(other))
        assert by_cut[i] == by_cut[j] or one != other


def test_cuts_of_one_text_have_keys_of_their_own():
    words = [word for cut in range(1, 50) for word in ("z" * cut, "z" * (50 - cut))]
    by_bytes, by_cut = keys(join(words), 2)
    assert len(set(by_bytes[::2].tolist())) == 1
    assert len(set(by_cut[::2].tolist())) == 49


def test_zeros_that_are_bytes_count_as_bytes():
    joined = join(["\0", "\0\0", "\0"])
    assert joined.sums_W1.tolist() == [0, 0, 0, 0]
    assert same(joined, 0, 1, 1) == (False, False)
    assert same(joined, 0, 2, 1) == (True, True)
