"""What the tests of de-duplication share: an engine without processes, and documents as committed shards."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.config import EngineConfig
from pipeline.io.dataset import Documents, Shard
from pipeline.schema import document_schema
from pipeline.stages.engine import Task


class LocalEngine:
    """Runs tasks in a loop, in the order of their ids or backwards; counts those of each label. Keeps no results."""

    def __init__(self, *, shuffle_bytes: int = 2**28, backwards: bool = False) -> None:
        self.config = EngineConfig(shuffle_bytes=shuffle_bytes)
        self.workers = 1
        self.tasks: Counter[str] = Counter()
        self._backwards = backwards

    def run_tasks(
        self, fn: Callable[[Any], Any], tasks: Sequence[Task], *, sidecar_dir: str, label: str, **_: str
    ) -> list[Any]:
        Path(sidecar_dir).mkdir(parents=True, exist_ok=True)
        self.tasks[label] += len(tasks)
        results = {task.id: fn(task.payload) for task in sorted(tasks, key=lambda t: t.id, reverse=self._backwards)}
        return [results[task.id] for task in tasks]


def doc_id(ordinal: int) -> str:
    return f"{ordinal:032x}"


def write_corpus(folder: Path, texts: Sequence[str], cuts: Sequence[int] = ()) -> Documents:
    """Documents of `texts` in shards that begin at 0 and at each of `cuts`."""
    folder.mkdir(parents=True, exist_ok=True)
    shards = []
    for i, (start, stop) in enumerate(zip([0, *cuts], [*cuts, len(texts)], strict=True)):
        rows = [{"doc_id": doc_id(d), "source": "test", "position": d, "text": texts[d]} for d in range(start, stop)]
        path = folder / f"{i:06d}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, document_schema()), path)
        shards.append(Shard(str(path), stop - start, start, path.stat().st_size))
    return Documents(tuple(shards))
