"""What became of the members of equal keys, given back to where they come from.

group files, by key -> answer files: each member of a group with the first of its group, by member

A group file holds keys of all shards; a shard asks for its own members. Some group files make one answer file, so that
a shard has few to open.
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

Int64 = npt.NDArray[np.int64]
GROUP_FILES = 16  # of 8 MiB of keys each: the members of one answer file fit in memory several times


@dataclass(frozen=True)
class AnswerTask:
    """Some group files, and the answer file that they make."""

    groups: tuple[str, ...]
    path: str


def answer_groups(engine: Engine, groups: Sequence[Path], *, folder: str, key: str, label: str) -> tuple[str, ...]:
    """Write the answer files of group files; return their paths."""
    tasks = []
    for start in range(0, len(groups), GROUP_FILES):
        name, some = f"{start // GROUP_FILES:06d}", groups[start : start + GROUP_FILES]
        payload = AnswerTask(tuple(map(str, some)), str(Path(folder, f"{name}.npy")))
        tasks.append(Task(name, sum(path.stat().st_size for path in some), payload))
    if len(tasks) == 1:  # starting a worker takes longer than the work
        Path(folder).mkdir(parents=True, exist_ok=True)
        write_answers(tasks[0].payload)
    else:
        engine.run_tasks(write_answers, tasks, sidecar_dir=folder, key=key, label=label)
    return tuple(task.payload.path for task in tasks)


def write_answers(task: AnswerTask) -> dict[str, Any]:
    """Write one answer file (.npy, int64, shape (2, M)): members, ascending, and the first member of their groups."""
    parts = [np.empty((2, 0), np.int64)]
    for path in task.groups:
        member_M, offsets_K1 = read_groups(path)
        parts.append(np.stack([member_M, np.repeat(member_M[offsets_K1[:-1]], np.diff(offsets_K1))]))
    rows = np.concatenate(parts, axis=1)
    save_array(task.path, rows[:, np.argsort(rows[0])])
    return {"members": rows.shape[1]}


def read_answers(paths: Sequence[str], start: int, stop: int) -> Int64:
    """The rows of all answer files whose members lie in [start, stop), by member: int64, shape (2, M)."""
    parts = [np.empty((2, 0), np.int64)]
    for path in paths:
        rows = np.load(path, mmap_mode="r")
        low, high = np.searchsorted(rows[0], [start, stop])
        parts.append(np.asarray(rows[:, low:high]))
    found = np.concatenate(parts, axis=1)
    return found[:, np.argsort(found[0])]
