"""Arrow columns of any type to the types a document has."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from pipeline.io.fields import meta_json
from pipeline.schema import document_schema


def is_text(kind: pa.DataType) -> bool:
    """True for every Arrow type that holds Unicode text, dictionaries of it included."""
    value = kind.value_type if pt.is_dictionary(kind) else kind
    return pt.is_string(value) or pt.is_large_string(value) or pt.is_string_view(value) or pt.is_null(value)


def as_string(column: pa.Array) -> pa.StringArray:
    """A text column as `string`."""
    return column if column.type == pa.string() else column.cast(pa.string())


def as_plain(column: pa.Array) -> pa.StringArray:
    """An id or address as text: text, integers, dates and times as they read, anything else as JSON."""
    if is_text(column.type) or pt.is_integer(column.type) or pt.is_temporal(column.type):
        return as_string(column)
    return pa.array([None if value is None else meta_json(value) for value in column.to_pylist()], pa.string())


def as_lifted(column: pa.Array, kind: str) -> tuple[pa.Array, list[int]]:
    """The column as a lifted one of this kind, null where a value does not fit, and the rows where it does not.

    Text fits string, and so do dates and times (ISO 8601); integers fit int64 where they are in range; integers and
    floats fit float64 where no digit is lost; booleans fit bool.
    """
    wanted = document_schema({"column": kind}).field("column").type
    values = column.cast(column.type.value_type) if pt.is_dictionary(column.type) else column
    if not _kinds_agree(values.type, kind):
        return pa.nulls(len(values), wanted), [int(i) for i in np.flatnonzero(values.is_valid().to_numpy(False))]
    try:
        return values.cast(wanted), []
    except pa.ArrowInvalid:
        parts = [_cast_one(values.slice(i, 1), wanted) for i in range(len(values))]
        unfit = [i for i, part in enumerate(parts) if part is None]
        return pa.concat_arrays([pa.nulls(1, wanted) if part is None else part for part in parts]), unfit


def _kinds_agree(given: pa.DataType, kind: str) -> bool:
    if pt.is_null(given):
        return True
    return {
        "string": is_text(given) or pt.is_temporal(given),
        "int64": pt.is_integer(given),
        "float64": pt.is_integer(given) or pt.is_floating(given),
        "bool": pt.is_boolean(given),
    }[kind]


def _cast_one(value: pa.Array, wanted: pa.DataType) -> pa.Array | None:
    try:
        return value.cast(wanted)
    except pa.ArrowInvalid:
        return None
