"""Replace e-mail and public IPv4 addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.pvalue import PCollection

from pipeline.config import PiiConfig
from pipeline.io.rewriting import rewritten_strings, with_rewritten_text
from pipeline.kernels.buffers import string_view
from pipeline.schema import MESSAGE, Float64, Rule, Verdict, judge, with_column
from pipeline.stages.apply import ApplyStage

if TYPE_CHECKING:
    from pipeline.kernels.rewrite import Spans

# Tokens, not made-up addresses: they say that something was removed, and no one owns them. BigCode's spelling.
PLACEHOLDERS = {"email": "<EMAIL>", "ip": "<IP_ADDRESS>"}
_FILLERS = (PLACEHOLDERS["email"].encode(), PLACEHOLDERS["ip"].encode())  # by kind of span


class PiiStage:
    """Rewrites `text` and the contents of `messages`; drops nothing. What an address is: `kernels/pii.py`.

    What becomes of `edits`: `rewriting.py`.
    """

    name = "pii"
    rules: tuple[str, ...] = ()
    signals: tuple[str, ...] = ("pii.num_email", "pii.num_ip")

    def __init__(self, config: PiiConfig) -> None:
        self._types = frozenset(config.types)

    def __call__(self, batch: pa.RecordBatch) -> Verdict:
        """Verdict of DOCUMENT rows; counts are of `text`."""
        spans = self._spans(batch.column("text"))
        owner_S = np.repeat(np.arange(batch.num_rows), np.diff(spans.span_offsets_D1))
        num_2D = [np.bincount(owner_S[spans.kind_S == kind], minlength=batch.num_rows) for kind in (0, 1)]
        signals = {name: num_D.astype(np.float64) for name, num_D in zip(self.signals, num_2D, strict=True)}
        kept = with_rewritten_text(batch, spans, _FILLERS)
        if batch.column("messages").null_count < batch.num_rows:
            kept = with_column(kept, "messages", self._redact_messages(batch.column("messages")))
        return judge(self.name, batch, [], signals, kept)

    def rules_on(self, signals: Mapping[str, Float64], lang: pa.StringArray) -> list[Rule]:
        """None: this stage drops nothing."""
        return []

    def _spans(self, strings: pa.StringArray) -> Spans:
        from pipeline.kernels.pii import pii_spans

        return pii_spans(*string_view(strings), emails="email" in self._types, ips="ip" in self._types)

    def _redact_messages(self, messages: pa.ListArray) -> pa.ListArray:
        """The conversations with each content rewritten: formatting reads these, not `text`."""
        turns = messages.flatten()
        content = turns.field("content")
        filled = pc.fill_null(content, "")
        rewritten = rewritten_strings(filled, self._spans(filled), _FILLERS)
        rewritten = pc.if_else(content.is_valid(), rewritten, pa.scalar(None, pa.string()))
        columns = [turns.field("role"), rewritten, turns.field("train")]
        lengths = pc.fill_null(pc.list_value_length(messages), 0).to_numpy(zero_copy_only=False)
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
        values = pa.StructArray.from_arrays(columns, fields=list(MESSAGE))
        return pa.ListArray.from_arrays(offsets, values, mask=messages.is_null())


class RedactPii(beam.PTransform):
    """RecordBatch of DOCUMENT -> the same with addresses replaced, for your own Beam pipeline."""

    def __init__(self, config: PiiConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, batches: PCollection[pa.RecordBatch]) -> PCollection[pa.RecordBatch]:
        return batches | beam.ParDo(ApplyStage(PiiStage, self._config)).with_output_types(pa.RecordBatch)
