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
from pipeline.stages.equal_keys import Int64, UInt64, read_groups
from pipeline.stages.keeper_rules import ranking

TASK_MEMBERS = 2**19
LOOKED_AT = 2000  # documents, about, whose nearest neighbour is looked for


@dataclass(frozen=True)
class Cast:
    """Who an ordinal stands for: documents of the run, then those of an index, then planted copies.

    Those of an index were decided by an earlier run and stay. Planted copies come last of all ranks, so that no
    document of the run goes or stays for their sake.
    """

    documents: int
    indexed: int = 0
    planted: int = 0

    @property
    def first_planted(self) -> int:
        return self.documents + self.indexed

    @property
    def rows(self) -> int:
        return self.documents + self.indexed + self.planted

    def act(self, ordinals: Ordinals) -> npt.NDArray[np.int8]:
        """0 for documents of an index, 1 for those of the run, 2 for planted ones."""
        guests = np.where(ordinals < self.first_planted, 0, 2)
        return np.where(ordinals < self.documents, 1, guests).astype(np.int8)


@dataclass(frozen=True)
class Nominated:
    """Whoever shares a bucket with another; `documents` and what follows leave planted copies out."""

    ordinals: Ordinals
    documents: int
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
    cast: Cast
    path: str

    @property
    def misses_path(self) -> str:
        return self.path.replace(".arrow", "-misses.arrow")


def nominate(group_files: Sequence[Path], cast: Cast) -> Nominated:
    """Everyone in a bucket with another. Candidate pairs count once per bucket that the pair shares."""
    is_nominated, is_counted = np.zeros(cast.rows, np.bool_), np.zeros(cast.rows, np.bool_)
    pairs, biggest = 0, 0
    for path in group_files:
        members, offsets = read_groups(path)
        is_nominated[members] = True
        counts = members < cast.first_planted
        sizes = np.add.reduceat(counts, offsets[:-1], dtype=np.int64) if members.size else np.empty(0, np.int64)
        is_counted[members[counts & np.repeat(sizes > 1, np.diff(offsets))]] = True
        pairs += int((sizes * (sizes - 1) // 2).sum())
        biggest = max(biggest, int(sizes.max(initial=0)))
    return Nominated(np.flatnonzero(is_nominated), int(is_counted.sum()), pairs, biggest)


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
    """Write the verdicts on some components, and their near misses; return how many comparisons were made and left
    out, and verified edges, all without those of planted copies.
    """
    from pipeline.kernels.keepers import NO_CONTAINMENT, Rule, Sets, near_duplicate_keepers

    stored = np.load(task.members_path, mmap_mode="r")[task.start : task.stop]
    bucket_M = np.cumsum(stored < 0) - 1
    docs, member_M = np.unique(np.where(stored < 0, ~stored, stored), return_inverse=True)
    nominated = np.load(task.nominated_path, mmap_mode="r")
    ordinals_D = nominated[docs]
    act_D = task.cast.act(ordinals_D)
    with tempfile.TemporaryFile(dir=Path(task.path).parent) as file:
        rank_RD, ends_D = _gather_sets(task.shingle_files, ordinals_D, len(ranking(task.config.prefer)), file)
        set_U = np.asarray(np.memmap(file, np.uint64, "r"))
        doc_R = np.lexsort([ordinals_D, *rank_RD[::-1], act_D])
        rank_D = np.argsort(doc_R)
        rank_M = rank_D[member_M]
        contained = task.config.min_containment
        found = near_duplicate_keepers(
            Sets(set_U, np.append(0, ends_D[:-1])[doc_R], ends_D[doc_R]),
            bucket_M[np.lexsort((bucket_M, rank_M))],
            np.append(0, np.cumsum(np.bincount(rank_M))),
            int(bucket_M[-1]) + 1,
            (_is_looked_at(ordinals_D, nominated.size) & (act_D == 1))[doc_R],
            Rule(
                min_jaccard=task.config.min_jaccard,
                min_containment=NO_CONTAINMENT if contained is None else contained,
                max_representatives=task.config.max_representatives,
                num_settled=int((act_D == 0).sum()),
                num_own=int((act_D < 2).sum()),
            ),
        )
    ordinals_R, is_own_R = ordinals_D[doc_R], act_D[doc_R] < 2
    _write_pairs(task.path, ordinals_R, found.keeper_R, found.jaccard_R)
    _write_pairs(task.misses_path, ordinals_R, found.nearest_R, found.nearest_jaccard_R)
    return {
        "comparisons": int(found.made_R[is_own_R].sum()),
        "comparisons_not_made": int(found.skipped_R[is_own_R].sum()),
        "verified_edges": int((found.keeper_R[is_own_R] >= 0).sum()),
    }


def _is_looked_at(ordinals_D: Ordinals, num_nominated: int) -> npt.NDArray[np.bool_]:
    """About LOOKED_AT of all nominated documents, whatever task they are in (Fibonacci hashing, Knuth 6.4)."""
    hashed = ordinals_D.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    share = min(1.0, LOOKED_AT / max(1, num_nominated))
    return (hashed >> np.uint64(11)).astype(np.float64) < share * 2.0**53


def _write_pairs(path: str, ordinals_R: Ordinals, other_R: Int64, jaccard_R: npt.NDArray[np.float64]) -> None:
    """Rows of VERDICT for each document that has another, by its rank."""
    has = np.flatnonzero(other_R >= 0)
    columns = [ordinals_R[has], ordinals_R[other_R[has]], jaccard_R[has]]
    write_verdicts(path, pa.Table.from_arrays([pa.array(c) for c in columns], schema=VERDICT))


def read_pairs(path: str) -> pa.Table:
    """The rows of VERDICT that `decide` wrote."""
    with pa.memory_map(path) as source:
        return pa.ipc.open_file(source).read_all()


def _gather_sets(
    files: Sequence[ShingleFile], ordinals_D: Ordinals, num_ranks: int, out: IO[bytes]
) -> tuple[UInt64, Int64]:
    """Write the shingle sets of `ordinals_D`, which ascend, end to end; return (rank_RD, end of each set).

    Guests have no rank; they are told apart by what they are.
    """
    ranks: list[UInt64] = []
    sizes: list[Int64] = []
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
        rank_RD = np.zeros((num_ranks, rows.size), np.uint64)
        for name, row_D in zip((f"rank_{i}" for i in range(num_ranks)), rank_RD, strict=True):
            if name in taken.column_names:
                row_D[:] = taken.column(name).to_numpy()
        ranks.append(rank_RD)
        sizes.append(pc.list_value_length(taken.column("shingles")).to_numpy())
    out.flush()
    return np.concatenate(ranks, axis=1), np.cumsum(np.concatenate(sizes))
