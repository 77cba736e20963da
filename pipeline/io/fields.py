"""One record's fields to a document's: text, id, url, lifted columns, and the rest as `meta`."""

from __future__ import annotations

import base64
import datetime
import json
import math
import re
from collections.abc import Mapping
from typing import NamedTuple

from pipeline.config import InputConfig, Layout
from pipeline.io.instruction import Message, conversation, joined_text
from pipeline.io.reasons import BadRecordError, QuarantineReason

_INTEGER = re.compile(r"[+-]?\d{1,19}")
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1


class Placed(NamedTuple):
    """A record's fields as a document's. lifted: one value per column of the input, in its order."""

    text: str
    id: str | None
    url: str | None
    meta: str | None
    messages: list[Message] | None
    lifted: tuple[object, ...]


def place(fields: Mapping[str, object], config: InputConfig, layout: Layout = "none", *, typed: bool = True) -> Placed:
    """A record's fields put where a document has them; BadRecordError where they don't fit.

    layout: alpaca or messages make a conversation, anything else takes the text field.
    typed: False where every value is text (CSV); lifted values are then parsed, and an empty one is null.
    """
    rest = dict(fields)
    messages = None
    if layout in ("alpaca", "messages"):
        messages = conversation(layout, rest)
        text = joined_text(messages)
    else:
        text = _text(rest.pop(config.text, None))
    number, address = _plain(rest.pop(config.id, None)), _plain(rest.pop(config.url, None))
    lifted = tuple(_fit(kind, rest.pop(name, None), typed) for name, kind in config.columns.items())
    return Placed(text, number, address, meta_json(rest) if rest else None, messages, lifted)


def _text(value: object) -> str:
    if value is None:
        raise BadRecordError(QuarantineReason.MISSING_TEXT)
    if not isinstance(value, str):
        raise BadRecordError(QuarantineReason.BAD_TEXT)
    return value


def _plain(value: object) -> str | None:
    """An id or address as text: a string as it is, anything else as JSON."""
    return value if value is None or isinstance(value, str) else meta_json(value)


def _fit(kind: str, value: object, typed: bool) -> object:
    """`value` as a lifted column of this kind; BadRecordError where it is of another type or out of range."""
    if not typed and isinstance(value, str) and kind != "string":
        value = _parsed(kind, value)
    if value is None:
        return None
    fits = {
        "string": isinstance(value, str),
        "bool": isinstance(value, bool),
        "int64": type(value) is int and _INT64_MIN <= value <= _INT64_MAX,
        "float64": (type(value) is float and math.isfinite(value)) or (type(value) is int and abs(value) <= 2**53),
    }[kind]
    if not fits:
        raise BadRecordError(QuarantineReason.BAD_COLUMN)
    return float(value) if kind == "float64" else value  # type: ignore[arg-type]  # fits says so


def _parsed(kind: str, text: str) -> object:
    """A CSV cell as its column's kind says; the text itself where it is none, which then fits nothing."""
    if not text:
        return None
    if kind == "bool":
        return {"true": True, "false": False}.get(text.lower(), text)
    if kind == "int64":
        return int(text) if _INTEGER.fullmatch(text) else text
    try:
        return float(text)
    except ValueError:
        return text


def meta_json(value: object) -> str:
    """`value` as JSON: sorted keys, Unicode as it is.

    Numbers that JSON has no word for become null, bytes base64, dates and times ISO 8601, anything else text.
    """
    try:
        return _ENCODER.encode(value)
    except ValueError:
        return _ENCODER.encode(_finite(value))


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list | tuple) else value


def _other_types(value: object) -> str:
    """Values that Arrow has and JSON has not, as text."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False, default=_other_types)
