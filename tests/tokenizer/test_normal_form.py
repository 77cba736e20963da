import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import normalizers

from tests.oracles.pretokens import buffers
from tests.tokenizer.corpus import texts as corpus_texts
from tokenizer.normal_form import FIRST, UNSETTLED, class_table, may_change

NFC = normalizers.NFC()
ODD = "aeo\u0301\u0323\u0328\u031b\u0300\u0344\u0958\u09be\u1161\u11a8\uac00\u1100\u0e38\u0e48\u094d\u05b0\uf900\u2126"
ODD += "éộ麦😀\n"
MARKS = [chr(code) for code in range(FIRST, 0x20000) if unicodedata.combining(chr(code))]


@given(st.lists(st.text(max_size=20) | st.text(ODD, max_size=20) | st.text(MARKS, max_size=6), max_size=6))
def test_what_the_library_changes_is_always_named(texts):
    changed_D = [NFC.normalize_str(text) != text for text in texts]
    assert not (np.array(changed_D, bool) & ~may_change(*buffers(texts))).any()


@pytest.mark.parametrize(
    "text", ["e\u0301", "\u2126", "\u0323\u0301", "\u1100\u1161", "\uf900", "\u0e48\u0e38", "\U000e0fff"]
)
def test_texts_that_are_named(text):
    assert may_change(*buffers(["a", text, "x" + text, ""])).tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    "text", ["", "the mill", "naïve ộ", "麦粉 かが 각", "ก็ดี", "हिन्दी", "Жж", "😀👩🏽", "\u0e38\u0e48"]
)
def test_texts_that_are_not(text):
    assert not may_change(*buffers([text])).any()


def test_each_settled_character_is_its_own_form_alone_and_behind_letters():
    settled = [chr(code) for code in np.flatnonzero(class_table() != UNSETTLED).tolist()]
    assert len(settled) > 140_000
    for between in ("\n", "a", "e", "क", "\u1100"):
        text = between.join(settled)
        assert NFC.normalize_str(text) == text


def test_a_mark_comes_behind_another_of_its_class_or_a_lower_one_only_within_a_letter():
    low, high = "\u05b0", "\u0591"  # classes 10 and 220
    assert may_change(*buffers([low + high, high + low, high + "a" + low, high + "א" + low])).tolist() == [
        False,
        True,
        False,
        False,
    ]


def test_slices_of_a_buffer():
    text_B, offsets_D1 = buffers(["e\u0301", "a", "e\u0301"])
    assert may_change(text_B, offsets_D1[1:].astype(np.int32)).tolist() == [False, True]


def test_few_documents_need_the_library():
    assert not may_change(*buffers(corpus_texts())).any()
