"""Spans of a buffer as Arrow strings.

Shapes: B = bytes of the buffer, N = spans.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.kernels.spans import join_spans

Spans = npt.NDArray[np.int64]


def span_strings(data_B: npt.NDArray[np.uint8], span_N2: Spans) -> pa.StringArray:
    """A string per span data_B[span_N2[n, 0]:span_N2[n, 1]], null where it starts below 0; pa.ArrowInvalid where one
    is not UTF-8.
    """
    joined_T, offset_N1 = join_spans(data_B, np.ascontiguousarray(span_N2))
    return as_strings(joined_T, offset_N1, span_N2[:, 0] >= 0)


def as_strings(
    joined_T: npt.NDArray[np.uint8], offset_N1: npt.NDArray[np.int32], is_there_N: npt.NDArray[np.bool_]
) -> pa.StringArray:
    """Strings joined_T[offset_N1[n]:offset_N1[n + 1]], null where not `is_there_N`; pa.ArrowInvalid where one is not
    UTF-8.
    """
    validity = None if is_there_N.all() else pa.py_buffer(np.packbits(is_there_N, bitorder="little"))
    buffers = [validity, pa.py_buffer(offset_N1), pa.py_buffer(joined_T)]
    strings = pa.Array.from_buffers(pa.string(), is_there_N.size, buffers)
    strings.validate(full=True)
    return strings
