import numpy as np
import pyarrow as pa

from pipeline.kernels.buffers import string_view
from pipeline.kernels.words import word_spans
from pipeline.schema import Rule, judge
from pipeline.stages import text_words
from pipeline.stages.text_words import num_words_of, with_words_kept, words_of
from tests.documents import documents


def same(array):
    got, expected = words_of(array), word_spans(*string_view(array))
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    return got


def test_the_same_column_is_split_once_and_any_other_again():
    text = pa.array(["one two", "three", ""])
    first = same(text)
    assert same(text) is first
    batch = pa.record_batch({"text": text})
    assert same(batch.column("text")) is first
    assert same(text.slice(1)) is not first
    assert same(text.slice(0, 2)) is not first
    same(pa.array(["one tow", "three", ""]))
    same(pa.array([], pa.string()))


def test_a_column_in_the_place_of_a_dead_one_is_split_again():
    for i in range(200):
        same(pa.array([f"word {i}" * (i % 3 + 1)] * 50))


def kept(batch, gone):
    """What a stage leaves of a batch from which it drops some rows."""
    rule = Rule("any", np.array(gone, np.bool_), np.zeros(batch.num_rows), np.zeros(batch.num_rows))
    return with_words_kept(batch.column("text"), judge("some", batch, [rule], {})).kept


def test_words_stay_where_documents_go(monkeypatch):
    batch = documents(["one two", "gone", "", "three d\u00e9j\u00e0 vu", "gone too"])
    same(batch.column("text"))
    monkeypatch.setattr("pipeline.kernels.words.word_spans", None)  # nobody looks for words again
    once = kept(batch, [False, True, False, False, False])
    assert words_of(once.column("text")).word_offsets_D1.tolist() == [0, 2, 2, 5, 7]
    twice = kept(once, [False, False, False, True])
    assert kept(twice, [False] * 3) is twice
    words = words_of(twice.column("text"))
    monkeypatch.undo()
    for one, other in zip(words, word_spans(*string_view(twice.column("text"))), strict=True):
        np.testing.assert_array_equal(one, other)


def test_words_of_what_stayed_of_another_column_are_looked_for():
    batch, other = documents(["one two", "three", "four"]), documents(["and", "now for", "something else"])
    same(batch.column("text"))
    once = kept(batch, [True, False, False])
    same(other.column("text"))
    same(once.column("text"))
    same(batch.column("text").slice(1))
    same(kept(documents(["never", "split before"]), [True, False]).column("text"))


def test_all_documents_may_go():
    batch = documents(["one two", "three"])
    same(batch.column("text"))
    same(kept(batch, [True, True]).column("text"))


def test_words_are_counted_as_they_are_made():
    text = pa.array(["one two", "", "three"])
    text_words._last = None
    assert num_words_of(text).tolist() == [2, 0, 1]
    assert num_words_of(text) is num_words_of(text)
    same(text)
    assert num_words_of(text).tolist() == [2, 0, 1]
    assert num_words_of(text.slice(1)).tolist() == [0, 1]
