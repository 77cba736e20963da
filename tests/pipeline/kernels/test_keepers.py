import numpy as np
from hypothesis import event, given, settings
from hypothesis import strategies as st

from pipeline.kernels.keepers import NO_CONTAINMENT, Rule, Sets, near_duplicate_keepers
from tests.oracles import near_dedup as oracle


def kernel(sets, places, num_buckets, min_jaccard, cap, *, settled=0, own=None, sampled=(), containment=NO_CONTAINMENT):
    values = [np.array(sorted(s), np.uint64) for s in sets]
    offsets = np.cumsum([0, *map(len, values)])
    set_U = np.concatenate([*values, np.empty(0, np.uint64)])
    bucket_M = np.array([b for place in places for b in place], np.int64)
    bucket_offsets = np.cumsum([0, *map(len, places)])
    is_sampled_R = np.isin(np.arange(len(sets)), list(sampled))
    for array in (set_U, offsets, bucket_M):
        array.flags.writeable = False
    rule = Rule(min_jaccard, containment, cap, settled, len(sets) if own is None else own)
    documents = Sets(set_U, offsets[:-1], offsets[1:])
    return near_duplicate_keepers(documents, bucket_M, bucket_offsets, num_buckets, is_sampled_R, rule)


def definition(sets, places, min_jaccard, cap, settled, own, containment):
    """(keeper, similarity, comparisons left out, nearest, its similarity) of each document."""

    def jaccard(r, other):
        return len(sets[r] & sets[other]) / len(sets[r] | sets[other])

    def edge(r, other):
        if containment is None:
            return oracle.is_verified(sets[r], sets[other], min_jaccard)
        return len(sets[r] & sets[other]) / len(sets[r]) >= containment

    found = []
    for r, (keeper, compared, left_out) in enumerate(
        zip(*oracle.keepers_of(places, edge, cap, settled, own), strict=True)
    ):
        near = {other: jaccard(r, other) for other in compared if jaccard(r, other)}
        nearest = max(near, key=near.get, default=-1) if keeper < 0 else -1
        found.append((keeper, jaccard(r, keeper) if keeper >= 0 else 0.0, left_out, nearest, near.get(nearest, 0.0)))
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
    own=st.integers(0, 14),
    contained=st.none() | st.sampled_from([0.0, 0.5, 0.75, 1.0]),
)
def test_keepers_agree_with_the_definition(docs, cap, percent, settled, own, contained):
    own = max(own, settled)
    sets, places = [s for s, _ in docs], [sorted(p) for _, p in docs]
    containment = NO_CONTAINMENT if contained is None else contained
    results = [
        kernel(sets, places, 5, percent / 100, cap, settled=settled, own=own, sampled=sampled, containment=containment)
        for sampled in (range(len(docs)), ())
    ]
    expected = definition(sets, places, percent / 100, cap, settled, own, contained)
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


def test_a_chain_of_candidates_brings_documents_together():
    """2 shares a bucket with 1 alone, 1 with 0 alone; 1 goes for 0, and 2 is near 0 too."""
    sets = [set(range(10)), set(range(1, 10)), set(range(9))]
    keeper, jaccard, made, *_ = kernel(sets, [[0], [0, 1], [1]], 2, 0.8, 64)
    assert keeper.tolist() == [-1, 0, 0]
    assert jaccard.tolist() == [0, 0.9, 0.9]
    assert made.tolist() == [0, 1, 1]


def test_what_went_last_brings_together_who_came_before():
    """1 and 2 meet nobody before 3, which went for 1 at first: in the second round 2 goes for 1."""
    sets = [set(range(10, 20)), set(range(10)), set(range(9)), set(range(1, 9))]
    keeper, _, made, *_ = kernel(sets, [[0], [1], [2], [1, 2]], 3, 0.8, 64)
    assert keeper.tolist() == [-1, -1, 1, 1]
    assert made.tolist() == [0, 0, 1, 1]


def test_planted_copies_bring_nobody_together():
    sets = [set(range(10)), set(range(9)), set(range(1, 9))]
    keeper, *_ = kernel(sets, [[0], [1], [0, 1]], 2, 0.8, 64, own=2)
    assert keeper.tolist() == [-1, -1, 0]
