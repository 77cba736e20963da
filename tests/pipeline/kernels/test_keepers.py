from collections import defaultdict

import numpy as np
from hypothesis import event, given, settings
from hypothesis import strategies as st

from pipeline.kernels.keepers import NO_CONTAINMENT, near_duplicate_keepers
from tests.oracles import near_dedup as oracle


def kernel(sets, places, num_buckets, min_jaccard, cap, *, settled=0, sampled=(), containment=NO_CONTAINMENT):
    values = [np.array(sorted(s), np.uint64) for s in sets]
    offsets = np.cumsum([0, *map(len, values)])
    set_U = np.concatenate([*values, np.empty(0, np.uint64)])
    bucket_M = np.array([b for place in places for b in place], np.int64)
    sizes_K = np.bincount(bucket_M, minlength=num_buckets)
    for array in (set_U, offsets, bucket_M, sizes_K):
        array.flags.writeable = False
    bucket_offsets = np.cumsum([0, *map(len, places)])
    is_sampled_R = np.isin(np.arange(len(sets)), list(sampled))
    return near_duplicate_keepers(
        set_U,
        offsets[:-1],
        offsets[1:],
        bucket_M,
        bucket_offsets,
        sizes_K,
        settled,
        is_sampled_R,
        min_jaccard,
        containment,
        cap,
    )


def definition(sets, places, min_jaccard, cap, settled=0, containment=None):
    """(keeper, similarity, pairs left out, nearest, its similarity) of each document, with every candidate compared."""
    kept_in, found = defaultdict(list), []
    for r, place in enumerate(places):
        candidates = sorted({other for b in place for other in kept_in[b][:cap]}) if r >= settled else []
        jaccard = {other: len(sets[r] & sets[other]) / len(sets[r] | sets[other]) for other in candidates}
        if containment is None:
            edges = [other for other in candidates if oracle.is_verified(sets[r], sets[other], min_jaccard)]
        else:
            edges = [other for other in candidates if len(sets[r] & sets[other]) / len(sets[r]) >= containment]
        if edges:
            found.append((edges[0], jaccard[edges[0]], 0, -1, 0.0))
        else:
            left_out = sum(len(kept_in[b][cap:]) for b in place) if r >= settled else 0
            nearest = max((other for other in candidates if jaccard[other]), key=jaccard.get, default=-1)
            found.append((-1, 0.0, left_out, nearest, jaccard.get(nearest, 0.0)))
            for b in place:
                kept_in[b].append(r)
    return found


def test_no_chain_carries_a_document_away_from_its_keeper():
    """0 ~ 1 ~ 2, but 0 and 2 are apart: 1 goes with 0, and 2 stays, its only look-alike being gone."""
    sets = [set(range(10)), set(range(1, 11)), set(range(2, 12))]
    keeper, jaccard, made, skipped, *_ = kernel(sets, [[0], [0], [0]], 1, 0.8, 64)
    assert keeper.tolist() == [-1, 0, -1]
    assert jaccard.tolist() == [0, 9 / 11, 0]
    assert made.tolist() == [0, 1, 1]
    assert skipped.tolist() == [0, 0, 0]


def test_comparisons_that_the_limit_leaves_out_are_counted():
    sets = [{1}, {2}, {3}, {3}]
    keeper, _, made, skipped, *_ = kernel(sets, [[0], [0], [0], [0]], 1, 0.8, 2)
    assert keeper.tolist() == [-1, -1, -1, -1]
    assert made.tolist() == [0, 1, 2, 2]
    assert skipped.tolist() == [0, 0, 0, 1]


docs = st.tuples(st.sets(st.integers(0, 7), min_size=1), st.sets(st.integers(0, 4), max_size=3))


@settings(deadline=None)  # the first call compiles
@given(
    docs=st.lists(docs, max_size=14),
    cap=st.integers(1, 4),
    percent=st.integers(0, 100),
    settled=st.integers(0, 14),
    contained=st.none() | st.sampled_from([0.0, 0.5, 0.75, 1.0]),
)
def test_keepers_agree_with_the_definition(docs, cap, percent, settled, contained):
    sets, places = [s for s, _ in docs], [sorted(p) for _, p in docs]
    containment = NO_CONTAINMENT if contained is None else contained
    results = [
        kernel(sets, places, 5, percent / 100, cap, settled=settled, sampled=sampled, containment=containment)
        for sampled in (range(len(docs)), ())
    ]
    expected = definition(sets, places, percent / 100, cap, settled, contained)
    event(f"removals: {min(3, sum(e[0] >= 0 for e in expected))}, left out: {any(e[2] for e in expected)}")
    keeper, jaccard, made, skipped, nearest, nearest_jaccard = (array.tolist() for array in results[0])
    assert list(zip(keeper, jaccard, skipped, nearest, nearest_jaccard, strict=True)) == expected
    assert all(m > 0 for m, k in zip(made, keeper, strict=True) if k >= 0)
    for looked_at, other in list(zip(*results, strict=True))[:4]:  # looking nearer changes no decision
        assert looked_at.tolist() == other.tolist()


def test_a_document_that_another_holds_whole_goes():
    sets = [set(range(10)), set(range(4)), set(range(3, 11))]
    keeper, jaccard, *_ = kernel(sets, [[0], [0], [0]], 1, 0.0, 64, containment=1.0)
    assert keeper.tolist() == [-1, 0, -1]
    assert jaccard.tolist() == [0.0, 0.4, 0.0]
