"""What a de-duplication leaves behind: its verdict file, and the evidence a person can read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.config import Tripwires
from pipeline.io.dataset import VERDICT, Documents, Ordinals, write_verdicts
from pipeline.io.shards import ShardWriter
from pipeline.schema import DUPLICATE, NEAR_MISS
from pipeline.stages.dedup_index import IndexFile
from pipeline.stages.tally import losses, tally_result, tripped


def conclude(
    documents: Documents,
    removed: pa.Table,
    kind: str,
    tallies: Sequence[tuple[str, Sequence[str]]],
    tripwires: Tripwires,
    *,
    out_path: str,
    evidence_path: str,
    index: Sequence[IndexFile] = (),
) -> dict[str, Any]:
    """Judge the rows `removed` (columns of VERDICT) by the tripwires, then write them; figures for the manifest.

    `tallies`: file and names of each shard, see `tally.py`; `index`: files of documents that may be keepers, too.
    Raises RunFailedError where a tripwire says stop.
    """
    ordered = removed.sort_by("ordinal")
    found = losses(documents, tallies, ordered.column("ordinal").to_numpy())
    result = tally_result(found, ordered.column("keeper").to_numpy())
    warnings = tripped(Path(evidence_path).stem, tripwires, found, result["most_duplicates"])
    write_duplicates(documents, ordered, kind, out_path, evidence_path, index)
    return result | {"warnings": warnings}


def write_duplicates(
    documents: Documents,
    removed: pa.Table,
    kind: str,
    out_path: str,
    evidence_path: str,
    index: Sequence[IndexFile] = (),
) -> None:
    """Write the rows `removed` (columns of VERDICT) as verdicts, and as rows of DUPLICATE with document ids.

    Both are ordered by the removed document's ordinal. Without rows the verdict file is empty and there is no evidence.
    A similarity of NaN was not measured.
    """
    removed = removed.cast(VERDICT).sort_by("ordinal").combine_chunks()
    kinds = pa.array([kind]).take(pa.array(np.zeros(removed.num_rows, np.int64)))
    _write_pairs(documents, removed, evidence_path, DUPLICATE, {"kind": kinds}, index)
    write_verdicts(out_path, removed)


def write_near_misses(documents: Documents, misses: pa.Table, path: str, index: Sequence[IndexFile] = ()) -> None:
    """Write pairs that were compared and found too unlike as rows of NEAR_MISS; no path or no rows, no file."""
    if path:
        _write_pairs(documents, misses.cast(VERDICT).sort_by("ordinal").combine_chunks(), path, NEAR_MISS, {}, index)


def _write_pairs(
    documents: Documents,
    pairs: pa.Table,
    path: str,
    schema: pa.Schema,
    columns: Mapping[str, pa.Array],
    index: Sequence[IndexFile],
) -> None:
    """Document ids in the place of both ordinals of `pairs`, their similarity, and what else the schema has."""
    Path(path).unlink(missing_ok=True)
    others, row_of_other = np.unique(pairs.column("keeper").to_numpy(), return_inverse=True)
    other_ids = pa.concat_arrays([pa.array([], pa.string()), *doc_ids(documents, others), *_guest_ids(index, others)])
    similarity = pairs.column("jaccard").to_numpy()
    with ShardWriter(path, schema) as writer:
        start = 0
        for ids in doc_ids(documents, pairs.column("ordinal").to_numpy()):
            rows = slice(start, start := start + len(ids))
            taken = {
                "doc_id": ids,
                schema.names[1]: other_ids.take(pa.array(row_of_other[rows])),
                "jaccard": pa.array(similarity[rows], from_pandas=True),
                **{name: column.slice(rows.start, len(ids)) for name, column in columns.items()},
            }
            writer.write(pa.RecordBatch.from_arrays([taken[name] for name in schema.names], schema=schema))


def doc_ids(documents: Documents, ordinals: Ordinals) -> Iterator[pa.StringArray]:
    """The doc_id of each of `ordinals`, which ascend: one array per shard that has any. Reads no other column."""
    for shard in documents.shards:
        low, high = np.searchsorted(ordinals, [shard.first_ordinal, shard.first_ordinal + shard.rows])
        if low < high:
            column = pq.read_table(shard.path, columns=["doc_id"]).column("doc_id").combine_chunks()
            yield column.take(pa.array(ordinals[low:high] - shard.first_ordinal))


def _guest_ids(index: Sequence[IndexFile], ordinals: Ordinals) -> Iterator[pa.StringArray]:
    """The same for documents of an index, whose ordinals follow those of the run's own."""
    for file in index:
        low, high = np.searchsorted(ordinals, [file.first_ordinal, file.first_ordinal + file.rows])
        if low < high:
            yield file.doc_ids(ordinals[low:high])
