"""Members that share a key, found range by range of the keys.

key files, one per shard -> what each of them has of a range -> one file of groups per range

Every key file is sorted, so what it has of a range is one slice of it, and whoever groups a range reads these slices:
nothing but paths goes through Beam, whose GroupByKey would hold all keys in the parent process, four bytes for each of
theirs. How many ranges there are follows from the number of rows alone; the first key column must be spread evenly, as
hashes are.

A key file (.npy, uint64, shape (C, N)) has columns of key, ascending by the first, then columns of rank, if any, and
the members as its last: ordinals, or whatever whole number below 2**63 stands for them.
A group file (.npy, int64) has the number of groups, their sizes, then the members of each by rank, then by number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.io.commit import atomic_path, read_json, write_json
from pipeline.stages.engine import Engine, Task

Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]
RANGE_BYTES = 8 * 2**20  # of rows; sorting them takes about five times as much


@dataclass(frozen=True)
class RangeTask:
    """Ranges [start, stop) of `total` equal ones of the first key column, to be grouped into files in `folder`."""

    start: int
    stop: int
    total: int
    columns: int
    rank_columns: int
    inputs_path: str  # JSON: the paths of all key files, too many to give to every task
    folder: str

    def path(self, index: int) -> Path:
        """The group file of one range."""
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
    order the members of a group. A task takes on about `shuffle_bytes` of rows, range by range; tasks whose sidecars
    are there under `key` are not run again. A single task is run here: starting a worker takes longer than its work.
    """
    range_bytes = min(RANGE_BYTES, engine.config.shuffle_bytes)
    total = max(1, -(-rows * columns * 8 // range_bytes))
    per_task, inputs_path = engine.config.shuffle_bytes // range_bytes, str(Path(folder, "inputs.json"))
    write_json(inputs_path, list(key_files))
    payloads = [
        RangeTask(start, min(start + per_task, total), total, columns, rank_columns, inputs_path, folder)
        for start in range(0, total, per_task)
    ]
    if len(payloads) == 1:
        write_groups(payloads[0])
    else:
        tasks = [Task(f"{p.start:06d}", (p.stop - p.start) * range_bytes, p) for p in payloads]
        engine.run_tasks(write_groups, tasks, sidecar_dir=folder, key=f"{key} {total} ranges", label=label)
    return [p.path(i) for p in payloads for i in range(p.start, p.stop)]


def write_groups(task: RangeTask) -> dict[str, Any]:
    """Write the group files of some ranges; return how many rows were looked at."""
    key_files, num_rows = read_json(task.inputs_path), 0
    for index in range(task.start, task.stop):
        parts = [_rows_of_range(path, task, index) for path in key_files]
        rows = np.concatenate([np.empty((task.columns, 0), np.uint64), *parts], axis=1)
        num_rows += rows.shape[1]
        save_array(task.path(index), _groups(rows, task.columns - 1 - task.rank_columns))
    return {"rows": num_rows}


def _rows_of_range(path: str, task: RangeTask, index: int) -> UInt64:
    """What a key file has of a range, copied, so that the file does not stay mapped."""
    keys = np.load(path, mmap_mode="r")
    start, stop = (
        keys.shape[1] if i == task.total else int(np.searchsorted(keys[0], np.uint64(task.first_key(i))))
        for i in (index, index + 1)
    )
    return np.array(keys[:, start:stop])


def _groups(rows: UInt64, key_columns: int) -> Int64:
    """The contents of a group file."""
    rows = rows[:, _repeated(rows[0])]
    rows = rows[:, np.lexsort(rows[::-1])]
    begins = np.ones(rows.shape[1], np.bool_)
    keys = rows[:key_columns]
    begins[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    sizes = np.diff(np.append(np.flatnonzero(begins), begins.size))
    shared = sizes > 1
    members = rows[-1][np.repeat(shared, sizes)]
    return np.concatenate([[shared.sum()], sizes[shared], members.astype(np.int64)]).astype(np.int64)


def _repeated(key_N: UInt64) -> Int64:
    """Rows whose key another row has too, in no order. Most have none: sorting them by all columns took longest."""
    order = np.argsort(key_N)
    ordered = key_N[order]
    is_next = ordered[1:] == ordered[:-1]
    shared = np.zeros(key_N.size, np.bool_)
    shared[1:] = is_next
    shared[:-1] |= is_next
    return order[shared]
