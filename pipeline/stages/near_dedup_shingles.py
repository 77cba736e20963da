"""Near-duplicate removal, from text to numbers: the buckets of every document, the shingle sets of nominated ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import NearDedupConfig
from pipeline.io.commit import atomic_path
from pipeline.io.dataset import Ordinals, Shard, read_shard
from pipeline.kernels.buffers import string_view
from pipeline.stages.equal_keys import UInt64, write_keys

SHINGLE_SET = pa.schema(
    [
        pa.field("ordinal", pa.int64(), nullable=False),
        pa.field("chars", pa.int64(), nullable=False),
        pa.field("shingles", pa.large_list(pa.field("item", pa.uint64(), nullable=False)), nullable=False),
    ]
)
TEXT_BLOCK_BYTES = 2**18  # words, hashes and shingles of a block stay in the processor's cache
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class BucketTask:
    """One shard, and where the buckets of its documents go."""

    shard: Shard
    verdicts: tuple[str, ...]
    config: NearDedupConfig
    path: str


@dataclass(frozen=True)
class ShingleTask:
    """One shard, the file of all nominated ordinals (.npy, ascending), and where the shingle sets of its own go."""

    shard: Shard
    nominated_path: str
    shingle_words: int
    path: str


def write_buckets(task: BucketTask) -> dict[str, Any]:
    """Write the key file of one shard, a row per document and band; return how many documents and rows there were.

    A document without words has no shingles: it is in no bucket.
    """
    from pipeline.kernels.minhash import bucket_hashes, minhash_signatures, permutations

    bands = task.config.num_bands
    multiplier_P, addend_P = permutations(bands * task.config.rows_per_band)
    buckets, ordinals, num_docs = [np.empty(0, np.uint64)], [np.empty(0, np.int64)], 0
    for batch, ordinals_D in read_shard(task.shard, task.verdicts, ["text"]):
        num_docs += batch.num_rows
        for rows, shingle_S, offsets_D1 in shingled(batch.column("text"), task.config.shingle_words):
            has_shingles = np.diff(offsets_D1) > 0
            signature_DP = minhash_signatures(shingle_S, offsets_D1, multiplier_P, addend_P)
            buckets.append(bucket_hashes(signature_DP, bands)[has_shingles].ravel())
            ordinals.append(np.repeat(ordinals_D[rows][has_shingles], bands))
    bucket_N = np.concatenate(buckets)
    write_keys(task.path, [bucket_N], np.concatenate(ordinals))
    return {"documents": num_docs, "rows": bucket_N.size}


def shingled(texts: pa.StringArray, shingle_words: int) -> Iterator[tuple[slice, UInt64, Int64]]:
    """(rows, shingle_S, shingle_offsets_D1) of `texts`, a block of rows at a time."""
    from pipeline.kernels.shingles import shingle_hashes
    from pipeline.kernels.words import word_hashes, word_spans

    text_B, offsets_D1 = string_view(texts)
    start = 0
    while start < len(texts):
        fits = int(np.searchsorted(offsets_D1, int(offsets_D1[start]) + TEXT_BLOCK_BYTES, side="right")) - 1
        stop = max(start + 1, fits)
        spans = word_spans(text_B, offsets_D1[start : stop + 1])
        word_hash_W = word_hashes(text_B, spans.starts_W, spans.ends_W)
        yield slice(start, stop), *shingle_hashes(word_hash_W, spans.word_offsets_D1, shingle_words)
        start = stop


def write_shingle_sets(task: ShingleTask) -> dict[str, Any]:
    """Write the shingle sets of a shard's nominated documents, rows of SHINGLE_SET by ordinal; return their number."""
    nominated, num_docs = np.load(task.nominated_path, mmap_mode="r"), 0
    first = task.shard.first_ordinal
    low, high = np.searchsorted(nominated, [first, first + task.shard.rows])
    wanted = np.asarray(nominated[low:high])
    with atomic_path(task.path) as temporary, pa.ipc.new_file(str(temporary), SHINGLE_SET) as writer:
        for batch, ordinals_D in read_shard(task.shard, columns=["text"]):
            chosen = np.isin(ordinals_D, wanted, assume_unique=True)
            texts = batch.column("text").filter(pa.array(chosen))
            for sets in _set_batches(texts, ordinals_D[chosen], task.shingle_words):
                writer.write_batch(sets)
                num_docs += sets.num_rows
    return {"documents": num_docs}


def _set_batches(texts: pa.StringArray, ordinals_D: Ordinals, shingle_words: int) -> Iterator[pa.RecordBatch]:
    from pipeline.kernels.shingles import shingle_sets

    chars = pc.utf8_length(texts).cast(pa.int64())
    for rows, shingle_S, offsets_D1 in shingled(texts, shingle_words):
        set_U, set_offsets_D1 = shingle_sets(shingle_S, offsets_D1)
        sets = pa.LargeListArray.from_arrays(pa.array(set_offsets_D1), pa.array(set_U), type=SHINGLE_SET.field(2).type)
        columns = [pa.array(ordinals_D[rows]), chars.slice(rows.start, rows.stop - rows.start), sets]
        yield pa.RecordBatch.from_arrays(columns, schema=SHINGLE_SET)
