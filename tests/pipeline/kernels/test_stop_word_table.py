import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.kernels.hashing import quick_key
from pipeline.kernels.stop_word_table import slot_in, stop_word_tables

LISTS = st.lists(st.lists(st.sampled_from(["", "a", "of", "the", "seven77", "eight888", "und"]) | st.text(max_size=4)))


def found(lists: list[list[str]], which: int, word: str) -> bool:
    tables = stop_word_tables(lists)
    word_A = np.frombuffer(word.encode(), np.uint8)
    key = np.uint64(quick_key(word_A, 0, word_A.size))
    slot = slot_in(key, tables.multipliers_L[which], tables.bits_L[which])
    is_found = bool(tables.keys_T[tables.first_L[which] + slot] == key)
    assert not is_found or word_A.size <= tables.longest_L[which]
    return is_found


@settings(deadline=None)
@given(LISTS)
def test_each_list_has_its_words_and_no_other(lists):
    for which, one in enumerate(lists):
        for word in {word for other in lists for word in other if word} | {"never"}:
            assert found(lists, which, word) == (word in one)


@pytest.mark.parametrize("num_words", [1, 25, 500])
def test_every_word_has_a_slot_of_its_own(num_words):
    words = [f"word-{i}" for i in range(num_words)]
    tables = stop_word_tables([words])
    assert np.count_nonzero(tables.keys_T) == num_words
    assert tables.keys_T.size == 1 << tables.bits_L[0] <= 512 * num_words
    assert tables.longest_L.tolist() == [max(map(len, words))]


def test_a_list_of_nothing_has_free_slots():
    tables = stop_word_tables([(), ("",)])
    assert not tables.keys_T.any()
    assert tables.longest_L.tolist() == [0, 0]
