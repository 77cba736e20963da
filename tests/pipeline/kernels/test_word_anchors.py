import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.kernels.buffers import string_view
from pipeline.kernels.keywords import marked_text, our_reading
from pipeline.kernels.word_anchors import anchors_of, groups_that_may_be
from pipeline.stages.word_search import marked_patterns

WORDS = [
    "ass",
    "s&m",
    "hot cookies",
    "make me come",
    "caf\u00e9 bar",
    "\u043d\u0435\u0442",
    "\U0001f41f",
    "kiss i",
    "2g1c",
]
PARTS = ["terms of use", "privacy policy", "copyright \u00a9", "copyright (c)", "\u65e5\u672c"]
PIECES = [
    *WORDS,
    *PARTS,
    " ",
    "\n",
    ".",
    "-",
    "'",
    "a",
    "s",
    "\u00e9",
    "\u212a",
    "\u0130",
    "\u65e5",
    "e\u0301",
    "x" * 60,
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=12).map("".join)


def patterns():
    return marked_patterns(WORDS, our_reading()), marked_patterns(PARTS, our_reading(), inside_words=True)


def groups(docs, anchors=None):
    return groups_that_may_be(*string_view(docs), anchors or anchors_of(patterns())).tolist()


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("ASS", 1),
        ("an ass.", 1),
        ("class, asses, pass", 0),
        ("s & m", 0),
        ("make me comet", 0),
        ("Hot Cookies", 1),
        ("hot", 0),
        ("photo cookies", 0),
        ("midterms of user", 2),
        ("of use", 0),
        ("a privacy policyholder", 2),
        ("Copyright (C) 1990", 2),
        ("\u041d", 1),
        ("\u212a", 3),
        ("\u65e5", 2),
        ("\u672c \u00e9 cafe bar", 0),
        ("caf\u00e9", 1),  # compared as far as it is ASCII
        ("", 0),
    ],
)
def test_groups_by_hand(text, bits):
    assert groups(pa.array(["ass s", text, "s privacy"], pa.string())) == [1, bits, 0]


@given(texts=st.lists(TEXTS, max_size=5), skip=st.integers(0, 2), lead=st.integers(0, 70))
@example(texts=["ass", "s"], skip=0, lead=0)
@example(texts=["\u017fass kis\u212a i"], skip=0, lead=55)
def test_a_document_that_is_told_to_hold_nothing_holds_nothing(texts, skip, lead):
    docs = pa.array([" " * lead + text for text in texts] + [text.upper() for text in texts], pa.string()).slice(skip)
    marked = marked_text(*string_view(docs), our_reading())
    for d, bits in enumerate(groups(docs)):
        one = marked.text_M[marked.offsets_D1[d] : marked.offsets_D1[d + 1]].tobytes()
        for g, group in enumerate(patterns()):
            assert bits >> g & 1 or not any(pattern in one for pattern in group)
        assert bits == groups(docs.slice(d, 1))[0]


@given(texts=st.lists(st.text(alphabet="as hotckie.-&m\n", max_size=80), max_size=4))
def test_in_ascii_with_patterns_of_ascii_no_other_document_is_told(texts):
    docs = pa.array(texts, pa.string())
    group = marked_patterns(["ass", "s&m", "hot cookies"], our_reading())
    marked = marked_text(*string_view(docs), our_reading())
    spans = zip(marked.offsets_D1, marked.offsets_D1[1:], strict=False)
    holds = [any(one in marked.text_M[start:end].tobytes() for one in group) for start, end in spans]
    assert groups(docs, anchors_of([group])) == holds


def test_a_group_with_a_pattern_without_an_anchor_may_be_everywhere():
    anchors = anchors_of([marked_patterns(["ass"], our_reading()), marked_patterns(["$$", "fish"], our_reading())])
    assert groups(pa.array(["", "ass", "fish"]), anchors) == [2, 3, 2]
    short = marked_patterns(["use", "usable"], our_reading(), inside_words=True)
    assert groups(pa.array(["", "user"]), anchors_of([short])) == [1, 1]


def test_letters_and_digits_of_ascii_are_all_its_word_characters():
    assert bytes(np.flatnonzero(our_reading().is_word_C[:128]).astype(np.uint8)).decode().isalnum()
    assert our_reading().is_word_C[:128].sum() == 62
    assert (our_reading().lower_C[:128] < 128).all()


def test_a_megabyte_of_beginnings_is_read_once():
    text = "make me com " * 90_000 + "ass"
    assert groups(pa.array([text, "\u0416" * 500_000, "s&" * 500_000])) == [1, 0, 0]
