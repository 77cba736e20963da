"""Compiles the kernels of the readers, so that workers find them."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Collection
from pathlib import Path

from pipeline.config import InputConfig
from pipeline.io.reading import read_slice
from pipeline.io.slices import find_sources, plan_slices

_RECORD = b"WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Date: 2026\r\nContent-Length: 5\r\n\r\nWarm.\r\n\r\n"
_LINES = b'{"text": "Warm.\\n", "id": 1, "score": 0.5}\n'


def warm_readers(formats: Collection[str]) -> None:
    """Read a small file as each of `formats` that kernels read."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (
            ("jsonl", _LINES),
            ("wet", gzip.compress(_RECORD) * 2),
            ("warc", gzip.compress(_RECORD) * 2),
        ):
            if name in formats:
                path = Path(folder, f"warm.{name}")
                path.write_bytes(data)
                inputs = [InputConfig.model_validate({"format": name, "paths": [str(path)]})]
                for one in plan_slices(inputs, find_sources(inputs), path.stat().st_size):
                    list(read_slice(one, inputs))
