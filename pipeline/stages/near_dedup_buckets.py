"""Near-duplicate removal, the first reading: LSH buckets of a shard's documents, and of copies planted among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.config import NearDedupConfig
from pipeline.io.dataset import Ordinals, Shard, read_shard
from pipeline.stages.equal_keys import write_keys
from pipeline.stages.near_dedup_planted import Planter, Plants
from pipeline.stages.near_dedup_shingles import shingled
from pipeline.stages.tally import TALLY_COLUMNS, ShardTally


@dataclass(frozen=True)
class BucketTask:
    """One shard, where the buckets of its documents go, and which of them to copy."""

    shard: Shard
    verdicts: tuple[str, ...]
    config: NearDedupConfig
    path: str
    plants: Plants | None = None

    @property
    def tally_path(self) -> str:
        return self.path.replace(".npy", "-tally.npy")


class _Buckets:
    """Rows of a key file, a document and band each. A document without words has no shingles: it is in no bucket."""

    def __init__(self, config: NearDedupConfig) -> None:
        from pipeline.kernels.minhash import permutations

        self._config = config
        self._functions = permutations(config.num_bands * config.rows_per_band)
        self._buckets, self._ordinals = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]

    def add(self, texts: pa.StringArray, ordinals: Ordinals) -> None:
        from pipeline.kernels.minhash import bucket_hashes, minhash_signatures

        bands = self._config.num_bands
        for rows, shingle_S, offsets_D1 in shingled(texts, self._config):
            has_shingles = np.diff(offsets_D1) > 0
            signature_DP = minhash_signatures(shingle_S, offsets_D1, *self._functions)
            self._buckets.append(bucket_hashes(signature_DP, bands)[has_shingles].ravel())
            self._ordinals.append(np.repeat(ordinals[rows][has_shingles], bands))

    def save(self, path: str) -> int:
        bucket_N = np.concatenate(self._buckets)
        write_keys(path, [bucket_N], np.concatenate(self._ordinals))
        return bucket_N.size


def write_buckets(task: BucketTask) -> dict[str, Any]:
    """Write the key file of one shard, its tally, and copies of the documents that `plants` names, if any.

    Returns documents (without copies), rows of the key file, groups of sources, similarities of copies.
    """
    buckets, tally, num_docs = _Buckets(task.config), ShardTally(task.shard), 0
    planter = Planter(task.plants, task.config) if task.plants else None
    for batch, ordinals in read_shard(task.shard, task.verdicts, TALLY_COLUMNS):
        num_docs += batch.num_rows
        tally.add(batch, ordinals)
        buckets.add(batch.column("text"), ordinals)
        if planter:
            planter.add(batch.column("text"), ordinals)
    result: dict[str, Any] = {"documents": num_docs, "groups": tally.save(task.tally_path), "similarities": []}
    if planter and task.plants:
        copies, result["similarities"] = planter.save()
        buckets.add(copies, task.plants.first_ordinal + np.arange(len(copies)))
    return {**result, "rows": buckets.save(task.path)}
