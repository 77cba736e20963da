"""What all shards together know of a unit, given back to each that has it.

group files, by key -> answer files: each member with what is known of its key, by member
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.stages.engine import Engine, Task
from pipeline.stages.equal_keys import read_groups, save_array
from pipeline.stages.group_answers import GROUP_FILES
from pipeline.stages.line_dedup_units import COUNT, DOCUMENTS, MEMBER_BITS, PLACE

Int64 = npt.NDArray[np.int64]
ANSWER_ROWS = 4  # member, then what is known


@dataclass(frozen=True)
class SumTask:
    """Some group files, what each shard knows, and the answer file they make (.npy, int64, shape (4, M))."""

    groups: tuple[str, ...]
    known: tuple[str, ...]
    path: str


def sum_groups(
    engine: Engine, groups: Sequence[Path], known: Sequence[str], *, folder: str, key: str
) -> tuple[str, ...]:
    """Write the answer files of group files; return their paths."""
    tasks = []
    for start in range(0, len(groups), GROUP_FILES):
        name, some = f"{start // GROUP_FILES:06d}", groups[start : start + GROUP_FILES]
        payload = SumTask(tuple(map(str, some)), tuple(known), str(Path(folder, f"{name}.npy")))
        tasks.append(Task(name, sum(path.stat().st_size for path in some), payload))
    engine.run_tasks(write_sums, tasks, sidecar_dir=folder, key=key, label="line_dedup: sums")
    return tuple(task.payload.path for task in tasks)


def write_sums(task: SumTask) -> dict[str, Any]:
    """Write one answer file: each member, ascending, with its group's best place, places and documents."""
    parts = [np.empty((ANSWER_ROWS, 0), np.int64)]
    for path in task.groups:
        member_M, offsets_K1 = read_groups(path)
        known = _known(task.known, np.asarray(member_M))
        sizes, starts = np.diff(offsets_K1), offsets_K1[:-1]
        if starts.size:
            best, count = known[PLACE][starts], np.add.reduceat(known[COUNT], starts)
            documents = np.add.reduceat(known[DOCUMENTS], starts)
            parts.append(np.stack([member_M, *(np.repeat(values, sizes) for values in (best, count, documents))]))
    rows = np.concatenate(parts, axis=1)
    save_array(task.path, rows[:, np.argsort(rows[0])])
    return {"members": rows.shape[1]}


def _known(paths: Sequence[str], member_M: Int64) -> Int64:
    """What the shards know of these members: int64, shape (3, M)."""
    shard_M, number_M = member_M >> MEMBER_BITS, member_M & (2**MEMBER_BITS - 1)
    known = np.empty((ANSWER_ROWS - 1, member_M.size), np.int64)
    order = np.argsort(shard_M, kind="stable")
    for shard, few in zip(*_runs(shard_M[order], order), strict=True):
        known[:, few] = np.load(paths[shard], mmap_mode="r")[:, number_M[few]]
    return known


def _runs(sorted_M: Int64, order: Int64) -> tuple[list[int], list[Int64]]:
    values, starts = np.unique(sorted_M, return_index=True)
    return values.tolist(), np.split(order, starts[1:]) if values.size else []


def read_sums(paths: Sequence[str], shard: int) -> Int64:
    """The rows of all answer files that are about one shard's members, which become numbers of its distinct units."""
    parts = [np.empty((ANSWER_ROWS, 0), np.int64)]
    for path in paths:
        rows = np.load(path, mmap_mode="r")
        low, high = np.searchsorted(rows[0], [shard << MEMBER_BITS, (shard + 1) << MEMBER_BITS])
        parts.append(np.asarray(rows[:, low:high]))
    found = np.concatenate(parts, axis=1)
    found[0] &= 2**MEMBER_BITS - 1
    return found
