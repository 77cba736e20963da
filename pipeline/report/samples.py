"""A few dropped documents of every rule, read from `dropped/` without reading it all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

SAMPLES_PER_RULE = 3
SAMPLE_CHARS = 300
MAX_ROWS_LOOKED_AT = 200_000  # a rule that first fired later goes without a sample
LIGHT_COLUMNS = ["doc_id", "stage", "rule", "value", "threshold"]


@dataclass(frozen=True)
class Sample:
    """One dropped document; `text` is its start, None where the run kept no dropped text."""

    doc_id: str
    stage: str
    rule: str
    value: float | None
    threshold: float | None
    text: str | None
    is_whole: bool

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def dropped_samples(dropped_dir: Path, counts: Mapping[tuple[str, str], int]) -> list[Sample]:
    """The first dropped documents of each rule, in file order; `counts` says how many each (stage, rule) dropped.

    Light columns are read row group by row group until every rule has its samples; text only where a sample lies.
    """
    wanted = {reason: min(n, SAMPLES_PER_RULE) for reason, n in counts.items() if n}
    found: list[Sample] = []
    left = MAX_ROWS_LOOKED_AT
    for path in sorted(dropped_dir.glob("*.parquet")):
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                if not any(wanted.values()) or left <= 0:
                    return found
                found += _samples_in(file, group, wanted)
                left -= file.metadata.row_group(group).num_rows
    return found


def _samples_in(file: pq.ParquetFile, group: int, wanted: dict[tuple[str, str], int]) -> Iterator[Sample]:
    """Samples of one row group; lowers `wanted` by what it finds."""
    light = file.read_row_group(group, columns=LIGHT_COLUMNS)
    reasons = zip(light["stage"].to_pylist(), light["rule"].to_pylist(), strict=True)
    picked = []
    for row, reason in enumerate(reasons):
        if wanted.get(reason, 0):
            wanted[reason] -= 1
            picked.append(row)
    if not picked:
        return
    texts = file.read_row_group(group, columns=["text"])["text"].take(picked).to_pylist()
    for values, text in zip(light.take(picked).to_pylist(), texts, strict=True):
        start = None if text is None else text[:SAMPLE_CHARS]
        yield Sample(**values, text=start, is_whole=start == text)
