"""Replace e-mail and public IPv4 addresses."""

from __future__ import annotations

from typing import NamedTuple

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.pvalue import PCollection

from pipeline.config import PiiConfig
from pipeline.kernels.buffers import string_view
from pipeline.schema import EDIT, MESSAGE, Verdict, judge
from pipeline.stages.apply import ApplyStage

# Tokens, not made-up addresses: they say that something was removed, and no one owns them. BigCode's spelling.
PLACEHOLDERS = {"email": "<EMAIL>", "ip": "<IP_ADDRESS>"}

Int64 = npt.NDArray[np.int64]


class _Redacted(NamedTuple):
    """The strings rewritten; per edit its string, span before (bytes) and length after; per type the count."""

    strings: pa.StringArray
    owner_S: Int64
    edits_S: pa.StructArray
    num_2D: Int64


class PiiStage:
    """Rewrites `text` and the contents of `messages`; drops nothing. What an address is: `kernels/pii.py`.

    `edits` gets (start, end, new_length) for each replacement in `text`, in order: bytes of its UTF-8 before this
    stage, and the length of the placeholder. Edits of earlier stages stand before them and refer to earlier text:
    to trace a byte back, undo the last stage's edits first. Rows without edits keep what they had, null at first.
    """

    name = "pii"
    rules: tuple[str, ...] = ()
    signals: tuple[str, ...] = ("pii.num_email", "pii.num_ip")

    def __init__(self, config: PiiConfig) -> None:
        self._types = frozenset(config.types)

    def __call__(self, batch: pa.RecordBatch) -> Verdict:
        """Verdict of DOCUMENT rows; counts are of `text`."""
        found = self._redact(batch.column("text"))
        kept = batch
        if found.owner_S.size:
            kept = _with_column(kept, "text", found.strings)
            kept = _with_column(kept, "edits", _appended(batch.column("edits"), found))
        if batch.column("messages").null_count < batch.num_rows:
            kept = _with_column(kept, "messages", self._redact_messages(batch.column("messages")))
        signals = dict(zip(self.signals, found.num_2D.astype(np.float64), strict=True))
        return judge(self.name, batch, [], signals, kept)

    def _redact(self, strings: pa.StringArray) -> _Redacted:
        from pipeline.kernels.pii import pii_spans, replaced

        text_B, offsets_D1 = string_view(strings)
        spans = pii_spans(text_B, offsets_D1, emails="email" in self._types, ips="ip" in self._types)
        placeholders = (PLACEHOLDERS["email"].encode(), PLACEHOLDERS["ip"].encode())
        owner_S = np.repeat(np.arange(len(strings)), np.diff(spans.span_offsets_D1))
        num_2D = np.stack([np.bincount(owner_S[spans.kind_S == kind], minlength=len(strings)) for kind in (0, 1)])
        if owner_S.size == 0:
            return _Redacted(strings, owner_S, pa.array([], EDIT), num_2D)
        out_B, out_offsets_D1 = replaced(text_B, offsets_D1, spans, placeholders)
        begins_S = offsets_D1[owner_S]
        edits_S = pa.StructArray.from_arrays(
            [
                pa.array((spans.starts_S - begins_S).astype(np.int64)),
                pa.array((spans.ends_S - begins_S).astype(np.int64)),
                pa.array(np.array([len(one) for one in placeholders], np.int64)[spans.kind_S]),
            ],
            fields=list(EDIT),
        )
        return _Redacted(_string_array(out_B, out_offsets_D1), owner_S, edits_S, num_2D)

    def _redact_messages(self, messages: pa.ListArray) -> pa.ListArray:
        """The conversations with each content rewritten: formatting reads these, not `text`."""
        turns = messages.flatten()
        content = turns.field("content")
        rewritten = self._redact(pc.fill_null(content, "")).strings
        rewritten = pc.if_else(content.is_valid(), rewritten, pa.scalar(None, pa.string()))
        columns = [turns.field("role"), rewritten, turns.field("train")]
        lengths = pc.fill_null(pc.list_value_length(messages), 0).to_numpy(zero_copy_only=False)
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
        values = pa.StructArray.from_arrays(columns, fields=list(MESSAGE))
        return pa.ListArray.from_arrays(offsets, values, mask=messages.is_null())


def _string_array(text_B: npt.NDArray[np.uint8], offsets_D1: Int64) -> pa.StringArray:
    if offsets_D1[-1] > np.iinfo(np.int32).max:
        raise ValueError(
            f"a batch of {offsets_D1[-1]} bytes of text is too large for Arrow strings; read smaller batches"
        )
    buffers = [None, pa.py_buffer(offsets_D1.astype(np.int32)), pa.py_buffer(text_B)]
    return pa.StringArray.from_buffers(offsets_D1.size - 1, buffers[1], buffers[2])


def _appended(edits: pa.ListArray, found: _Redacted) -> pa.ListArray:
    """Each row's edits with its new ones behind; null where there are none of either."""
    lengths = pc.fill_null(pc.list_value_length(edits), 0).to_numpy(zero_copy_only=False)
    owner = np.concatenate([np.repeat(np.arange(len(edits)), lengths), found.owner_S])
    values = pa.concat_arrays([edits.flatten(), found.edits_S]).take(pa.array(np.argsort(owner, kind="stable")))
    counts = lengths + np.bincount(found.owner_S, minlength=len(edits))
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, values, mask=pa.array((counts == 0) & edits.is_null().to_numpy(False)))


def _with_column(batch: pa.RecordBatch, name: str, values: pa.Array) -> pa.RecordBatch:
    return batch.set_column(batch.schema.get_field_index(name), batch.schema.field(name), values)


class RedactPii(beam.PTransform):
    """RecordBatch of DOCUMENT -> the same with addresses replaced, for your own Beam pipeline."""

    def __init__(self, config: PiiConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, batches: PCollection[pa.RecordBatch]) -> PCollection[pa.RecordBatch]:
        return batches | beam.ParDo(ApplyStage(PiiStage, self._config)).with_output_types(pa.RecordBatch)
