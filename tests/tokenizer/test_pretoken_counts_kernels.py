"""Words told apart by their bytes, not by what they hash to."""

import numpy as np
import pytest

from tokenizer import pretoken_counts_kernels as kernels

WORDS = (b"one word", b"two word", b"one word", b"one word longer", b"short", b"short\0", b"", b"short")


def new_table(num_slots: int, num_words: int, num_bytes: int) -> tuple[np.ndarray, ...]:
    empty_W = np.empty(num_words, np.int64)
    return np.zeros((num_slots, 2), np.uint64), np.empty(num_bytes, np.uint8), empty_W, empty_W.copy(), np.zeros(2, int)


def count(words, kernel, table):
    text_B = np.frombuffer(b"".join(words), np.uint8)
    ends_P = np.cumsum([len(word) for word in words])
    return kernel(text_B, 0, ends_P, np.empty(0, np.int64), *table)


def test_words_that_share_a_key_are_told_apart(monkeypatch):
    """The keys of all words from 8 bytes on are made equal: only the comparison of bytes is left."""
    key = kernels._key.py_func
    monkeypatch.setattr(kernels, "_key", lambda *word: key(*word) if word[2] - word[1] < 8 else np.uint64(1 << 63))
    for name in ("_load", "_equals"):
        monkeypatch.setattr(kernels, name, getattr(kernels, name).py_func)
    table = new_table(32, 9, 99)
    with np.errstate(over="ignore"):
        assert count(WORDS, kernels.count_words.py_func, table) == len(WORDS)
    assert table[3][:6].tolist() == [2, 1, 1, 2, 1, 1]
    assert table[4].tolist() == [6, 8 + 8 + 15 + 5 + 6]


@pytest.mark.parametrize(("room", "counted"), [((8, 2, 99), 3), ((4, 9, 99), 3), ((32, 9, 16), 3), ((32, 9, 99), 8)])
def test_it_stops_before_a_word_that_there_is_no_room_for(room, counted):
    """No room for a word, for a half-empty table, for its bytes."""
    table = new_table(*room)
    assert count(WORDS, kernels.count_words, table) == counted
    assert table[3][:2].tolist() == [2, 1]


def test_slots_are_filled_as_counting_fills_them():
    counted = new_table(32, 9, 99)
    count(WORDS, kernels.count_words, counted)
    slots_S2 = np.zeros((32, 2), np.uint64)
    kernels.fill_slots(slots_S2, *counted[1:3], 6)
    np.testing.assert_array_equal(slots_S2, counted[0])
