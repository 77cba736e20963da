"""JSON files: one record a line, or a `.json` file that holds one array or objects over several lines.

Plain lines go to columns a block at a time (`json_columns`), any other to one call of Python's `json`, 170 to 330 MB/s.
Arrow's reader guesses types, can't render `meta` and disagrees on repeated keys.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

from pipeline.io.compression import Flow
from pipeline.io.gather import Gather
from pipeline.io.json_values import json_values
from pipeline.io.lines import BOM, LineBlock, line_blocks
from pipeline.io.reasons import BadRecordError, Lost, QuarantineReason

if TYPE_CHECKING:
    from pipeline.io.json_columns import PlainLines

Framing = Literal["lines", "values"]
HEAD_BYTES = 2**20
MAX_DEPTH = 100
"""Far below what Python's stack allows, so that a record's fate does not depend on who calls."""
_COMPRESSED = frozenset({".gz", ".gzip", ".zst", ".zstd", ".lz4"})
_SPACE = b" \t\r\n"
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def json_framing(source: str, head: bytes) -> Framing:
    """How records stand in a JSON file, from its name and its first HEAD_BYTES once decompressed.

    Lines, unless the name says `.json` (before a compression suffix) and the file starts with an array, or with an
    object that is not complete on its line while the next line starts no object.
    """
    suffixes = [s for s in PurePosixPath(source).suffixes if s.lower() not in _COMPRESSED]
    start = head.removeprefix(BOM).lstrip(_SPACE)
    if not suffixes or suffixes[-1].lower() != ".json" or not start.startswith((b"[", b"{")):
        return "lines"
    first, _, rest = start.partition(b"\n")
    if start.startswith(b"[") or not rest.strip(_SPACE) or rest.lstrip(_SPACE).startswith(b"{"):
        return "values" if start.startswith(b"[") else "lines"
    try:
        parse_object(first, 0)
    except BadRecordError:
        return "values"
    return "lines"


def read_json(
    flow: Flow, gather: Gather, framing: Framing, plain: PlainLines | None, stop: int | None = None
) -> Iterator[None]:
    """Gather the documents of a JSON file; yields where a batch may be taken. plain: takes the plain ones of its
    lines.
    """
    if framing == "lines":
        yield from _read_lines(flow, gather, plain, stop)
        return
    for framed in json_values(flow):
        _take_framed(gather, framed)
        yield


def _read_lines(flow: Flow, gather: Gather, plain: PlainLines | None, stop: int | None) -> Iterator[None]:
    for block in line_blocks(flow, stop):
        if isinstance(block, Lost):
            _take_framed(gather, block)
        else:
            for line in plain.take(block, gather) if plain else _records(block):
                _take_framed(gather, line)
        yield


def first_fields(flow: Flow, framing: Framing) -> frozenset[str]:
    """Field names of the first readable record of a file; none where HEAD_BYTES hold no such record."""
    for framed in json_values(flow) if framing == "values" else _first_lines(flow):
        try:
            if not isinstance(framed, Lost):
                return frozenset(parse_object(framed[1], framed[0]))
        except BadRecordError:
            continue
    return frozenset()


def _first_lines(flow: Flow) -> Iterator[tuple[int, bytes]]:
    for block in line_blocks(flow, HEAD_BYTES):
        if not isinstance(block, Lost):
            yield from _records(block)


def _records(block: LineBlock) -> Iterator[tuple[int, bytes]]:
    """Lines with their positions; blank ones are no records."""
    return ((at, line) for at, line in block.numbered() if line.strip(_SPACE))


def _take_framed(gather: Gather, framed: tuple[int, bytes] | Lost) -> None:
    gather.records += 1
    if isinstance(framed, Lost):
        gather.lose(*framed)
        return
    position, raw = framed
    try:
        fields = parse_object(raw, position)
    except BadRecordError as bad:
        gather.lose(position, bad.reason, raw)
    else:
        gather.record(position, fields, raw)


def parse_object(raw: bytes, position: int) -> dict[str, object]:
    """The JSON object in `raw`; BadRecordError where it is none, or nested deeper than MAX_DEPTH.

    Of a repeated key the last value holds.
    """
    try:
        text = raw.removeprefix(BOM).decode() if position == 0 else raw.decode()
        value = _DECODER.decode(text)
        if _is_too_deep(value):
            raise ValueError("nested too deep")
        if _SURROGATE.search(raw):
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise BadRecordError(QuarantineReason.INVALID_UTF8) from error
    except UnicodeEncodeError as error:
        raise BadRecordError(QuarantineReason.INVALID_SURROGATE) from error
    except (ValueError, RecursionError) as error:
        raise BadRecordError(QuarantineReason.BAD_JSON) from error
    if not isinstance(value, dict):
        raise BadRecordError(QuarantineReason.NOT_AN_OBJECT)
    return value


def _is_too_deep(value: object) -> bool:
    layer = [value]
    for _ in range(MAX_DEPTH):
        inner = (one.values() if isinstance(one, dict) else one for one in layer if isinstance(one, dict | list))
        layer = [child for values in inner for child in values if isinstance(child, dict | list)]
        if not layer:
            return False
    return True


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
