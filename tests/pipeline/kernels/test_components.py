import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.kernels.components import component_roots, join_members


def roots(num_docs, buckets):
    parent_N = np.arange(num_docs)
    members = np.array([m for bucket in buckets for m in bucket], np.int64)
    members.flags.writeable = False
    join_members(parent_N, members, np.cumsum([0, *map(len, buckets)]))
    return component_roots(parent_N).tolist()


def roots_by_spreading(num_docs, buckets):
    """Each document takes the least label of its buckets until nothing changes."""
    labels = list(range(num_docs))
    changed = True
    while changed:
        changed = False
        for bucket in buckets:
            least = min(labels[m] for m in bucket)
            for m in bucket:
                changed |= labels[m] != least
                labels[m] = least
    return labels


def test_components_by_hand():
    assert roots(6, [[4, 2], [5, 4], [1, 3]]) == [0, 1, 2, 1, 2, 2]
    assert roots(0, []) == []


buckets_of_docs = st.lists(st.lists(st.integers(0, 19), min_size=2, max_size=4), max_size=15)


@settings(deadline=None)  # the first call compiles
@given(buckets=buckets_of_docs, shuffled=st.randoms())
def test_components_agree_with_their_oracle_in_any_order(buckets, shuffled):
    expected = roots_by_spreading(20, buckets)
    assert roots(20, buckets) == expected
    shuffled.shuffle(buckets)
    assert roots(20, buckets) == expected
