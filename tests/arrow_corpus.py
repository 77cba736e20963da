"""Committed documents from Arrow arrays of texts: `tests.deduped.write_corpus` without a Python object per document."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.io.dataset import Documents, Shard
from pipeline.io.shards import ShardWriter
from pipeline.schema import document_schema


def write_shard(path: Path, texts: pa.Array, first: int) -> Shard:
    """One shard as a run writes it; its documents are at position `first` and following of source `test`."""
    positions = np.arange(first, first + len(texts))
    known = {
        "doc_id": pa.array(np.char.mod("%032x", positions)),
        "source": pa.array(["test"]).take(pa.array(np.zeros(len(texts), np.int64))),
        "position": pa.array(positions),
        "text": texts,
    }
    schema = document_schema()
    columns = [known[f.name].cast(f.type) if f.name in known else pa.nulls(len(texts), f.type) for f in schema]
    with ShardWriter(path, schema) as writer:
        writer.write(pa.RecordBatch.from_arrays(columns, schema=schema))
    return Shard(str(path), len(texts), first, path.stat().st_size)


def write_shards(folder: Path, parts: Iterable[pa.Array]) -> Documents:
    """One shard for each array."""
    folder.mkdir(parents=True, exist_ok=True)
    shards, first = [], 0
    for i, texts in enumerate(parts):
        shards.append(write_shard(folder / f"{i:06d}.parquet", texts, first))
        first += len(texts)
    return Documents(tuple(shards))


def read_shards(folder: Path) -> Documents:
    """What `write_shards` wrote there."""
    shards, first = [], 0
    for path in sorted(folder.glob("*.parquet")):
        shards.append(Shard(str(path), pq.read_metadata(path).num_rows, first, path.stat().st_size))
        first += shards[-1].rows
    return Documents(tuple(shards))
