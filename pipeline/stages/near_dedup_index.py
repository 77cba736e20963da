"""Near-duplicate removal against an index of earlier runs: its buckets, its shingle sets, and a new index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.config import NearDedupConfig
from pipeline.io.commit import atomic_path
from pipeline.io.dataset import Shard, read_shard
from pipeline.stages.dedup_index import IndexFile, made_by, take_rows, write_index
from pipeline.stages.equal_keys import write_keys
from pipeline.stages.near_dedup_shingles import SHINGLES, shingle_schema, shingled

BATCH_ROWS = 4096


@dataclass(frozen=True)
class IndexBucketTask:
    """One file of an index, and where the buckets of its documents go."""

    file: IndexFile
    config: NearDedupConfig
    path: str


@dataclass(frozen=True)
class IndexShingleTask:
    """One file of an index, all nominated ordinals, and where the shingle sets of its own go."""

    file: IndexFile
    nominated_path: str
    path: str


@dataclass(frozen=True)
class IndexTask:
    """One shard less what all verdicts remove, and where its part of the new index goes."""

    shard: Shard
    verdicts: tuple[str, ...]
    config: NearDedupConfig
    path: str


def write_index_buckets(task: IndexBucketTask) -> dict[str, Any]:
    """Write the key file of one file of an index, a row per document and band; return the number of rows."""
    from pipeline.kernels.minhash import bucket_hashes

    bands, num_hashes = task.config.num_bands, task.config.num_bands * task.config.rows_per_band
    buckets = [np.empty(0, np.uint64)]
    with pa.memory_map(task.file.path) as source:
        for chunk in pa.ipc.open_file(source).read_all().column("signature").chunks:
            buckets.append(bucket_hashes(chunk.flatten().to_numpy().reshape(-1, num_hashes), bands).ravel())
    bucket_N = np.concatenate(buckets)
    ordinals = task.file.first_ordinal + np.arange(task.file.rows)
    write_keys(task.path, [bucket_N], np.repeat(ordinals, bands))
    return {"rows": bucket_N.size}


def write_index_shingles(task: IndexShingleTask) -> dict[str, Any]:
    """Write the shingle sets of an index file's nominated documents, by ordinal; return their number."""
    nominated = np.load(task.nominated_path, mmap_mode="r")
    low, high = np.searchsorted(nominated, [task.file.first_ordinal, task.file.first_ordinal + task.file.rows])
    with atomic_path(task.path) as temporary, pa.ipc.new_file(str(temporary), schema := shingle_schema(0)) as writer:
        for start in range(low, high, BATCH_ROWS):
            ordinals = np.asarray(nominated[start : min(start + BATCH_ROWS, high)])
            sets = take_rows(task.file, ordinals, ["shingles"])["shingles"].cast(SHINGLES.type)
            writer.write_batch(pa.RecordBatch.from_arrays([pa.array(ordinals), sets], schema=schema))
    return {"documents": int(high - low)}


def write_index_of_shard(task: IndexTask) -> dict[str, Any]:
    """Write the index of one shard's documents that stay and have words; return their number."""
    num_hashes = task.config.num_bands * task.config.rows_per_band
    signature = pa.list_(pa.field("item", pa.uint32(), nullable=False), num_hashes)
    schema = pa.schema([pa.field("doc_id", pa.string()), pa.field("signature", signature), SHINGLES])
    return {"documents": write_index(task.path, _rows(task, schema), schema, made_by(task.config))}


def _rows(task: IndexTask, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    from pipeline.kernels.minhash import minhash_signatures, permutations
    from pipeline.kernels.shingles import shingle_sets

    functions = permutations(task.config.num_bands * task.config.rows_per_band)
    for batch, _ in read_shard(task.shard, task.verdicts, ["doc_id", "text"]):
        for rows, shingle_S, offsets_D1 in shingled(batch.column("text"), task.config):
            has_shingles = pa.array(np.diff(offsets_D1) > 0)
            signature_DP = minhash_signatures(shingle_S, offsets_D1, *functions)
            set_U, set_offsets_D1 = shingle_sets(shingle_S, offsets_D1)
            columns = [
                batch.column("doc_id").slice(rows.start, rows.stop - rows.start),
                pa.FixedSizeListArray.from_arrays(pa.array(signature_DP.ravel()), type=schema.field("signature").type),
                pa.LargeListArray.from_arrays(pa.array(set_offsets_D1), pa.array(set_U), SHINGLES.type),
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=schema).filter(has_shingles)
