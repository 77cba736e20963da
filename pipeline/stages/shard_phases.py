"""Phases of a job that go over all shards: one task for each, whose sidecars stand beside what it writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.io.dataset import Documents
from pipeline.stages.engine import Engine, Result, Task


@dataclass(frozen=True)
class ShardPhases:
    """What every phase of one job shares: its name, who runs it, where its files go, what must not have changed."""

    job: str
    engine: Engine
    documents: Documents
    work: Path
    key: str

    def path(self, phase: str, shard: int) -> str:
        """Where a phase writes what comes of one shard; names begin with it."""
        return str(self.work / phase / f"{shard:06d}")

    def run(self, phase: str, fn: Callable[[Any], Result], payloads: Sequence[Any]) -> list[Result]:
        """Results of fn on the payload of each shard."""
        tasks = [
            Task(f"{i:06d}", shard.bytes, payload)
            for i, (shard, payload) in enumerate(zip(self.documents.shards, payloads, strict=True))
        ]
        return self.engine.run_tasks(
            fn, tasks, sidecar_dir=str(self.work / phase), key=self.key, label=f"{self.job}: {phase}"
        )


def read_mapped(path: str) -> pa.Table:
    """The rows of one verdict or cut file, mapped."""
    with pa.memory_map(path) as source, pa.ipc.open_file(source) as file:
        return file.read_all()


def summed(results: Sequence[Result], name: str) -> int:
    """One count over the results of a phase."""
    return sum(int(result[name]) for result in results)
