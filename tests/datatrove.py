"""Rows that datatrove judged: the committed golden set, and any texts where datatrove is installed."""

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard

from tests.shared_data import shared

SCRIPT = Path(__file__).parent / "golden" / "make_datatrove_gopher.py"
GOLDEN = SCRIPT.with_name("datatrove_gopher.jsonl.zst")
Row = dict[str, Any]


def read_jsonl(path: Path) -> list[Row]:
    with zstandard.open(path, "rt", encoding="utf-8", newline="\n") as lines:
        return [json.loads(line) for line in lines]


@cache
def real_rows() -> list[Row]:
    """Real documents as rows like the golden set's, made now (minutes), once for all tests.

    Skips without CORPUSMILL_PEERS, the Python of a virtual environment that has datatrove.
    """
    python = os.environ.get("CORPUSMILL_PEERS")
    if not python:
        pytest.skip("set CORPUSMILL_PEERS to the Python of a virtual environment that has datatrove")
    with tempfile.TemporaryDirectory() as folder:
        texts, rows = Path(folder, "texts.json"), Path(folder, "rows.zst")
        texts.write_text(json.dumps(real_texts()))
        subprocess.run([python, SCRIPT, "--texts", texts, rows], check=True)
        return read_jsonl(rows)


def real_texts(most: int = 1500) -> list[str]:
    """Documents of three corpora, evenly spread."""
    names = ("20news-bydate-train", "reuters21578", "peps")
    corpora = [read_jsonl(shared(f"corpus/{name}.jsonl.zst")) for name in names]
    picks = [np.linspace(0, len(rows) - 1, most // len(names)).astype(int) for rows in corpora]
    return [rows[i]["text"] for rows, picked in zip(corpora, picks, strict=True) for i in picked]


def reasons(dropped: Sequence[Row], num_docs: int) -> list[str | None]:
    """Rule under which each document d0, d1, ... was dropped, or None."""
    rule = {row["doc_id"]: row["rule"] for row in dropped}
    return [rule.get(f"d{i}") for i in range(num_docs)]


def assert_same_values(rows: Sequence[Row], family: str, signals: dict[str, np.ndarray]) -> None:
    """Every value that datatrove compares is ours, to the last bit."""
    for name in rows[0][family]:
        expected = np.array([row[family][name] for row in rows], np.float64)
        ours = next(values for signal, values in signals.items() if signal.endswith(f".{name}"))
        np.testing.assert_array_equal(ours, expected, err_msg=name)
