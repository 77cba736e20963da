"""Plain lines of JSON to columns, a block at a time; `json_records` says the same of one line.

Shapes: B = bytes of the block, L = its lines, N = plain lines among them, K = wanted fields.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import InputConfig
from pipeline.io.gather import Gather
from pipeline.io.lines import LineBlock
from pipeline.io.spans import as_strings, span_strings
from pipeline.kernels.json_lines import (
    ABSENT,
    BLANK,
    BOOLEAN,
    FRACTION,
    INTEGER,
    MAX_FIELDS,
    ODD,
    PLAIN,
    STRING,
    plain_lines,
)
from pipeline.kernels.json_strings import unescaped

_ANY = (ABSENT, STRING, INTEGER, FRACTION, BOOLEAN)
_FITS = {
    "string": (ABSENT, STRING),
    "int64": (ABSENT, INTEGER),
    "float64": (ABSENT, INTEGER, FRACTION),
    "bool": (ABSENT, BOOLEAN),
}
_OWN = frozenset({"text", "id", "url"})
_FRACTIONS_A_LINE = 4
Bytes = npt.NDArray[np.uint8]


def plain_lines_of(config: InputConfig) -> PlainLines | None:
    """What takes the plain lines of an input; none where two of its columns have one field."""
    names = (config.text, config.id, config.url, *config.columns)
    return PlainLines(config) if len(set(names)) == len(names) and not _OWN.intersection(config.columns) else None


class PlainLines:
    """Puts plain lines into the columns that one input wants."""

    def __init__(self, config: InputConfig) -> None:
        self._kinds = {"text": "", "id": "", "url": ""} | dict(config.columns)
        names = [one.encode() for one in (config.text, config.id, config.url, *config.columns)]
        self._names_B = np.frombuffer(b"".join(names), np.uint8)
        self._name_ends_K1 = np.cumsum([0, *map(len, names)])
        fits = [(STRING,), _ANY, _ANY, *(_FITS[kind] for kind in config.columns.values())]
        self._fits_KT = np.array([[tag in one for tag in _ANY] for one in fits])

    def take(self, block: LineBlock, gather: Gather) -> Iterator[tuple[int, bytes]]:
        """Gather the plain lines of `block`; the position and bytes of every other that is not blank."""
        data_B = np.frombuffer(block.data, np.uint8)
        most = np.count_nonzero(data_B == ord("\n")) + 1
        line_L3, value_LK3 = np.empty((most, 3), np.int64), np.empty((most, len(self._kinds), 3), np.int64)
        meta_O, meta_L1 = np.empty(2 * data_B.size, np.uint8), np.empty(most + 1, np.int64)
        fraction_F3 = np.empty((_FRACTIONS_A_LINE * most + 2 * MAX_FIELDS, 3), np.int64)
        num, num_fractions = plain_lines(
            data_B, self._names_B, self._name_ends_K1, line_L3, value_LK3, meta_O, meta_L1, fraction_F3
        )
        line_L3, value_LK3 = line_L3[:num], value_LK3[:num]
        status_L = line_L3[:, 2]
        for line, start, end in fraction_F3[:num_fractions].tolist():
            if repr(float(block.data[start:end])).encode() != block.data[start:end]:
                status_L[line] = ODD
        fits_L = self._fits_KT[np.arange(len(self._kinds)), value_LK3[:, :, 2]].all(axis=1)
        plain_L = (status_L == PLAIN) & fits_L
        try:
            columns = self._columns(data_B, value_LK3[plain_L])
            columns["meta"] = _meta(meta_O, meta_L1[:-1][:num][plain_L], meta_L1[1:][:num][plain_L])
        except pa.ArrowInvalid:  # one by one, to find the one that is not UTF-8
            plain_L = np.zeros(num, np.bool_)
        else:
            columns["position"] = pa.array(line_L3[plain_L, 0] + block.at)
            gather.records += int(plain_L.sum())
            gather.documents(columns, int((line_L3[plain_L, 1] - line_L3[plain_L, 0]).sum()))
        others = line_L3[~plain_L & (status_L != BLANK), :2].tolist()
        return ((block.at + start, block.data[start:end]) for start, end in others)

    def _columns(self, data_B: Bytes, value_NK3: npt.NDArray[np.int64]) -> dict[str, pa.Array]:
        """Text, id, address and lifted columns; pa.ArrowInvalid where one is not UTF-8."""
        columns = {}
        for k, (name, kind) in enumerate(self._kinds.items()):
            is_there_N = value_NK3[:, k, 2] != ABSENT
            written_O, offset_N1 = unescaped(data_B, value_NK3[:, k, :2] * is_there_N[:, None])
            columns[name] = _typed(as_strings(written_O, offset_N1, is_there_N), kind)
        return columns


def _typed(strings: pa.StringArray, kind: str) -> pa.Array:
    if kind in ("int64", "float64"):
        return strings.cast(kind)
    return pc.equal(strings, "true") if kind == "bool" else strings


def _meta(meta_O: Bytes, start_N: npt.NDArray[np.int64], end_N: npt.NDArray[np.int64]) -> pa.StringArray:
    return span_strings(meta_O, np.stack([np.where(start_N < end_N, start_N, -1), end_N], axis=1))
