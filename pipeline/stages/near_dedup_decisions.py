"""Near-duplicate removal, the decisions: which candidates are duplicates, and which document stays.

A document is decided by better-ranked documents of its own buckets only. Documents joined by shared buckets, directly
or through others, form a component; components do not bear on each other, so each is decided on its own, by the very
procedure that defines the result, and any number of workers comes to the same end.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import NearDedupConfig
from pipeline.io.dataset import VERDICT, Ordinals, write_verdicts
from pipeline.stages.equal_keys import Int64, read_groups

TASK_MEMBERS = 2**19


@dataclass(frozen=True)
class Nominated:
    """Documents that share a bucket with another, and what the buckets look like."""

    ordinals: Ordinals
    candidate_pairs: int
    biggest_bucket: int


@dataclass(frozen=True)
class ShingleFile:
    """Shingle sets of one shard's nominated documents."""

    path: str
    first_ordinal: int
    rows: int


@dataclass(frozen=True)
class DecisionTask:
    """Some components: members [start, stop) of the member file, and where to look up what they are."""

    members_path: str
    start: int
    stop: int
    nominated_path: str
    shingle_files: tuple[ShingleFile, ...]
    config: NearDedupConfig
    path: str


def nominate(group_files: Sequence[Path], num_docs: int) -> Nominated:
    """Every document that is in a bucket with another. Candidate pairs count once per bucket that the pair shares."""
    is_nominated = np.zeros(num_docs, np.bool_)
    pairs, biggest = 0, 0
    for path in group_files:
        members, offsets = read_groups(path)
        is_nominated[members] = True
        sizes = np.diff(offsets)
        pairs += int((sizes * (sizes - 1) // 2).sum())
        biggest = max(biggest, int(sizes.max(initial=0)))
    return Nominated(np.flatnonzero(is_nominated), pairs, biggest)


def split_components(group_files: Sequence[Path], nominated: Ordinals, members_path: Path) -> list[tuple[int, int]]:
    """Write the members of all buckets, whole components together, and return the range of each task in that file.

    Members are positions in `nominated`; the first of each bucket stands as its bitwise complement, which is negative.
    A task takes components, in order of their first document, until it has about TASK_MEMBERS members.
    """
    from pipeline.kernels.components import component_roots, join_members

    parent_N = np.arange(nominated.size)
    members_N = np.zeros(nominated.size, np.int64)
    for path in group_files:
        members, offsets = read_groups(path)
        positions = np.searchsorted(nominated, members)
        join_members(parent_N, positions, offsets)
        np.add.at(members_N, positions, 1)
    task_N, sizes_T = _deal(component_roots(parent_N), members_N)
    ends_T = np.cumsum(sizes_T)
    if nominated.size:
        _write_members(group_files, nominated, task_N, ends_T - sizes_T, members_path)
    return list(zip((ends_T - sizes_T).tolist(), ends_T.tolist(), strict=True))


def _deal(root_N: Int64, members_N: Int64) -> tuple[Int64, Int64]:
    """(task of each document, members in each task)."""
    weight_N = np.bincount(root_N, members_N, root_N.size).astype(np.int64)  # of a component, at its root
    before_N = np.cumsum(weight_N) - weight_N
    _, task_N = np.unique((before_N // TASK_MEMBERS)[root_N], return_inverse=True)
    return task_N, np.bincount(task_N, members_N).astype(np.int64)


def _write_members(
    group_files: Sequence[Path], nominated: Ordinals, task_N: Int64, starts_T: Int64, members_path: Path
) -> None:
    """File each bucket under its task, one group file at a time; every task has its own place in the output."""
    total = sum(read_groups(path)[0].size for path in group_files)
    stored = np.lib.format.open_memmap(members_path, mode="w+", dtype=np.int64, shape=(total,))
    cursor_T = starts_T.copy()
    for path in group_files:
        members, offsets = read_groups(path)
        positions = np.searchsorted(nominated, members)
        tasks = task_N[positions]
        positions[offsets[:-1]] = ~positions[offsets[:-1]]
        order = np.argsort(tasks, kind="stable")
        present, counts = np.unique(tasks, return_counts=True)
        for task, part in zip(present, np.split(positions[order], np.cumsum(counts))[:-1], strict=True):
            stored[cursor_T[task] : cursor_T[task] + part.size] = part
            cursor_T[task] += part.size
    stored.flush()


def decide(task: DecisionTask) -> dict[str, Any]:
    """Write the verdicts on some components; return how many comparisons were made and left out, and verified edges."""
    from pipeline.kernels.keepers import near_duplicate_keepers

    stored = np.load(task.members_path, mmap_mode="r")[task.start : task.stop]
    bucket_M = np.cumsum(stored < 0) - 1
    docs, member_M = np.unique(np.where(stored < 0, ~stored, stored), return_inverse=True)
    ordinals_D = np.load(task.nominated_path, mmap_mode="r")[docs]
    with tempfile.TemporaryFile(dir=Path(task.path).parent) as file:
        chars_D, ends_D = _gather_sets(task.shingle_files, ordinals_D, file)
        set_U = np.asarray(np.memmap(file, np.uint64, "r"))
        doc_R = rank_order(task.config.prefer, chars_D, ordinals_D)
        rank_D = np.argsort(doc_R)
        rank_M = rank_D[member_M]
        keeper_R, jaccard_R, made_R, skipped_R = near_duplicate_keepers(
            set_U,
            np.append(0, ends_D[:-1])[doc_R],
            ends_D[doc_R],
            bucket_M[np.lexsort((bucket_M, rank_M))],
            np.append(0, np.cumsum(np.bincount(rank_M))),
            np.bincount(bucket_M),
            task.config.min_jaccard,
            task.config.max_representatives,
        )
    gone = np.flatnonzero(keeper_R >= 0)
    columns = [ordinals_D[doc_R[gone]], ordinals_D[doc_R[keeper_R[gone]]], jaccard_R[gone]]
    write_verdicts(task.path, pa.Table.from_arrays([pa.array(c) for c in columns], schema=VERDICT))
    return {
        "comparisons": int(made_R.sum()),
        "comparisons_not_made": int(skipped_R.sum()),
        "verified_edges": gone.size,
    }


def read_decisions(task: DecisionTask) -> pa.Table:
    """The rows of VERDICT that `decide` wrote."""
    with pa.memory_map(task.path) as source:
        return pa.ipc.open_file(source).read_all()


def rank_order(prefer: Sequence[str], chars_D: Int64, ordinals_D: Ordinals) -> Int64:
    """Documents by the keeper rules, best first; ties go to the first."""
    keys = {"longest": -chars_D, "first": ordinals_D}
    return np.lexsort([ordinals_D, *(keys[rule] for rule in reversed(prefer))])


def _gather_sets(files: Sequence[ShingleFile], ordinals_D: Ordinals, out: IO[bytes]) -> tuple[Int64, Int64]:
    """Write the shingle sets of `ordinals_D`, which ascend, end to end; return (characters, end of the set) of each."""
    chars: list[npt.NDArray[np.int64]] = []
    sizes: list[npt.NDArray[np.int64]] = []
    for file in files:
        low, high = np.searchsorted(ordinals_D, [file.first_ordinal, file.first_ordinal + file.rows])
        if low == high:
            continue
        with pa.memory_map(file.path) as source:
            table = pa.ipc.open_file(source).read_all()
        rows = np.searchsorted(table.column("ordinal").to_numpy(), ordinals_D[low:high])
        taken = table.take(pa.array(rows))
        for chunk in taken.column("shingles").chunks:
            out.write(chunk.flatten().to_numpy())
        chars.append(taken.column("chars").to_numpy())
        sizes.append(pc.list_value_length(taken.column("shingles")).to_numpy())
    out.flush()
    return np.concatenate(chars), np.cumsum(np.concatenate(sizes))
