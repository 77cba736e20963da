import itertools
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.kernels.buffers import string_view
from pipeline.kernels.unicode_tables import UNICODE_VERSION
from pipeline.kernels.words import word_counts, word_hashes, word_spans, words_of_some
from tests.oracles import words as oracle

same_unicode = pytest.mark.skipif(
    unicodedata.unidata_version != UNICODE_VERSION,
    reason=f"the oracle asks unicodedata {unicodedata.unidata_version}, the tables are {UNICODE_VERSION}",
)
compiles = settings(deadline=None)  # the first example compiles the kernel
ANY_TEXT = st.text(max_size=30) | st.text(alphabet="aZé'’-\u00ad .9日ไ\u0301Σİ\n😀", max_size=30)


def words_of(array: pa.StringArray) -> list[list[str]]:
    text_B, offsets_D1 = string_view(array)
    spans = word_spans(text_B, offsets_D1)
    words = [bytes(text_B[a:b]).decode() for a, b in zip(spans.starts_W, spans.ends_W, strict=True)]
    return [words[a:b] for a, b in itertools.pairwise(spans.word_offsets_D1)]


def hashes_of(array: pa.StringArray) -> list[int]:
    text_B, offsets_D1 = string_view(array)
    return word_hashes(text_B, *word_spans(text_B, offsets_D1)[:2]).tolist()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("don't stop", ["don't", "stop"]),
        ("'tis the boys' well-known rock'n'roll-", ["tis", "the", "boys", "well-known", "rock'n'roll"]),
        ("a--b a'-b -", ["a", "b", "a", "b"]),
        ("3.14 x2 2024-06-01", ["3", "14", "x2", "2024-06-01"]),
        ("日本語とNumPy", ["日", "本", "語", "と", "NumPy"]),
        ("a-日-b", ["a", "日", "b"]),
        ("สวัสดี", list("สวัสดี")),
        ("e\u0301te\u0301 naïve Straße", ["e\u0301te\u0301", "naïve", "Straße"]),
        ("привет, мир! 안녕 नमस्ते", ["привет", "мир", "안녕", "नमस्ते"]),
        ("😀 #tag @me a_b \0", ["tag", "me", "a", "b"]),
        ("", []),
    ],
)
def test_words_by_hand(text, words):
    assert words_of(pa.array([text])) == [words]


@same_unicode
@compiles
@given(docs=st.lists(ANY_TEXT, max_size=6), skip=st.integers(0, 3))
def test_words_agree_with_their_oracle_on_any_slice(docs, skip):
    assert words_of(pa.array(docs, pa.string()).slice(skip)) == [oracle.words(text) for text in docs[skip:]]


@compiles
@given(docs=st.lists(ANY_TEXT | ANY_TEXT.map(lambda text: text * 9), max_size=6), skip=st.integers(0, 3))
def test_words_are_counted_without_being_made(docs, skip):
    view = string_view(pa.array(docs, pa.string()).slice(skip))
    assert word_counts(*view).tolist() == np.diff(word_spans(*view).word_offsets_D1).tolist()


@compiles
@given(rows=st.lists(st.tuples(ANY_TEXT, st.booleans()), max_size=6), skip=st.integers(0, 3))
def test_words_of_documents_that_stay_are_those_found_again(rows, skip):
    text = pa.array([text for text, _ in rows], pa.string()).slice(skip)
    stays_D = np.array([stays for _, stays in rows[skip:]], np.bool_)
    view, some = string_view(text), string_view(text.filter(pa.array(stays_D)))
    for one, other in zip(words_of_some(word_spans(*view), view[1], stays_D, some[1]), word_spans(*some), strict=True):
        np.testing.assert_array_equal(one, other)


@same_unicode
@compiles
@given(docs=st.lists(ANY_TEXT, max_size=6), skip=st.integers(0, 3))
def test_word_hashes_agree_with_their_oracle_on_any_slice(docs, skip):
    expected = [oracle.word_hash(word) for text in docs[skip:] for word in oracle.words(text)]
    assert hashes_of(pa.array(docs, pa.string()).slice(skip)) == expected


@compiles
@given(length=st.integers(0, 600), letter=st.sampled_from("aÉ日𝒳"))
def test_words_of_any_length_hash_as_the_oracle_says(length, letter):
    text_B = np.frombuffer((letter * length).encode(), np.uint8)
    got = word_hashes(text_B, np.array([0], np.int32), np.array([text_B.size], np.int32))
    assert got.tolist() == [oracle.word_hash(letter * length)]


def test_hashes_ignore_case_and_nothing_else():
    words = ["Straße", "STRASSE", "straße", "ÉTÉ", "été", "ete"]
    hashes = hashes_of(pa.array(words))
    assert hashes[0] == hashes[2] != hashes[1]
    assert hashes[3] == hashes[4] != hashes[5]


def test_bytes_that_are_not_utf8_are_read_within_their_document():
    text_B = np.frombuffer(b"ab\xff\xf7\xbf\xbf\xbf c\xe6\x97", np.uint8)
    spans = word_spans(text_B, np.array([0, 9, text_B.size], np.int32))
    assert spans.ends_W.max() <= text_B.size
    assert word_hashes(text_B, spans.starts_W, spans.ends_W).size == spans.starts_W.size
