"""Counts of distinct words of all shards, exact and in bounded memory: counted by shard, added up by partition.

A word's partition is a hash of its bytes. Whoever counts a shard writes a *count file* each time that its table is
full, and at the end: Arrow IPC, COUNTED, one batch a partition. Whoever merges a partition maps its batch of every
count file and writes them added up, as a count file of one batch. So no process holds more than a full table or the
distinct words of one partition, and equal words of two count files meet in one place.

Shapes: D = documents in the batch, A = bytes of distinct words end to end, W = distinct words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import TrainTokenizerConfig
from pipeline.io.commit import atomic_path
from pipeline.io.dataset import Shard, read_shard
from pipeline.kernels.buffers import string_view
from pipeline.stages.extend_tokenizer import word_cut
from pipeline.stages.train_tokenizer_weights import WEIGHT_COLUMNS, DocumentWeights
from tokenizer.pretoken_counts import PretokenCounts, word_partitions

TABLE_BYTES = 256 * 2**20  # a worker's table of counts; a larger one is written and begun anew
PARTITION_BYTES = 256 * 2**20  # shards' bytes whose distinct words share a partition
MAX_PARTITIONS = 256
COUNTED = pa.schema(
    [pa.field("word", pa.large_binary(), nullable=False), pa.field("count", pa.int64(), nullable=False)]
)

WordTable = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]]  # word_A, offsets_W1, counts_W


@dataclass(frozen=True)
class CountShard:
    """Count the words of `shard`'s documents into `stem`.0.arrow, `stem`.1.arrow, ..."""

    shard: Shard
    verdicts: tuple[str, ...]
    config: TrainTokenizerConfig
    num_partitions: int
    stem: str
    table_bytes: int = TABLE_BYTES


@dataclass(frozen=True)
class MergePartition:
    """Add up one partition of all count files."""

    count_paths: tuple[str, ...]
    partition: int
    out_path: str


def num_partitions(shards_bytes: int) -> int:
    """How many there are: of the size of the input alone, so that a run goes on with other workers."""
    return min(1 + shards_bytes // PARTITION_BYTES, MAX_PARTITIONS)


def warm(config: TrainTokenizerConfig) -> None:
    """Compile what shards are counted with, so that workers find it."""
    counts = PretokenCounts()
    counts.add_texts(np.frombuffer(b"a b", np.uint8), np.array([0, 3]), word_cut(config).pattern)
    word_partitions(*counts.table()[:2], 2)


def count_shard(task: CountShard) -> dict[str, Any]:
    """Write the count files; documents and bytes of text as they are, and documents to which each weight was given."""
    weights, cut = DocumentWeights(task.config), word_cut(task.config)
    columns = ("text", *(WEIGHT_COLUMNS if weights.given else ()))
    documents = num_bytes = files = 0
    weighted: Counter[str] = Counter()
    counts = PretokenCounts()
    for batch, _ in read_shard(task.shard, task.verdicts, columns):
        documents += batch.num_rows
        num_bytes += pc.sum(pc.binary_length(batch.column("text"))).as_py() or 0
        for text, times in _by_weight(batch, weights, weighted):
            counts.add_texts(*string_view(cut.normalized(text)), cut.pattern, times)
        if counts.num_bytes > task.table_bytes:
            _write_partitions(f"{task.stem}.{files}.arrow", counts, task.num_partitions)
            files, counts = files + 1, PretokenCounts()
    _write_partitions(f"{task.stem}.{files}.arrow", counts, task.num_partitions)
    return {"documents": documents, "bytes": num_bytes, "files": files + 1, "weighted": dict(weighted)}


def merge_partition(task: MergePartition) -> dict[str, Any]:
    """Write the partition's words with their counts over all files; how many distinct ones there are."""
    counts = PretokenCounts()
    for path in task.count_paths:
        counts.add_words(*read_words(path, task.partition))
    table = counts.table()
    _write(task.out_path, [_batch(*table)])
    return {"words": int(table[2].size)}


def read_words(path: str, partition: int = 0) -> WordTable:
    """A batch of a count file, mapped."""
    with pa.memory_map(path) as source, pa.ipc.open_file(source) as file:
        words, counts = file.get_batch(partition).columns
    _, offsets, data = words.buffers()
    word_A = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    offsets_W1 = np.frombuffer(offsets, np.int64)[: len(words) + 1] if len(words) else np.zeros(1, np.int64)
    return word_A, offsets_W1, counts.to_numpy()


def _by_weight(
    batch: pa.RecordBatch, weights: DocumentWeights, weighted: Counter[str]
) -> Iterator[tuple[pa.StringArray, int]]:
    """Texts of the batch and how often their words count; those that count nothing are left out."""
    if not weights.given:
        yield batch.column("text"), 1
        return
    times_D, found = weights.times(batch)
    weighted.update(found)
    for times in np.unique(times_D[times_D > 0]).tolist():
        yield batch.column("text").filter(pa.array(times_D == times)), times


def _write_partitions(path: str, counts: PretokenCounts, num_partitions: int) -> None:
    word_A, offsets_W1, counts_W = counts.table()
    rows = _batch(word_A, offsets_W1, counts_W)
    if num_partitions == 1:
        _write(path, [rows])
        return
    partition_W = word_partitions(word_A, offsets_W1, num_partitions)
    order_W = np.argsort(partition_W, kind="stable")
    edges = np.searchsorted(partition_W[order_W], np.arange(num_partitions + 1))
    _write(path, (rows.take(pa.array(order_W[edges[i] : edges[i + 1]])) for i in range(num_partitions)))


def _batch(word_A: npt.NDArray[np.uint8], offsets_W1: npt.NDArray[np.int64], counts_W: npt.NDArray[np.int64]) -> Any:
    buffers = [None, pa.py_buffer(offsets_W1), pa.py_buffer(word_A)]
    words = pa.Array.from_buffers(pa.large_binary(), counts_W.size, buffers)
    return pa.RecordBatch.from_arrays([words, pa.array(counts_W)], schema=COUNTED)


def _write(path: str, batches: Any) -> None:
    with atomic_path(path) as temporary, pa.ipc.new_file(str(temporary), COUNTED) as writer:
        for batch in batches:
            writer.write_batch(batch)
