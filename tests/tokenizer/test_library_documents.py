import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles.pretokens import buffers
from tokenizer.library_documents import LibraryDocuments, normalizers_not_covered

ADDED = [("<|end|>", True), ("<|endless|>", True), ("  ", False), ("    ", False), ("abc", False), ("", False)]
PARTS = {"added_tokens": [{"content": content, "special": special} for content, special in ADDED]}
NFC = {"type": "NFC"}


def named(parts, texts, *, reads_specials=False) -> list[bool]:
    return LibraryDocuments(parts)(*buffers(texts), reads_specials=reads_specials).tolist()


def test_documents_by_hand():
    texts = ["a b", "a  b", "ab", "c", "xabcx", "<|end|>", "<|end", "|>", "", "<|end|> abc"]
    assert named(PARTS, texts) == [False, True, False, False, True, False, False, False, False, True]
    assert named(PARTS, texts, reads_specials=True)[5:] == [True, False, False, False, True]


@given(
    st.lists(st.text("ab c<|end>", max_size=12) | st.sampled_from([one for one, _ in ADDED]), max_size=8), st.booleans()
)
def test_documents_that_hold_a_token_and_no_others(texts, reads_specials):
    looked_for = [content for content, special in ADDED if content and (reads_specials or not special)]
    expected = [any(content in text for content in looked_for) for text in texts]
    assert named(PARTS, texts, reads_specials=reads_specials) == expected


@pytest.mark.parametrize("parts", [{}, {"added_tokens": None, "normalizer": None}])
def test_nothing_added_names_no_document(parts):
    assert named(parts, ["a  b", "e\u0301", "<|end|>"], reads_specials=True) == [False, False, False]


def test_documents_that_are_not_in_the_normal_form():
    assert named({"normalizer": NFC}, ["e\u0301", "é", "abc"]) == [True, False, False]


def test_a_token_is_looked_for_as_the_normaliser_writes_it_too():
    parts = {"added_tokens": [{"content": "e\u0301e", "special": False}], "normalizer": NFC}
    assert named(parts, ["ée", "é"]) == [True, False]


def test_slices_of_a_buffer():
    text_B, offsets_D1 = buffers(["abc", "a", "abc", "b"])
    found_D = LibraryDocuments(PARTS)(text_B, offsets_D1[1:].astype(np.int32), reads_specials=False)
    assert found_D.tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("normalizer", "kinds"),
    [
        (None, []),
        (NFC, []),
        ({"type": "NFKC"}, ["NFKC"]),
        (
            {"type": "Sequence", "normalizers": [NFC, {"type": "Sequence", "normalizers": [{"type": "Lowercase"}]}]},
            ["Lowercase"],
        ),
    ],
)
def test_normalizers_that_are_not_covered(normalizer, kinds):
    assert normalizers_not_covered({"normalizer": normalizer}) == kinds
