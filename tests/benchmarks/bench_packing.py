"""Packing speed and fill, beside TRL's `bfd` where TRL can be imported.

    pytest tests/benchmarks/bench_packing.py -m bench -s

Documents have log-normal lengths (median 400 tokens, cut at the row). TRL's figure holds the gathering of tokens, so
ours is given with and without it. TRL is no dependency: `pip install --no-deps --target DIR trl`, then PYTHONPATH=DIR.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from pipeline.kernels.packing import assign_pieces, mix64, plan_rows, run_indices
from pipeline.kernels.runs import copy_runs

pytestmark = pytest.mark.bench
ROUNDS = 5
Ints = npt.NDArray[np.int64]


def lengths(count: int, context_len: int) -> Ints:
    """Log-normal lengths, as documents of the web have."""
    drawn = np.random.default_rng(3).lognormal(6, 1, count)
    return np.clip(drawn, 1, context_len).astype(np.int64)


def seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Median of several runs."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return median(taken)


def ours(length_S: Ints, context_len: int) -> tuple[Ints, int]:
    """Pieces in the order of their rows, and the number of rows."""
    key_S = mix64(np.arange(length_S.size, dtype=np.uint64))
    plan = plan_rows(np.bincount(length_S), context_len)
    return assign_pieces(plan, length_S, key_S, seed=0).order_S, plan.num_rows


def gathered(length_S: Ints, context_len: int, tokens_T: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The same, with every row's tokens."""
    order_S, _ = ours(length_S, context_len)
    start_S = np.cumsum(length_S) - length_S
    from_S, taken_S = start_S[order_S], length_S[order_S]
    into = np.empty_like(tokens_T)
    copy_runs(tokens_T, from_S, taken_S, into, np.cumsum(taken_S) - taken_S)
    return into


def test_copied_runs_beat_indexing():
    length_S = lengths(100_000, 2048)
    tokens_T = np.arange(length_S.sum(), dtype=np.int32)
    start_S = np.cumsum(length_S) - length_S
    order_S, _ = ours(length_S, 2048)
    indexed = seconds(lambda: tokens_T[run_indices(start_S[order_S], length_S[order_S])])
    gathered(length_S, 2048, tokens_T)
    copied = seconds(lambda: gathered(length_S, 2048, tokens_T)) - seconds(lambda: ours(length_S, 2048))
    for what, taken in (("indexed", indexed), ("copied", copied)):
        print(
            f"\ngather, {what:<20}{tokens_T.size:>12,} tokens{taken:>9.3f} s{tokens_T.size / taken / 1e6:>8.0f} M/s",
            end="",
        )
    print()
    assert copied < indexed


def show(what: str, length_S: Ints, context_len: int, num_rows: int, taken: float) -> float:
    """Print one line; sequences per second."""
    speed = length_S.size / taken
    fill = length_S.sum() / (num_rows * context_len)
    print(f"{what:<28}{context_len:>7}{length_S.size:>12,}{taken:>9.3f} s{speed:>14,.0f}/s   fill {fill:.3%}")
    return speed


@pytest.mark.parametrize("context_len", [2048, 8192])
def test_plan_and_assignment(context_len):
    print()
    for count in (1_000_000, 4_000_000):
        length_S = lengths(count, context_len)
        _, num_rows = ours(length_S, context_len)
        counts = np.bincount(length_S)
        planned = seconds(lambda counts=counts: plan_rows(counts, context_len))
        show("plan", length_S, context_len, num_rows, planned)
        taken = seconds(lambda length_S=length_S: ours(length_S, context_len))
        show("plan and assignment", length_S, context_len, num_rows, taken)
        if context_len == 2048:
            assert length_S.sum() / (num_rows * context_len) >= 0.999


@pytest.mark.parametrize("context_len", [2048, 8192])
@pytest.mark.skipif(find_spec("trl") is None, reason="needs TRL on PYTHONPATH")
def test_beside_trl(context_len):
    import datasets
    from trl.data_utils import pack_dataset

    datasets.disable_progress_bars()
    datasets.disable_caching()
    length_S = lengths(100_000, context_len)
    tokens_T = np.arange(length_S.sum(), dtype=np.int32)
    bounds = pa.array(np.concatenate([[0], np.cumsum(length_S)]).astype(np.int32))
    table = pa.table({"input_ids": pa.ListArray.from_arrays(bounds, pa.array(tokens_T))})
    packed = []
    theirs = seconds(lambda: packed.append(len(pack_dataset(datasets.Dataset(table), context_len, "bfd"))), rounds=3)
    print()
    base = show("TRL bfd (gathers)", length_S, context_len, packed[0], theirs)
    _, num_rows = ours(length_S, context_len)
    for what, work in (
        ("plan and assignment", lambda: ours(length_S, context_len)),
        ("with gathering", lambda: gathered(length_S, context_len, tokens_T)),
    ):
        speed = show(what, length_S, context_len, num_rows, seconds(work))
        print(f"{'':<28}{speed / base:.1f} x TRL")
