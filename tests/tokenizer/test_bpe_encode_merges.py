import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles.merges import merged_ids, tables
from tokenizer.bpe_encode_merges import merge_by_heap, merge_by_scan, merged, rank_of
from tokenizer.bpe_encode_tables import SCAN_TOKENS, merges_of, scratch

MERGES = [
    ("a", "a"),
    ("b", "c"),
    ("a", "b"),
    ("aa", "aa"),
    ("ab", "c"),
    ("a", "bc"),
    ("bc", "aa"),
    ("c", "a"),
    ("ca", "ca"),
    ("ab", "ab"),
    ("d", "a"),
    ("da", "b"),
    ("c", "da"),
    ("dab", "c"),
]
TABLES, RANKS = tables(MERGES)
words = st.text("abcd", min_size=1, max_size=90).map(str.encode)


def by(kernel, word: bytes) -> list[int]:
    """Ids of one of the two ways to merge in order, from the bytes on."""
    room = scratch(len(word))
    room.ids_N[: len(word)] = list(word)
    for i in range(len(word) - 1):
        room.ranks_N[i] = rank_of(TABLES.pairs_H, TABLES.filter_F, word[i], word[i + 1])
    num = kernel(len(word), TABLES, room) if kernel is merge_by_heap else kernel(len(word), TABLES, *room[:2])
    return room.ids_N[:num].tolist()


@given(words)
def test_both_ways_merge_as_the_definition_does(word):
    expected = merged_ids(word, RANKS)
    assert by(merge_by_heap, word) == expected
    if len(word) <= SCAN_TOKENS:
        assert by(merge_by_scan, word) == expected


def ids_of(word: bytes, merges) -> list[int]:
    text_B = np.frombuffer(b"." + word + b".", np.uint8)
    room = scratch(len(word))
    return room.ids_N[: merged(text_B, 1, len(word) + 1, merges, room)].tolist()


@pytest.mark.parametrize("word", [b"a", b"ab", b"abc" * 21 + b"a", b"abc" * 21 + b"ab", b"dabc" * 30])
def test_words_around_every_edge(word):
    assert ids_of(word, TABLES) == merged_ids(word, RANKS)


@given(words)
def test_what_is_merged_at_once_is_what_order_would_merge(word):
    assert ids_of(word, TABLES) == merged_ids(word, RANKS)


@given(st.permutations(MERGES), st.integers(1, len(MERGES)), st.lists(words, min_size=1, max_size=4))
def test_merges_in_any_order_are_obeyed(merges, count, several):
    """Also where a token is used before it is made, as no training has it: then little may be merged at once."""
    any_tables, any_ranks = tables(merges[:count])
    for word in several:
        assert ids_of(word, any_tables) == merged_ids(word, any_ranks)


def test_a_byte_without_a_token_lets_its_neighbours_meet():
    rows = [(97, 98, 300), (98, 99, 301)]  # ab, bc
    without_d = merges_of(rows, [-1 if byte == 100 else byte for byte in range(256)], None)
    assert ids_of(b"bcadb", without_d) == [301, 300]
    assert ids_of(b"adbc", without_d) == [300, 99]
