import numpy as np
import pyarrow as pa
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from pipeline.kernels.buffers import string_view
from pipeline.kernels.gopher_repetition import gopher_repetition_signals
from pipeline.kernels.words import word_spans
from tests.oracles import gopher as oracle
from tests.oracles import words as words_oracle
from tests.spans import spans_of_words

TOP, DUPLICATE = (2, 3, 4), (5, 6, 7, 8, 9, 10)


def row(text: str) -> np.ndarray:
    text_B, offsets_D1 = string_view(pa.array([text]))
    got = gopher_repetition_signals(text_B, offsets_D1, word_spans(text_B, offsets_D1), TOP, DUPLICATE)
    return np.concatenate([got.num_chars[None], got.parts_4D, got.top_ND, got.duplicate_MD])[:, 0]


def test_lines_and_paragraphs_by_hand():
    text = "é one\nsame\nsame\n\n\nsame\n\né one\nsame"
    num_chars, paragraphs, paragraph_chars, lines, line_chars = row(text)[:5]
    assert num_chars == len(text) == 34
    assert (paragraphs, paragraph_chars) == (0, 0)
    assert (lines, line_chars) == (4 / 6, (4 + 4 + 5 + 4) / 34)


def test_paragraphs_are_those_of_the_stripped_text_and_lines_are_not():
    paragraphs, paragraph_chars, lines, line_chars = row("\n\n \nab\n\nab\n\n")[1:5]
    assert (paragraphs, paragraph_chars) == (1 / 2, 2 / 12)
    assert (lines, line_chars) == (2 / 5, 2 / 12)  # "", " ", ab, ab, ""


def test_top_ngrams_by_hand():
    text = "one two one two three four"
    assert row(text)[5:8].tolist() == [2 * 7 / 26, 11 / 26, 15 / 26]  # one two, one two one, one two one two


def test_the_first_of_equally_frequent_ngrams_counts():
    assert row("longest words here a b a b longest words")[5] == 2 * len("longest words") / 40


def test_duplicate_ngrams_are_skipped_whole():
    text = "a b c d e " * 3
    assert row(text)[8] == 10 / 30
    assert row("x " * 18)[8] == 15 / 36  # new at 0; seen before at 1, 6 and 11; too few left at 16


def test_texts_shorter_than_an_ngram_have_none():
    assert row("one").tolist()[5:] == [0] * 9
    assert row("").tolist() == [0] * 14


def test_equal_joined_texts_are_duplicates_however_they_are_cut():
    text = "ab c d e fg hij k l m n | a bc d e fg hij k l m n"
    left, right = (words_oracle.words(half) for half in text.split("|"))
    assert "".join(left) == "".join(right)
    expected = oracle.repetition(text, words_oracle.words(text), TOP, DUPLICATE)
    assert row(text).tolist() == expected
    assert expected[-1] == len("abcdefghijklmn") / len(text)


@settings(deadline=None)
@given(
    docs=st.lists(
        st.lists(
            st.sampled_from(["a", "bb", "ab", "b", "longer-word-é", "日", " ", " ", "\n", "\n\n"]), max_size=60
        ).map("".join)
        | st.text(max_size=20),
        max_size=4,
    ),
    skip=st.integers(0, 2),
)
def test_signals_agree_with_their_oracle_on_any_slice(docs, skip):
    text_B, offsets_D1 = string_view(pa.array(docs, pa.string()).slice(skip))
    words = [text.split() for text in docs[skip:]]
    spans = spans_of_words(docs[skip:], words, first=int(offsets_D1[0]))
    got = gopher_repetition_signals(text_B, offsets_D1, spans, TOP, DUPLICATE)
    rows = np.concatenate([got.num_chars[None], got.parts_4D, got.top_ND, got.duplicate_MD]).T
    expected = [oracle.repetition(text, w, TOP, DUPLICATE) for text, w in zip(docs[skip:], words, strict=True)]
    np.testing.assert_array_equal(rows, np.array(expected).reshape(-1, 14))
    event(f"duplicate 5-grams: {any(e[8] for e in expected)}")


@pytest.mark.parametrize(("top", "duplicate"), [((), (5,)), ((3,), ()), ((), ()), ((10,), (2, 7))])
def test_any_orders_can_be_asked_for(top, duplicate):
    text = "a b c d e f g h i j " * 4
    text_B, offsets_D1 = string_view(pa.array([text]))
    got = gopher_repetition_signals(text_B, offsets_D1, word_spans(text_B, offsets_D1), top, duplicate)
    expected = oracle.repetition(text, text.split(), top, duplicate)
    assert [*got.top_ND[:, 0], *got.duplicate_MD[:, 0]] == expected[5:]


def test_a_document_leaves_nothing_behind_for_the_next():
    text = "one two three four five six seven"
    text_B, offsets_D1 = string_view(pa.array([text, text, text]))
    got = gopher_repetition_signals(text_B, offsets_D1, word_spans(text_B, offsets_D1), TOP, DUPLICATE)
    assert not got.duplicate_MD.any()
    assert np.ptp(got.top_ND, axis=1).tolist() == [0, 0, 0]
