"""What a de-duplication leaves behind: its verdict file, and the evidence a person can read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.config import Tripwires
from pipeline.io.dataset import VERDICT, Documents, Ordinals, write_verdicts
from pipeline.io.shards import ShardWriter
from pipeline.schema import DUPLICATE
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
) -> dict[str, Any]:
    """Judge the rows `removed` (columns of VERDICT) by the tripwires, then write them; figures for the manifest.

    `tallies`: file and names of each shard, see `tally.py`. Raises RunFailedError where a tripwire says stop.
    """
    ordered = removed.sort_by("ordinal")
    found = losses(documents, tallies, ordered.column("ordinal").to_numpy())
    result = tally_result(found, ordered.column("keeper").to_numpy())
    warnings = tripped(Path(evidence_path).stem, tripwires, found, result["most_duplicates"])
    write_duplicates(documents, ordered, kind, out_path, evidence_path)
    return result | {"warnings": warnings}


def write_duplicates(documents: Documents, removed: pa.Table, kind: str, out_path: str, evidence_path: str) -> None:
    """Write the rows `removed` (columns of VERDICT) as verdicts, and as rows of DUPLICATE with document ids.

    Both are ordered by the removed document's ordinal. Without rows the verdict file is empty and there is no evidence.
    A similarity of NaN was not measured.
    """
    removed = removed.cast(VERDICT).sort_by("ordinal").combine_chunks()
    Path(evidence_path).unlink(missing_ok=True)
    gone, keepers = (removed.column(name).to_numpy() for name in ("ordinal", "keeper"))
    kept, row_of_keeper = np.unique(keepers, return_inverse=True)
    keeper_ids = pa.concat_arrays([pa.array([], pa.string()), *doc_ids(documents, kept)])
    with ShardWriter(evidence_path, DUPLICATE) as writer:
        start = 0
        for ids in doc_ids(documents, gone):
            rows = slice(start, start := start + len(ids))
            writer.write(
                pa.RecordBatch.from_arrays(
                    [
                        ids,
                        keeper_ids.take(pa.array(row_of_keeper[rows])),
                        pa.array([kind]).take(pa.array(np.zeros(len(ids), np.int64))),
                        pa.array(removed.column("jaccard").to_numpy()[rows], from_pandas=True),
                    ],
                    schema=DUPLICATE,
                )
            )
    write_verdicts(out_path, removed)


def doc_ids(documents: Documents, ordinals: Ordinals) -> Iterator[pa.StringArray]:
    """The doc_id of each of `ordinals`, which ascend: one array per shard that has any. Reads no other column."""
    for shard in documents.shards:
        low, high = np.searchsorted(ordinals, [shard.first_ordinal, shard.first_ordinal + shard.rows])
        if low < high:
            column = pq.read_table(shard.path, columns=["doc_id"]).column("doc_id").combine_chunks()
            yield column.take(pa.array(ordinals[low:high] - shard.first_ordinal))
