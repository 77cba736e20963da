"""What a de-duplication takes from whom: losses per source group, duplicates per keeper, and the tripwires on both.

A *source group* is the sources whose names differ in digits only: parts of one data set. The first pass over each shard
leaves a tally file (.npy, int64, shape (2, N)): source group and bytes of text of each row of the shard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import Tripwires
from pipeline.errors import RunFailedError
from pipeline.io.dataset import Documents, Ordinals, Shard
from pipeline.stages.equal_keys import save_array

MAX_LISTED = 1000  # source groups that a manifest names
TALLY_COLUMNS = ("source", "text")
Int64 = npt.NDArray[np.int64]


@dataclass
class Losses:
    """Documents and bytes of text of one source group, before, and what of them went."""

    documents: int = 0
    bytes: int = 0
    removed_documents: int = 0
    removed_bytes: int = 0

    @property
    def share(self) -> float:
        """The larger of the shares lost, of documents and of bytes."""
        return max(self.removed_documents / max(1, self.documents), self.removed_bytes / max(1, self.bytes))


class ShardTally:
    """Collects source group and bytes of the documents of one shard; rows that never come count nothing."""

    def __init__(self, shard: Shard) -> None:
        self._first = shard.first_ordinal
        self._rows_2N = np.zeros((2, shard.rows), np.int64)
        self._rows_2N[0] = -1
        self._groups: dict[str, int] = {}

    def add(self, batch: pa.RecordBatch, ordinals: Ordinals) -> None:
        """Take the rows of `batch`, which has TALLY_COLUMNS."""
        coded = batch.column("source").dictionary_encode()
        names = pc.replace_substring_regex(coded.dictionary, r"\d+", "#").to_pylist()  # a few per batch
        codes = np.array([self._groups.setdefault(name, len(self._groups)) for name in names], np.int64)
        at = ordinals - self._first
        self._rows_2N[0, at] = codes[coded.indices.to_numpy()]
        self._rows_2N[1, at] = pc.binary_length(batch.column("text")).to_numpy()

    def save(self, path: str | Path) -> list[str]:
        """Write the tally file; the names of its source groups come back, for the task's result."""
        save_array(path, self._rows_2N)
        return list(self._groups)


def losses(documents: Documents, tallies: Sequence[tuple[str, Sequence[str]]], removed: Ordinals) -> dict[str, Losses]:
    """Losses of each source group, by name. `tallies`: (file, group names) of each shard; `removed` ascends."""
    found: dict[str, Losses] = {}
    for shard, (path, names) in zip(documents.shards, tallies, strict=True):
        group_N, bytes_N = np.load(path, mmap_mode="r")
        low, high = np.searchsorted(removed, [shard.first_ordinal, shard.first_ordinal + shard.rows])
        all_G = _sums(group_N, bytes_N, len(names))
        gone = removed[low:high] - shard.first_ordinal
        gone_G = _sums(group_N[gone], bytes_N[gone], len(names))
        for i, name in enumerate(names):
            sums = found.setdefault(name, Losses())
            sums.documents += all_G[0][i]
            sums.bytes += all_G[1][i]
            sums.removed_documents += gone_G[0][i]
            sums.removed_bytes += gone_G[1][i]
    return dict(sorted(found.items()))


def _sums(group_N: Int64, bytes_N: Int64, num_groups: int) -> tuple[list[int], list[int]]:
    """(documents, bytes) of each group; rows that never came are of none."""
    came = group_N >= 0
    documents = np.bincount(group_N[came], minlength=num_groups)
    sizes = np.bincount(group_N[came], bytes_N[came], num_groups)  # exact below 2**53
    return documents.tolist(), sizes.astype(np.int64).tolist()


def tally_result(found: Mapping[str, Losses], keepers: Ordinals) -> dict[str, Any]:
    """What the manifest tells: `sources` that lost something, most first, and how crowded keepers are.

    duplicates_per_keeper: {"1": n, "2-3": n, "4-7": n, ...}. most_duplicates: of one keeper.
    """
    ordered = sorted(found.items(), key=lambda item: (-item[1].removed_bytes, item[0]))
    listed = [(name, one) for name, one in ordered if one.removed_documents or one.removed_bytes][:MAX_LISTED]
    _, counts_K = np.unique(keepers, return_counts=True)
    doublings, keepers_H = np.unique(np.log2(counts_K).astype(np.int64), return_counts=True)
    bins = {_bin_name(int(i)): int(n) for i, n in zip(doublings, keepers_H, strict=True)}
    return {
        "sources": {name: vars(one) for name, one in listed},
        "duplicates_per_keeper": bins,
        "most_duplicates": int(counts_K.max(initial=0)),
    }


def _bin_name(doubling: int) -> str:
    return "1" if doubling == 0 else f"{2**doubling}-{2 ** (doubling + 1) - 1}"


def tripped(job: str, tripwires: Tripwires, found: Mapping[str, Losses], most_duplicates: int) -> list[str]:
    """Warnings in words; raises RunFailedError instead where the recipe says `stop`."""
    warnings = []
    limit, floor = tripwires.max_source_share, tripwires.min_source_documents
    for name, one in found.items():
        if limit is not None and one.documents >= floor and one.share > limit:
            warnings.append(
                f"{job}: source {name} would lose {one.removed_documents:,} of {one.documents:,} documents and "
                f"{one.removed_bytes:,} of {one.bytes:,} bytes, more than {limit:g} of it (tripwires.max_source_share)"
            )
    most = tripwires.max_duplicates_per_keeper
    if most is not None and most_duplicates > most:
        warnings.append(
            f"{job}: one document stands for {most_duplicates:,} others, more than {most:,} "
            "(tripwires.max_duplicates_per_keeper); see duplicates/ for which"
        )
    if warnings and tripwires.action == "stop":
        raise RunFailedError(
            f"{'; '.join(warnings)}. Nothing was removed. Look at these documents, then raise the limit, make the "
            "stage stricter, or say `tripwires: {action: warn}`"
        )
    return warnings
