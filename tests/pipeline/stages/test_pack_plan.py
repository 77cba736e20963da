"""Which documents are held out, and how the others are cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.kernels.packing import mix64
from pipeline.stages.pack_plan import SplitPlan, plan_split, validation_documents

ARRAYS = ("document_S", "offset_S", "length_S", "bounds_R1")


@pytest.mark.parametrize(
    ("documents", "fraction", "held_out"),
    [(1, 0.01, 0), (1, 0.9, 0), (1, 1.0, 1), (2, 0.01, 1), (2, 0.99, 1), (10, 0.0, 0), (10, 0.26, 3), (10, 1.0, 10)],
)
def test_how_many_are_held_out(documents, fraction, held_out):
    keys = mix64(np.arange(documents, dtype=np.uint64))
    assert validation_documents(keys, fraction).sum() == held_out


def test_the_lowest_keys_are_held_out():
    keys = np.array([2**63, 5, 2**64 - 1, 4, 2**40], np.uint64)
    assert validation_documents(keys, 0.4).tolist() == [False, True, False, True, False]


@settings(deadline=None)
@given(st.lists(st.integers(1, 30), max_size=20), st.integers(2, 9))
def test_pieces_cover_every_document_once(lengths, context_len):
    tokens_D = np.array(lengths, np.int64)
    number_D = np.arange(tokens_D.size) * 3 + 1
    plan = plan_split(number_D, tokens_D, mix64(number_D.astype(np.uint64)), context_len=context_len, seed=0)
    pieces = sorted(zip(*(getattr(plan, name).tolist() for name in ARRAYS[:3]), strict=True))
    expected = [
        (number, at, min(context_len, n - at))
        for number, n in zip(number_D.tolist(), lengths, strict=True)
        for at in range(0, n, context_len)
    ]
    assert pieces == expected
    assert plan.bounds_R1[-1] == len(pieces)
    assert plan.num_rows == plan.bounds_R1.size - 1


def test_a_plan_comes_back_mapped(tmp_path):
    plan = plan_split(np.arange(9), np.arange(1, 10), mix64(np.arange(9, dtype=np.uint64)), context_len=4, seed=0)
    plan.save(str(tmp_path / "train"))
    opened = SplitPlan.open(str(tmp_path / "train"))
    for name in ARRAYS:
        assert isinstance(getattr(opened, name), np.memmap)
        np.testing.assert_array_equal(getattr(opened, name), getattr(plan, name))
