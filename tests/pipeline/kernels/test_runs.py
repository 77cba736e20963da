"""Runs arrive where they are wanted, and nothing else is touched."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.kernels.packing import run_indices
from pipeline.kernels.runs import copy_runs


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9)), max_size=12), st.integers(0, 3))
def test_runs_are_those_that_indexing_gives(runs, gap):
    values_T = np.arange(100, 130, dtype=np.int32)
    values_T.flags.writeable = False
    from_S, length_S = (np.array([run[i] for run in runs], np.int64) for i in (0, 1))
    to_S = np.cumsum(length_S + gap) - length_S
    into = np.full(int((length_S + gap).sum()), -1, np.int32)
    copy_runs(values_T, from_S, length_S, into, to_S)
    np.testing.assert_array_equal(into[run_indices(to_S, length_S)], values_T[run_indices(from_S, length_S)])
    assert (into == -1).sum() == gap * len(runs)
