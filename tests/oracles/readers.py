"""Slow, obvious twins of the line, text and CSV readers: whole file in memory, one record after another."""

import csv
import io
import json
from typing import Any


def lines(data: bytes) -> list[tuple[int, bytes]]:
    """(position, line) of every line; a line ends at a line feed, the last one may lack it."""
    found, at = [], 0
    while at < len(data):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        found.append((at, data[at:end]))
        at = end + 1
    return found


def jsonl_texts(data: bytes) -> list[tuple[int, Any]]:
    """(position, text) of every line that is an object with a text; None for a line that must be quarantined."""
    found: list[tuple[int, Any]] = []
    for at, line in lines(data):
        if line.strip(b" \t\r"):
            try:
                text = json.loads(line.decode().removeprefix("\ufeff") if at == 0 else line.decode())["text"]
                text.encode()
                found.append((at, text if isinstance(text, str) and "\0" not in text else None))
            except (ValueError, TypeError, KeyError, AttributeError):
                found.append((at, None))
    return found


def paragraphs(data: bytes) -> list[tuple[int, bytes]]:
    """(position, paragraph): lines with no empty line between them, joined by line feeds."""
    found: list[tuple[int, bytes]] = []
    is_open = False
    for at, line in lines(data):
        if line in (b"", b"\r"):
            is_open = False
        elif is_open:
            found[-1] = (found[-1][0], found[-1][1] + b"\n" + line)
        else:
            found.append((at, line))
            is_open = True
    return [(at, text.removesuffix(b"\r")) for at, text in found]


def csv_texts(data: bytes, column: str) -> list[str]:
    """The column of a well-formed CSV file, as the standard library reads it."""
    return [row[column] for row in csv.DictReader(io.StringIO(data.decode(), newline=""))]
