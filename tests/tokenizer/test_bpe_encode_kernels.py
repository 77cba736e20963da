import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tokenizer.bpe_encode_kernels import _merge_by_heap, _merge_by_scan, _rank, encode_words
from tokenizer.bpe_encode_tables import Merges, merges_of, scratch, word_cache

BYTES = list(range(256))
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
]
words = st.text("abcd", max_size=90).map(str.encode)


def tables() -> tuple[Merges, dict[tuple[int, int], tuple[int, int]]]:
    """The merges above as tables and as a dictionary: pair of ids -> (rank, id)."""
    ids = {chr(byte): byte for byte in BYTES}
    for left, right in MERGES:
        ids.setdefault(left + right, len(ids))
    rows = [(ids[left], ids[right], ids[left + right]) for left, right in MERGES]
    return merges_of(rows, BYTES, None), {(row[0], row[1]): (rank, row[2]) for rank, row in enumerate(rows)}


def merged(word: bytes) -> list[int]:
    """Token ids as the definition has them: merge the leftmost of the pairs of lowest rank, again and again."""
    ids = list(word)
    while found := [(RANKS[pair][0], i) for i, pair in enumerate(itertools.pairwise(ids)) if pair in RANKS]:
        _, i = min(found)
        ids[i : i + 2] = [RANKS[ids[i], ids[i + 1]][1]]
    return ids


TABLES, RANKS = tables()


def by(kernel, word: bytes) -> list[int]:
    room = scratch(len(word))
    room.ids_N[: len(word)] = list(word)
    for i in range(len(word) - 1):
        room.ranks_N[i] = _rank(TABLES.pairs_H, word[i], word[i + 1])
    num = kernel(len(word), TABLES, room) if kernel is _merge_by_heap else kernel(len(word), TABLES, *room[:2])
    return room.ids_N[:num].tolist()


@given(words.filter(len))
def test_both_kernels_merge_as_the_definition_does(word):
    expected = merged(word)
    assert by(_merge_by_scan, word) == expected
    assert by(_merge_by_heap, word) == expected


@given(st.lists(st.lists(words.filter(len), max_size=8), max_size=5))
def test_words_of_documents(documents):
    """Each word alone, end to end, twice: merged, then looked up."""
    text_B = np.frombuffer(b"".join(word for document in documents for word in document), np.uint8)
    ends_P = np.cumsum([len(word) for document in documents for word in document], dtype=np.int64)
    bounds_D1 = np.cumsum([0, *map(len, documents)], dtype=np.int64)
    offsets_D1 = np.concatenate([np.zeros(1, np.int64), ends_P])[bounds_D1]
    expected = [[i for word in document for i in merged(word)] for document in documents]
    cache, room = word_cache(1, 1), scratch(90)
    ids_T = np.full(text_B.size + 1, -7, np.int32)
    for _ in range(2):
        tokens_D1 = np.zeros(bounds_D1.size, np.int64)
        encode_words(text_B, offsets_D1, ends_P, bounds_D1, TABLES, cache, room, ids_T, tokens_D1)
        assert [ids_T[a:b].tolist() for a, b in itertools.pairwise(tokens_D1)] == expected


def test_words_go_on_behind_those_before():
    text_B = np.frombuffer(b"abcabc", np.uint8)
    ids_T, tokens_D1 = np.full(10, -7, np.int32), np.array([2, 0])
    one = np.array([0, 6]), np.array([6]), np.array([0, 1])
    encode_words(text_B, *one, TABLES, word_cache(1, 1), scratch(6), ids_T, tokens_D1)
    assert ids_T[:2].tolist() == [-7, -7]
    assert tokens_D1.tolist() == [2, 2 + len(merged(b"abcabc"))]
