import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.kernels.buffers import string_view
from pipeline.kernels.gopher_quality import GopherQualitySignals, gopher_quality_signals
from pipeline.kernels.words import word_spans
from tests.oracles import gopher as oracle
from tests.spans import spans_of_words

STOP_WORDS = ("the", "of", "unforgettable")
PIECES = [
    "the",
    "of",
    "The",
    "unforgettable",
    "été",
    "12",
    "１",
    "#",
    "-",
    "•",
    "...",
    "…",
    ".",
    " ",
    "\n",
    "\r\n",
    "\x85",
    "\u2028",
    "日",
    "'",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=20).map("".join) | st.text(max_size=20)


def signals(text: str, words: list[str] | None = None) -> GopherQualitySignals:
    text_B, offsets_D1 = string_view(pa.array([text]))
    spans = word_spans(text_B, offsets_D1) if words is None else spans_of_words([text], [words])
    lists = [STOP_WORDS], np.zeros(1, np.int32)
    return GopherQualitySignals(*(s.item() for s in gopher_quality_signals(text_B, offsets_D1, spans, *lists)))


def test_words_by_hand():
    got = signals("the of the 12 Over", ["the", "of", "the", "12", "Over"])
    assert got.num_words == 5
    assert got.mean_word_chars == (3 + 2 + 3 + 2 + 4) / 5
    assert got.alphabetic_word_fraction == 4 / 5
    assert got.num_stop_words == 2


def test_symbol_tokens_count_in_denominators_alone():
    got = signals("a #b .", ["a", "#", "b", "."])
    assert (got.num_words, got.mean_word_chars) == (2, 1)
    assert (got.hash_word_fraction, got.alphabetic_word_fraction) == (1 / 4, 1 / 2)


@pytest.mark.parametrize(
    ("text", "bullets", "ellipses"),
    [
        ("- a\n  • b\nc\n", 2 / 3, 0),
        ("a...\r\nb \u2026 \r\nc..", 0, 2 / 3),
        ("\u3000-\x85-\u2028-", 1, 0),
        ("-\n\n\n", 1 / 3, 0),
        ("...", 0, 1),
        ("..\n.", 0, 0),
        ("", 0, 0),
    ],
)
def test_lines_by_hand(text, bullets, ellipses):
    got = signals(text)
    assert (got.bullet_line_fraction, got.ellipsis_line_fraction) == (bullets, ellipses)


def test_ellipses_are_counted_without_overlap():
    assert signals("w....... w … w").ellipsis_word_fraction == 3 / 3


def test_a_text_without_words_is_measured_over_one():
    assert signals("##...") == (0, 0, 2, 1, 0, 1, 0, 0)
    assert signals("") == (0,) * 8


@settings(deadline=None)
@given(docs=st.lists(TEXTS, max_size=5), skip=st.integers(0, 2), lead=st.integers(0, 66))
def test_signals_agree_with_their_oracle_on_any_slice(docs, skip, lead):
    docs = [*("x" * lead + text for text in docs), "behind " * 12]  # so that 64 bytes are looked at at once
    text_B, offsets_D1 = string_view(pa.array(docs, pa.string()).slice(skip))
    words = [text.split() for text in docs[skip:]]
    spans = spans_of_words(docs[skip:], words, first=int(offsets_D1[0]))
    list_D = np.zeros(len(words), np.int32)
    got = np.array(gopher_quality_signals(text_B, offsets_D1, spans, [STOP_WORDS], list_D))
    expected = [oracle.quality(text, w, STOP_WORDS) for text, w in zip(docs[skip:], words, strict=True)]
    np.testing.assert_array_equal(got.T, np.array(expected).reshape(-1, 8))


@pytest.mark.parametrize(
    ("stop_words", "count"), [((), 0), (("",), 0), (("the", "the", ""), 1), (("unforgettable",) * 2, 1)]
)
def test_any_list_of_stop_words_will_do(stop_words, count):
    text_B, offsets_D1 = string_view(pa.array(["the unforgettable"]))
    got = gopher_quality_signals(
        text_B, offsets_D1, word_spans(text_B, offsets_D1), [stop_words], np.zeros(1, np.int32)
    )
    assert got.num_stop_words.tolist() == [count]


def test_each_document_has_a_list_of_its_own():
    text_B, offsets_D1 = string_view(pa.array(["the der", "der die die the unvergesslich", "the of", "of"]))
    list_D = np.array([0, 1, -1, 0], np.int32)
    lists = [STOP_WORDS, ("der", "die", "unvergesslich")]
    got = gopher_quality_signals(text_B, offsets_D1, word_spans(text_B, offsets_D1), lists, list_D)
    np.testing.assert_array_equal(got.num_stop_words, [1, 3, np.nan, 1])


def test_a_long_word_is_no_short_stop_word():
    text = "the" + "\0" * 5 + "\x03"
    assert signals(text, [text]).num_stop_words == 0
