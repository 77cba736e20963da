import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles.merges import merged_ids, tables
from tokenizer.bpe_encode_kernels import encode_words
from tokenizer.bpe_encode_tables import SPARE_IDS, scratch, word_cache

TABLES, RANKS = tables([("a", "a"), ("b", "c"), ("a", "b"), ("aa", "aa"), ("ab", "c"), ("c", "a"), ("ca", "ca")])
words = st.text("abcd", max_size=150).map(str.encode)


@given(st.lists(st.lists(words.filter(len), max_size=8), max_size=5))
def test_words_of_documents(documents):
    """Each word alone, end to end, twice: merged, then looked up."""
    text_B = np.frombuffer(b"".join(word for document in documents for word in document), np.uint8)
    ends_P = np.cumsum([len(word) for document in documents for word in document], dtype=np.int64)
    bounds_D1 = np.cumsum([0, *map(len, documents)], dtype=np.int64)
    offsets_D1 = np.concatenate([np.zeros(1, np.int64), ends_P])[bounds_D1]
    expected = [[i for word in document for i in merged_ids(word, RANKS)] for document in documents]
    cache, room = word_cache(1, 1), scratch(150)
    ids_T = np.full(text_B.size + SPARE_IDS, -7, np.int32)
    for _ in range(2):
        tokens_D1 = np.zeros(bounds_D1.size, np.int64)
        encode_words(text_B, offsets_D1, ends_P, bounds_D1, TABLES, cache, room, ids_T, tokens_D1)
        assert [ids_T[a:b].tolist() for a, b in itertools.pairwise(tokens_D1)] == expected


def test_words_go_on_behind_those_before():
    text_B = np.frombuffer(b"abcabc", np.uint8)
    ids_T, tokens_D1 = np.full(8 + SPARE_IDS, -7, np.int32), np.array([2, 0])
    one = np.array([0, 6]), np.array([6]), np.array([0, 1])
    encode_words(text_B, *one, TABLES, word_cache(1, 1), scratch(6), ids_T, tokens_D1)
    assert ids_T[:2].tolist() == [-7, -7]
    assert tokens_D1.tolist() == [2, 2 + len(merged_ids(b"abcabc", RANKS))]
