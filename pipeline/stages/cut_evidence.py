"""What a stage that cuts passages leaves behind: verdicts, cuts, and the evidence of both that a person can read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.config import Tripwires
from pipeline.io.dataset import CUT, Documents, write_cuts
from pipeline.io.shards import ShardWriter
from pipeline.schema import CUT_EVIDENCE
from pipeline.stages.duplicates import doc_ids, write_duplicates
from pipeline.stages.tally import Losses, losses, tally_result, tripped

NO_COPY = -1


def conclude_cuts(
    documents: Documents,
    cuts: pa.Table,
    removed: pa.Table,
    kind: str,
    tallies: Sequence[tuple[str, Sequence[str]]],
    tripwires: Tripwires,
    *,
    out_path: str,
    cuts_path: str,
    evidence_path: str,
    cuts_evidence_path: str,
) -> dict[str, Any]:
    """Judge a job by the tripwires, then write what it cuts and removes, and the evidence; figures for the manifest.

    `cuts`: rows of CUT, by ordinal and start; the cut file has them, the evidence as rows of CUT_EVIDENCE with document
    ids. `removed`: rows of VERDICT, documents that go whole: they keep nothing, so they are no keepers of cuts.
    `tallies`: file and names of each shard, see `tally.py`. Raises RunFailedError where a tripwire says stop. Without
    cuts the cut file is empty and there is no evidence of them.
    """
    gone = np.unique(removed.column("ordinal").to_numpy())
    found = losses(documents, tallies, gone)
    _add_cut_bytes(found, documents, tallies, cuts)
    result = tally_result(found, removed.column("keeper").to_numpy())
    warnings = tripped(Path(evidence_path).stem, tripwires, found, result["most_duplicates"])
    write_duplicates(documents, removed, kind, out_path, evidence_path)
    keeper_P = cuts.column("keeper").to_numpy()
    keeper_P = np.where(np.isin(keeper_P, gone), NO_COPY, keeper_P)
    cuts = cuts.set_column(3, CUT.field("keeper"), pa.array(keeper_P))
    Path(cuts_evidence_path).unlink(missing_ok=True)
    _write_evidence(documents, cuts, keeper_P, kind, cuts_evidence_path)
    write_cuts(cuts_path, cuts)
    return result | {"warnings": warnings}


def _add_cut_bytes(
    found: Mapping[str, Losses], documents: Documents, tallies: Sequence[tuple[str, Sequence[str]]], cuts: pa.Table
) -> None:
    ordinal_P, start_P, end_P = (cuts.column(name).to_numpy() for name in ("ordinal", "start", "end"))
    for shard, (path, names) in zip(documents.shards, tallies, strict=True):
        low, high = np.searchsorted(ordinal_P, [shard.first_ordinal, shard.first_ordinal + shard.rows])
        group_P = np.load(path, mmap_mode="r")[0, ordinal_P[low:high] - shard.first_ordinal]
        bytes_G = np.bincount(group_P, end_P[low:high] - start_P[low:high], len(names))  # exact below 2**53
        for name, num_bytes in zip(names, bytes_G.tolist(), strict=True):
            found[name].removed_bytes += int(num_bytes)


def _write_evidence(
    documents: Documents, cuts: pa.Table, keeper_P: npt.NDArray[np.int64], kind: str, path: str
) -> None:
    ordinal_P = cuts.column("ordinal").to_numpy()
    kept = np.unique(keeper_P[keeper_P != NO_COPY])
    keeper_ids = pa.concat_arrays([pa.array([], pa.string()), *doc_ids(documents, kept)])
    at_P = pa.array(np.searchsorted(kept, keeper_P), mask=keeper_P == NO_COPY)
    with ShardWriter(path, CUT_EVIDENCE) as writer:
        start = 0
        for ids in doc_ids(documents, ordinal_P):
            rows = slice(start, start := start + len(ids))
            columns = [ids, *(cuts.column(name).to_numpy()[rows] for name in ("start", "end"))]
            keepers = keeper_ids.take(at_P[rows])
            writer.write(
                pa.RecordBatch.from_arrays(
                    [*map(pa.array, columns), keepers, pa.repeat(kind, len(ids))], schema=CUT_EVIDENCE
                )
            )
