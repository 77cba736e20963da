"""A row stage as a Beam DoFn, for the public transforms and anyone's own pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import apache_beam as beam
import pyarrow as pa

from pipeline.config import Strict
from pipeline.schema import RowStage

Config = TypeVar("Config", bound=Strict)


class ApplyStage(beam.DoFn, Generic[Config]):
    """RecordBatch of DOCUMENT -> its rows that stay, rewritten where the stage rewrites; no batch where none stays.

    The stage, with its model, is built once per worker and never travels.
    """

    def __init__(self, make_stage: Callable[[Config], RowStage], config: Config) -> None:
        self._make_stage = make_stage
        self._config = config

    def setup(self) -> None:
        self._stage = self._make_stage(self._config)

    def process(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        kept = self._stage(batch).kept
        if kept.num_rows:
            yield kept
