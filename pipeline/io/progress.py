"""How far workers are, through files: each task appends to one, the parent reads their tails.

Beam tells nobody of work inside a DoFn until it ends; a file does, on every runner that shares the run directory.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

_RECORD = struct.Struct("<qqq")


@dataclass(frozen=True)
class Progress:
    """Documents seen, documents kept so far, bytes of input read."""

    documents: int = 0
    kept: int = 0
    bytes_read: int = 0

    def __add__(self, other: Progress) -> Progress:
        return Progress(self.documents + other.documents, self.kept + other.kept, self.bytes_read + other.bytes_read)


class ProgressFile:
    """Totals of one task, written over in place; a fresh start of the task starts them again at zero."""

    def __init__(self, folder: str | Path, task_id: str) -> None:
        self._path = Path(folder, f"{task_id}.progress")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._total = Progress()
        self._path.write_bytes(_RECORD.pack(0, 0, 0))

    def add(self, step: Progress) -> None:
        """Count one more batch."""
        self._total += step
        with self._path.open("r+b") as file:
            file.write(_RECORD.pack(self._total.documents, self._total.kept, self._total.bytes_read))


def read_progress(folder: str | Path) -> Progress:
    """Sum over all tasks of a job; a file that is being written counts as it was."""
    total = Progress()
    for path in Path(folder).glob("*.progress"):
        record = path.read_bytes()
        if len(record) == _RECORD.size:
            total += Progress(*_RECORD.unpack(record))
    return total
