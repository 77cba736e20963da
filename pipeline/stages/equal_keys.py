"""Members that share a key, found with Beam's GroupByKey over ranges of keys.

key files, one per shard -> blocks of bytes by range -> GroupByKey -> one file of groups per range

Beam holds what it groups in memory, so only blocks of numbers go through it, and about `shuffle_bytes` at most in one
pipeline: what is more runs in passes, each over its own ranges. Ranges and passes follow from the number of rows alone;
the first key column must be spread evenly, as hashes are.

A key file (.npy, uint64, shape (C, N)) has columns of key, ascending by the first, then columns of rank, if any, and
the members as its last: ordinals, or whatever whole number below 2**63 stands for them.
A group file (.npy, int64) has the number of groups, their sizes, then the members of each by rank, then by number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import apache_beam as beam
import numpy as np
import numpy.typing as npt

from pipeline.io.commit import atomic_path, read_json, write_json
from pipeline.stages.engine import Engine

Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]
RANGE_BYTES = 8 * 2**20
BLOCK_ROWS = 2**17


@dataclass(frozen=True)
class KeyRanges:
    """`total` equal ranges of the first key column, of which `wanted` are to be grouped into files in `folder`."""

    total: int
    wanted: tuple[int, ...]
    columns: int
    rank_columns: int
    folder: str
    key: str

    def path(self, index: int) -> Path:
        """The group file of one range; its sidecar stands beside it."""
        return Path(self.folder, f"{index:06d}.npy")

    def first_key(self, index: int) -> int:
        """The least key of a range."""
        return -(-index * 2**64 // self.total)


def save_array(path: str | Path, array: npt.NDArray[np.generic]) -> None:
    """Write one array as .npy, atomically."""
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.save(file, array)


def write_keys(path: str | Path, columns: Sequence[UInt64], members: Int64) -> None:
    """Write a key file; row i of the columns, of key first and of rank behind, is that of members[i]."""
    order = np.argsort(columns[0])
    save_array(path, np.stack([*(column[order] for column in columns), members[order].astype(np.uint64)]))


def read_groups(path: str | Path) -> tuple[Int64, Int64]:
    """(member_M, offsets_K1) of a group file, mapped: group k is member_M[offsets_K1[k]:offsets_K1[k + 1]]."""
    stored = np.load(path, mmap_mode="r")
    num_groups = int(stored[0])
    return stored[1 + num_groups :], np.concatenate([[0], np.cumsum(stored[1 : 1 + num_groups])])


def group_equal_keys(
    engine: Engine,
    key_files: Sequence[str],
    *,
    rows: int,
    columns: int,
    rank_columns: int = 0,
    folder: str,
    key: str,
    label: str,
) -> list[Path]:
    """The group files of all ranges in order: groups of two or more members that share a key.

    `rows` counts the rows of all key files, `columns` all their columns, `rank_columns` those before the last that only
    order the members of a group. Ranges whose file is there under `key` are not grouped again.
    """
    row_bytes, most = columns * 8, engine.config.shuffle_bytes
    passes = max(1, -(-rows * row_bytes // most))
    per_pass = max(1, -(-min(rows * row_bytes, most) // RANGE_BYTES))
    total = passes * per_pass
    plan_key = f"{key} {total}"
    for first in range(0, total, per_pass):
        plan = KeyRanges(total, tuple(range(first, first + per_pass)), columns, rank_columns, folder, plan_key)
        todo = tuple(i for i in plan.wanted if read_json(plan.path(i).with_suffix(".json")) != {"key": plan_key})
        if todo:
            Path(folder).mkdir(parents=True, exist_ok=True)
            _run_pass(engine, key_files, replace(plan, wanted=todo), label)
    return [plan.path(i) for i in range(total)]


def _run_pass(engine: Engine, key_files: Sequence[str], plan: KeyRanges, label: str) -> None:
    def build(root: beam.Pipeline) -> beam.PCollection:
        blocks = root | beam.Create(list(key_files)) | beam.Reshuffle() | GatherBlocks(plan)
        return blocks | beam.GroupByKey() | beam.Map(_write_groups, plan).with_output_types(int)

    for index in plan.wanted:
        plan.path(index).unlink(missing_ok=True)
    engine.run_pipeline(build, label=label)
    for index in plan.wanted:
        if not plan.path(index).exists():  # a range that no key falls into never reaches a worker
            _write_groups((index, []), plan)


class GatherBlocks(beam.PTransform):
    """Paths of key files -> (range, rows of it as bytes). Typed, because Beam would pickle what it does not know."""

    def __init__(self, plan: KeyRanges) -> None:
        super().__init__()
        self._plan = plan

    def expand(self, paths: beam.PCollection) -> beam.PCollection:
        return paths | beam.FlatMap(_blocks, self._plan).with_output_types(tuple[int, bytes])


def _blocks(path: str, plan: KeyRanges) -> Iterator[tuple[int, bytes]]:
    keys = np.load(path, mmap_mode="r")
    for index in plan.wanted:
        start, stop = (_row_of(keys[0], plan, i) for i in (index, index + 1))
        for at in range(start, stop, BLOCK_ROWS):
            yield index, keys[:, at : min(at + BLOCK_ROWS, stop)].tobytes()


def _row_of(first_column: UInt64, plan: KeyRanges, index: int) -> int:
    if index == plan.total:
        return first_column.size
    return int(np.searchsorted(first_column, np.uint64(plan.first_key(index))))


def _write_groups(element: tuple[int, Iterable[bytes]], plan: KeyRanges) -> int:
    """Write the group file of one range, then its sidecar. Blocks come in any order: what is shared is sorted."""
    index, blocks = element
    parts = [np.frombuffer(block, np.uint64).reshape(plan.columns, -1) for block in blocks]
    rows = np.concatenate([np.empty((plan.columns, 0), np.uint64), *parts], axis=1)
    rows = rows[:, _repeated(rows[0])]
    rows = rows[:, np.lexsort(rows[::-1])]
    begins = np.ones(rows.shape[1], np.bool_)
    keys = rows[: plan.columns - 1 - plan.rank_columns]
    begins[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    sizes = np.diff(np.append(np.flatnonzero(begins), begins.size))
    shared = sizes > 1
    members = rows[-1][np.repeat(shared, sizes)]
    stored = np.concatenate([[shared.sum()], sizes[shared], members.astype(np.int64)])
    save_array(plan.path(index), stored.astype(np.int64))
    write_json(plan.path(index).with_suffix(".json"), {"key": plan.key})
    return index


def _repeated(key_N: UInt64) -> Int64:
    """Rows whose key another row has too, in no order. Most have none: sorting them by all columns took longest."""
    order = np.argsort(key_N)
    ordered = key_N[order]
    is_next = ordered[1:] == ordered[:-1]
    shared = np.zeros(key_N.size, np.bool_)
    shared[1:] = is_next
    shared[:-1] |= is_next
    return order[shared]
