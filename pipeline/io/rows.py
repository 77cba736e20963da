"""From fields to DOCUMENT columns: ids, the checks every text passes, quarantine rows, and counts that must add up.

Shapes: D = documents in the batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from pipeline.io.reasons import KEPT_BYTES, MAX_RECORD_BYTES, Lost, QuarantineReason, SkipReason
from pipeline.kernels.buffers import string_view
from pipeline.schema import QUARANTINE, document_schema

_NO_QUARANTINE = pa.RecordBatch.from_pylist([], QUARANTINE)
Skipped = tuple[int, SkipReason]


class Rows(NamedTuple):
    """What a run of records of one file became, each part in position order.

    records is counted where records are framed: documents + quarantine + skipped must come to the same number.
    """

    documents: pa.RecordBatch
    quarantine: pa.RecordBatch
    skipped: list[Skipped]
    records: int


def doc_ids(source: str, positions: Sequence[int]) -> pa.StringArray:
    """xxh3_128 of `source`, NUL and the position in decimal, as 32 hex digits: one id per position."""
    prefix = source.encode("utf-8", "surrogateescape") + b"\0"
    digest = xxhash.xxh3_128_hexdigest
    return pa.array([digest(prefix + b"%d" % position) for position in positions], pa.string())


def quarantine_rows(source: str, lost: Sequence[Lost]) -> pa.RecordBatch:
    """Rows of QUARANTINE, sorted by position."""
    if not lost:
        return _NO_QUARANTINE
    ordered = sorted(lost, key=lambda one: one.position)
    columns = [
        pa.array([source] * len(ordered), pa.string()),
        pa.array([one.position for one in ordered], pa.int64()),
        pa.array([one.reason.value for one in ordered], pa.string()),
        pa.array([bytes(one.raw[:KEPT_BYTES]) for one in ordered], pa.binary()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=QUARANTINE)


def make_rows(
    source: str,
    columns: Mapping[str, pa.Array],
    lifted: Mapping[str, str],
    *,
    records: int,
    lost: Sequence[Lost] = (),
    skipped: Sequence[Skipped] = (),
) -> Rows:
    """Rows of records whose fields stand in `columns`: position and text without nulls, others of DOCUMENT as known.

    Documents whose text is empty, holds a NUL or is too large leave here, so that every format gives one answer.
    """
    text, positions = columns["text"], columns["position"].to_numpy()
    bad, empty = _text_problems(text)
    all_lost = [*lost, *(Lost(int(positions[d]), reason, _start_of(text[d])) for d, reason in bad)]
    all_skipped = sorted([*skipped, *((int(positions[d]), SkipReason.EMPTY_TEXT) for d in empty)])
    gone = [d for d, _ in bad] + empty
    documents = document_batch(source, columns, lifted)
    if gone:
        stays_D = np.ones(len(text), np.bool_)
        stays_D[gone] = False
        documents = documents.filter(pa.array(stays_D))
    return Rows(documents, quarantine_rows(source, all_lost), all_skipped, records)


def lost_rows(source: str, lifted: Mapping[str, str], lost: Lost) -> Rows:
    """Rows of one record that could not be read."""
    empty = {"position": pa.array([], pa.int64()), "text": pa.array([], pa.string())}
    return make_rows(source, empty, lifted, records=1, lost=[lost])


def document_batch(source: str, columns: Mapping[str, pa.Array], lifted: Mapping[str, str]) -> pa.RecordBatch:
    """DOCUMENT rows of one source; a column that is not in `columns` is null."""
    schema = document_schema(lifted)
    num_docs = len(columns["position"])
    made = {
        "doc_id": doc_ids(source, columns["position"].to_pylist()),
        "source": pa.repeat(pa.scalar(source, pa.string()), num_docs),
        **columns,
    }
    arrays = [made[f.name] if f.name in made else pa.nulls(num_docs, f.type) for f in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _text_problems(text: pa.StringArray) -> tuple[list[tuple[int, QuarantineReason]], list[int]]:
    """(document, reason) of each text that is quarantined, and the documents whose text is empty."""
    text_B, offsets_D1 = string_view(text)
    sizes_D = np.diff(offsets_D1)
    bad = [(int(d), QuarantineReason.RECORD_TOO_LARGE) for d in np.flatnonzero(sizes_D > MAX_RECORD_BYTES)]
    if text_B[offsets_D1[0] : offsets_D1[-1]].min(initial=1) == 0:
        has_nul = pc.match_substring(text, "\0").to_numpy(zero_copy_only=False) & (sizes_D <= MAX_RECORD_BYTES)
        bad += [(int(d), QuarantineReason.NUL_CHARACTER) for d in np.flatnonzero(has_nul)]
    return bad, [int(d) for d in np.flatnonzero(sizes_D == 0)]


def _start_of(text: pa.StringScalar) -> bytes:
    return text.as_buffer()[:KEPT_BYTES].to_pybytes()
