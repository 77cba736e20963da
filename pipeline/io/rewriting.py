"""Documents with spans of their text replaced, and the record of it in `edits`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.kernels.buffers import string_view
from pipeline.schema import EDIT, with_column

if TYPE_CHECKING:
    from pipeline.kernels.rewrite import Spans


def with_rewritten_text(batch: pa.RecordBatch, spans: Spans, fillers: Sequence[bytes]) -> pa.RecordBatch:
    """DOCUMENT rows whose text has each span replaced by the filler of its kind.

    `edits` gets (start, end, new_length) for each, in order: bytes of the document's UTF-8 before this stage, and the
    length of the filler. Edits of earlier stages stand before them and refer to earlier text: to trace a byte back,
    undo the last stage's edits first. Rows without edits keep what they had, null at first. A batch that was read
    without its `edits` column gets none.
    """
    if not spans.starts_S.size:
        return batch
    text = batch.column("text")
    rewritten = with_column(batch, "text", rewritten_strings(text, spans, fillers))
    if "edits" not in batch.schema.names:
        return rewritten
    return with_column(rewritten, "edits", _appended(batch.column("edits"), text, spans, fillers))


def rewritten_strings(strings: pa.StringArray, spans: Spans, fillers: Sequence[bytes]) -> pa.StringArray:
    """The strings with each span replaced by the filler of its kind."""
    from pipeline.kernels.rewrite import replaced

    if not spans.starts_S.size:
        return strings
    return _string_array(*replaced(*string_view(strings), spans, fillers))


def _string_array(text_B: npt.NDArray[np.uint8], offsets_D1: npt.NDArray[np.int64]) -> pa.StringArray:
    if offsets_D1[-1] > np.iinfo(np.int32).max:
        raise ValueError(
            f"a batch of {offsets_D1[-1]} bytes of text is too large for Arrow strings; read smaller batches"
        )
    buffers = [None, pa.py_buffer(offsets_D1.astype(np.int32)), pa.py_buffer(text_B)]
    return pa.StringArray.from_buffers(offsets_D1.size - 1, buffers[1], buffers[2])


def _appended(edits: pa.ListArray, text: pa.StringArray, spans: Spans, fillers: Sequence[bytes]) -> pa.ListArray:
    """Each row's edits with its new ones behind; null where there are none of either."""
    num_new_D = np.diff(spans.span_offsets_D1)
    owner_S = np.repeat(np.arange(len(edits)), num_new_D)
    num_old_D = pc.fill_null(pc.list_value_length(edits), 0).to_numpy(zero_copy_only=False)
    owner = np.concatenate([np.repeat(np.arange(len(edits)), num_old_D), owner_S])
    together = pa.concat_arrays([edits.flatten(), _new_edits(text, owner_S, spans, fillers)])
    counts_D = num_old_D + num_new_D
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts_D)]).astype(np.int32))
    is_null_D = (counts_D == 0) & edits.is_null().to_numpy(zero_copy_only=False)
    return pa.ListArray.from_arrays(
        offsets, together.take(pa.array(np.argsort(owner, kind="stable"))), mask=pa.array(is_null_D)
    )


def _new_edits(
    text: pa.StringArray, owner_S: npt.NDArray[np.int64], spans: Spans, fillers: Sequence[bytes]
) -> pa.StructArray:
    _, offsets_D1 = string_view(text)
    begins_S = offsets_D1[owner_S]
    columns = (
        spans.starts_S - begins_S,
        spans.ends_S - begins_S,
        np.array([len(one) for one in fillers], np.int64)[spans.kind_S],
    )
    return pa.StructArray.from_arrays([pa.array(c.astype(np.int64)) for c in columns], fields=list(EDIT))
