import random
import time
from collections import defaultdict

import numpy as np
import pyarrow as pa
from hypothesis import event, given, settings
from hypothesis import strategies as st

from pipeline.kernels.buffers import string_view
from pipeline.kernels.exact_words import exact_words
from pipeline.kernels.winnowing import M2, M, stretches, window_hashes
from tests.oracles import substring_dedup as oracle


def found_in(array, window_words):
    words = exact_words(*string_view(array))
    for part in words:
        part.flags.writeable = False
    return words, stretches(words, window_words)


def rows_of(words, found):
    """(anchor, first window in the document, windows, is_tied) of each document."""
    rows = []
    for d in range(words.word_offsets_D1.size - 1):
        part = slice(found.offsets_D1[d], found.offsets_D1[d + 1])
        first = (found.first_S[part] - words.word_offsets_D1[d]).tolist()
        columns = (found.anchor_S[part].tolist(), first, found.num_S[part].tolist(), found.is_tied_S[part].tolist())
        rows.append(list(zip(*columns, strict=True)))
    return rows


documents = st.lists(
    st.lists(st.sampled_from(["a", "b", "a", "c d", "日本"]), max_size=40).map(" ".join)
    | st.text(alphabet="ab ,日\n", max_size=30),
    max_size=5,
)


@settings(deadline=None)  # the first call compiles
@given(docs=documents, window_words=st.integers(2, 9), skip=st.integers(0, 2))
def test_stretches_and_window_hashes_agree_with_their_oracle_on_any_slice(docs, window_words, skip):
    words, found = found_in(pa.array(docs, pa.string()).slice(skip), window_words)
    rows = rows_of(words, found)
    assert rows == [oracle.stretches(text, window_words) for text in docs[skip:]]
    one, other = window_hashes(words, found.first_S, found.num_S, window_words)
    expected = []
    for text in docs[skip:]:
        word, gap = oracle.word_hashes(text)
        for first in range(len(word) - window_words + 1):
            expected.append(tuple(oracle.run_hash(word, gap, first, window_words, m) for m in (M, M2)))
    assert list(zip(one.tolist(), other.tolist(), strict=True)) == expected
    event(f"tied: {any(row[3] for doc in rows for row in doc)}")


@settings(deadline=None)
@given(docs=documents, window_words=st.integers(2, 9))
def test_equal_windows_are_in_stretches_of_one_anchor_and_in_one_stretch_only_if_it_is_tied(docs, window_words):
    """All that the stage relies on."""
    words, found = found_in(pa.array(docs, pa.string()), window_words)
    stretches_of, windows_of = defaultdict(list), [oracle.windows(text, window_words) for text in docs]
    for d, rows in enumerate(rows_of(words, found)):
        assert [first + i for _, first, num, _ in rows for i in range(num)] == list(range(len(windows_of[d])))
        for s, (anchor, first, num, is_tied) in enumerate(rows):
            for window in windows_of[d][first : first + num]:
                stretches_of[window].append((anchor, d, s, is_tied))
    for places in stretches_of.values():
        assert len({anchor for anchor, *_ in places}) == 1
        for place in places:
            assert places.count(place) == 1 or place[3]


def test_some_stretches_hash_as_all_do():
    words, found = found_in(pa.array([" ".join(map(str, range(300))), " ".join("ab" * 50)]), 10)
    one, other = window_hashes(words, found.first_S, found.num_S, 10)
    ends = np.cumsum(found.num_S)
    some = np.arange(1, found.num_S.size, 3)
    inside = np.concatenate([np.arange(ends[s] - found.num_S[s], ends[s]) for s in some])
    one_some, other_some = window_hashes(words, found.first_S[some], found.num_S[some], 10)
    np.testing.assert_array_equal(one_some, one[inside])
    np.testing.assert_array_equal(other_some, other[inside])


def test_few_places_are_chosen_in_random_text_and_in_one_repeated_word():
    """Two of w + 1, as the paper says; of equal words one of w. w: anchors in a window, 26 here."""
    chance = random.Random(5)
    _, found = found_in(pa.array([" ".join(str(chance.random()) for _ in range(50_000))]), 50)
    assert 0.9 < found.first_S.size / (100_000 * 2 / 27) < 1.1  # a random number is two words
    assert not found.is_tied_S.any()
    _, found = found_in(pa.array(["word " * 100_000]), 50)
    assert found.first_S.size < 100_000 / 25


def test_a_document_shorter_than_a_window_has_no_stretch():
    words, found = found_in(pa.array(["one two three", "", "one two"]), 3)
    assert [len(rows) for rows in rows_of(words, found)] == [1, 0, 0]
    assert found.num_S.tolist() == [1]


def test_a_megabyte_of_one_line_is_done_at_once():
    text = pa.array(["a b " * 2**18])
    found_in(pa.array(["a b c"]), 2)
    began = time.process_time()
    words, found = found_in(text, 50)
    window_hashes(words, found.first_S, found.num_S, 50)
    assert time.process_time() - began < 1.0
    assert found.num_S.sum() == 2**19 - 49
