"""Spans of a buffer, end to end.

Shapes: B = bytes of the buffer, N = spans, T = bytes of all spans.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.kernels.chunks import load8, store8


@njit(cache=True, nogil=True)
def join_spans(data_B, span_N2):
    """Bytes of the spans data_B[span_N2[n, 0]:span_N2[n, 1]] end to end, and where each starts: uint8 (T,), int32
    (N + 1,). A span that starts below 0 is empty. ValueError above 2 GiB.
    """
    offset_N1 = np.zeros(span_N2.shape[0] + 1, np.int32)
    total = 0
    for n in range(span_N2.shape[0]):
        if span_N2[n, 0] >= 0:
            total += span_N2[n, 1] - span_N2[n, 0]
        if total > 0x7FFFFFFF:
            raise ValueError("spans of one array hold more than 2 GiB")
        offset_N1[n + 1] = total
    joined_T = np.empty(total, np.uint8)
    for n in range(span_N2.shape[0]):
        _copy(data_B, span_N2[n, 0], joined_T, offset_N1[n], offset_N1[n + 1])
    return joined_T, offset_N1


@njit(cache=True, nogil=True, inline="always")
def _copy(data_B, start, joined_T, to, end):
    while end - to >= 8:
        store8(joined_T, to, load8(data_B, start))
        start += 8
        to += 8
    while to < end:
        joined_T[to] = data_B[start]
        start += 1
        to += 1
