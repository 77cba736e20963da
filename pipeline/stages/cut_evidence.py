"""What a stage that cuts passages leaves behind: its cut file, and the evidence a person can read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.io.dataset import CUT, Documents, write_cuts
from pipeline.io.shards import ShardWriter
from pipeline.schema import CUT_EVIDENCE
from pipeline.stages.duplicates import doc_ids

NO_COPY = -1


def conclude_cuts(
    documents: Documents, cuts: pa.Table, removed: pa.Table, kind: str, *, cuts_path: str, evidence_path: str
) -> None:
    """Write `cuts` (rows of CUT, by ordinal and start) as cut file, and as rows of CUT_EVIDENCE with document ids.

    `removed`: rows of VERDICT of the same job; what they take away keeps nothing, so it is no keeper of a cut. Without
    rows the cut file is empty and there is no evidence.
    """
    gone = np.unique(removed.column("ordinal").to_numpy())
    keeper_P = cuts.column("keeper").to_numpy()
    keeper_P = np.where(np.isin(keeper_P, gone), NO_COPY, keeper_P)
    cuts = cuts.set_column(3, CUT.field("keeper"), pa.array(keeper_P))
    Path(evidence_path).unlink(missing_ok=True)
    _write_evidence(documents, cuts, keeper_P, kind, evidence_path)
    write_cuts(cuts_path, cuts)


def _write_evidence(documents: Documents, cuts: pa.Table, keeper_P: np.ndarray, kind: str, path: str) -> None:
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
