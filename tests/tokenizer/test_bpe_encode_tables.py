import numpy as np
import pytest

from tokenizer.bpe_encode_merges import rank_of, whole_word
from tokenizer.bpe_encode_tables import BUCKET_BYTES, EMPTY, MAX_IDS, NO_BORDER, NO_RANK, merges_of, scratch, word_cache

BYTES = [*range(255), -1]


def test_every_merge_is_found_and_nothing_else():
    rng = np.random.default_rng(4)
    pairs = {tuple(pair) for pair in rng.integers(0, MAX_IDS, (5000, 2)).tolist()} | {
        (MAX_IDS - 1, MAX_IDS - 1),
        (0, 0),
    }
    merges = [(left, right, m) for m, (left, right) in enumerate(sorted(pairs))]
    tables = merges_of(merges, BYTES, None)
    for left, right, m in merges:
        assert rank_of(tables.pairs_H, tables.filter_F, left, right) == m
        assert tables.merged_M[m] == m
        if (right, left) not in pairs:
            assert rank_of(tables.pairs_H, tables.filter_F, right, left) == NO_RANK


def test_no_merges():
    tables = merges_of([], BYTES, None)
    assert (tables.pairs_H == EMPTY).all()
    assert tables.merged_M.size == 0
    assert (tables.borders & np.uint64(NO_BORDER) == NO_BORDER).all()


def test_of_a_pair_that_comes_twice_the_last_counts():
    tables = merges_of([(1, 2, 300), (3, 4, 301), (1, 2, 302)], BYTES, None)
    assert tables.merged_M[rank_of(tables.pairs_H, tables.filter_F, 1, 2)] == 302


def test_ranks_of_pairs_of_bytes():
    tables = merges_of([(7, 9, 300), (300, 7, 301), (254, 254, 302)], BYTES, None)
    ranks = tables.borders & np.uint64(NO_BORDER)
    found = np.flatnonzero(ranks != NO_BORDER).tolist()
    assert found == [7 << 8 | 9, 254 << 8 | 254]
    assert ranks[found].tolist() == [0, 2]


@pytest.mark.parametrize("count", [0, 1, 3000])
def test_whole_tokens_are_found_by_their_bytes(count):
    words = {b"%d word" % i: 5 * i for i in range(count)}
    tables = merges_of([], BYTES, words)
    lookup = (tables.whole_H, tables.whole_B, tables.whole_V1)
    for word, word_id in words.items():
        text_B = np.frombuffer(b"." + word + b".", np.uint8)
        assert tables.whole_ids_V[whole_word(text_B, 1, text_B.size - 1, *lookup)] == word_id
        assert whole_word(text_B, 0, text_B.size, *lookup) == -1


def test_buckets_begin_where_a_pair_of_cache_lines_does():
    cache = word_cache()
    for array in (cache.short, cache.long):
        assert array.ctypes.data % BUCKET_BYTES == 0
        assert not array.any()
        assert array.nbytes <= 20 << 20
    assert np.shares_memory(cache.short, cache.short_ids)
    assert np.shares_memory(cache.long, cache.long_ids)


def test_scratch_has_room_for_a_heap():
    room = scratch(1000)
    assert min(array.size for array in room) > 1000
    assert room.heap.size >= 2000
    assert scratch(0).ids_N.size > 64
