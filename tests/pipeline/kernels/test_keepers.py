from collections import defaultdict

import numpy as np
from hypothesis import event, given, settings
from hypothesis import strategies as st

from pipeline.kernels.keepers import near_duplicate_keepers
from tests.oracles import near_dedup as oracle


def kernel(sets, places, num_buckets, min_jaccard, cap):
    values = [np.array(sorted(s), np.uint64) for s in sets]
    offsets = np.cumsum([0, *map(len, values)])
    set_U = np.concatenate([*values, np.empty(0, np.uint64)])
    bucket_M = np.array([b for place in places for b in place], np.int64)
    sizes_K = np.bincount(bucket_M, minlength=num_buckets)
    for array in (set_U, offsets, bucket_M, sizes_K):
        array.flags.writeable = False
    bucket_offsets = np.cumsum([0, *map(len, places)])
    return near_duplicate_keepers(set_U, offsets[:-1], offsets[1:], bucket_M, bucket_offsets, sizes_K, min_jaccard, cap)


def definition(sets, places, min_jaccard, cap):
    """(keeper, similarity, pairs left out) of each document, with every candidate compared."""
    kept_in, found = defaultdict(list), []
    for r, place in enumerate(places):
        candidates = sorted({other for b in place for other in kept_in[b][:cap]})
        edges = [other for other in candidates if oracle.is_verified(sets[r], sets[other], min_jaccard)]
        if edges:
            first = sets[edges[0]]
            found.append((edges[0], len(sets[r] & first) / len(sets[r] | first), 0))
        else:
            found.append((-1, 0.0, sum(len(kept_in[b][cap:]) for b in place)))
            for b in place:
                kept_in[b].append(r)
    return found


def test_no_chain_carries_a_document_away_from_its_keeper():
    """0 ~ 1 ~ 2, but 0 and 2 are apart: 1 goes with 0, and 2 stays, its only look-alike being gone."""
    sets = [set(range(10)), set(range(1, 11)), set(range(2, 12))]
    keeper, jaccard, made, skipped = kernel(sets, [[0], [0], [0]], 1, 0.8, 64)
    assert keeper.tolist() == [-1, 0, -1]
    assert jaccard.tolist() == [0, 9 / 11, 0]
    assert made.tolist() == [0, 1, 1]
    assert skipped.tolist() == [0, 0, 0]


def test_comparisons_that_the_limit_leaves_out_are_counted():
    sets = [{1}, {2}, {3}, {3}]
    keeper, _, made, skipped = kernel(sets, [[0], [0], [0], [0]], 1, 0.8, 2)
    assert keeper.tolist() == [-1, -1, -1, -1]
    assert made.tolist() == [0, 1, 2, 2]
    assert skipped.tolist() == [0, 0, 0, 1]


docs = st.tuples(st.sets(st.integers(0, 7), min_size=1), st.sets(st.integers(0, 4), max_size=3))


@settings(deadline=None)  # the first call compiles
@given(docs=st.lists(docs, max_size=14), cap=st.integers(1, 4), percent=st.integers(0, 100))
def test_keepers_agree_with_the_definition(docs, cap, percent):
    sets, places = [s for s, _ in docs], [sorted(p) for _, p in docs]
    keeper, jaccard, made, skipped = kernel(sets, places, 5, percent / 100, cap)
    expected = definition(sets, places, percent / 100, cap)
    event(f"removals: {min(3, sum(k >= 0 for k, _, _ in expected))}, left out: {any(s for _, _, s in expected)}")
    assert list(zip(keeper.tolist(), jaccard.tolist(), skipped.tolist(), strict=True)) == expected
    assert ((made > 0) >= (keeper >= 0)).all()
