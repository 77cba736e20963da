import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from pipeline.kernels.fasttext_vectors import add_row, add_rows, aligned, copy_row, prefetch

DIMS = [1, 3, 15, 16, 17, 32, 100]


@njit
def _add_row(target_TN, t, rows_RN, r):
    add_row(target_TN, np.int64(t), rows_RN, np.int64(r))


@njit
def _copy_row(target_TN, t, rows_RN, r):
    copy_row(target_TN, np.int64(t), rows_RN, np.int64(r))


@njit
def _add_rows(target_TN, t, rows_RN, row_W, first, stop):
    add_rows(target_TN, np.int64(t), rows_RN, row_W, np.int64(first), np.int64(stop))


@njit
def _prefetch(array, i):
    prefetch(array, np.int64(i))


def some(rows: int, dim: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, dim)).astype(np.float32)


@pytest.mark.parametrize("dim", DIMS)
def test_one_row_is_added_or_copied_and_no_other_changes(dim):
    rows_RN = some(3, dim)
    rows_RN.flags.writeable = False
    before = some(4, dim, 1)
    target = before.copy()
    _add_row(target, 2, rows_RN, 1)
    expected = before.copy()
    expected[2] += rows_RN[1]
    np.testing.assert_array_equal(target, expected)
    _copy_row(target, 0, rows_RN, 2)
    expected[0] = rows_RN[2]
    np.testing.assert_array_equal(target, expected)


@pytest.mark.parametrize("dim", DIMS)
@given(numbers=st.lists(st.integers(0, 6), max_size=30), data=st.data())
def test_rows_are_added_in_their_order_to_the_bit(dim, numbers, data):
    first = data.draw(st.integers(0, len(numbers)))
    stop = data.draw(st.integers(first, len(numbers)))
    rows_RN, target = some(7, dim), some(3, dim, 1)
    expected = target.copy()
    for row in numbers[first:stop]:
        expected[1] += rows_RN[row]
    _add_rows(target, 1, rows_RN, np.array(numbers, np.int32), first, stop)
    np.testing.assert_array_equal(target, expected)


@pytest.mark.parametrize(("shape", "dtype"), [((5, 16), np.float32), ((3, 8), np.uint64), ((4, 2, 4), np.uint64)])
def test_a_first_row_begins_a_cache_line(shape, dtype):
    made = aligned(shape, dtype)
    assert (made.shape, made.dtype, made.ctypes.data % 64) == (shape, dtype, 0)
    made[:] = 1


def test_asking_for_memory_changes_none_of_it():
    array = np.arange(24).reshape(2, 3, 4)
    for i in (0, 1, 10**9):  # what is not there is not read
        _prefetch(array, i)
    assert array.ravel().tolist() == list(range(24))
