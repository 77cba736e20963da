"""Remove near-duplicates: MinHash nominates, exact Jaccard similarity decides.

text -> signatures -> buckets grouped -> nominated documents -> shingle sets -> components decided -> verdicts, evidence

The definition: documents are ranked by the keeper rules. In rank order, a document is compared with those documents of
its buckets that stayed, the best `max_representatives` of each bucket; if the Jaccard similarity of its set of shingles
(64-bit hashes) with one of them is at least `min_jaccard`, it goes, and the best-ranked such document is its keeper.
Else it stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import pyarrow as pa

from pipeline.config import NearDedupConfig
from pipeline.io.dataset import VERDICT, Documents, Ordinals
from pipeline.stages.duplicates import write_duplicates
from pipeline.stages.engine import Engine, Result, Task
from pipeline.stages.equal_keys import group_equal_keys, save_array
from pipeline.stages.near_dedup_decisions import (
    DecisionTask,
    ShingleFile,
    decide,
    nominate,
    read_decisions,
    split_components,
)
from pipeline.stages.near_dedup_shingles import BucketTask, ShingleTask, write_buckets, write_shingle_sets

KEY_COLUMNS = 2  # bucket and ordinal
DECIDED = ("comparisons", "comparisons_not_made", "verified_edges")


class _WritesToPath(Protocol):
    @property
    def path(self) -> str: ...


Payload = TypeVar("Payload", bound=_WritesToPath)


@dataclass(frozen=True)
class _Phases:
    """What every phase of one job shares: who runs it, where its files go, what must not have changed since."""

    engine: Engine
    work: Path
    key: str

    def path(self, phase: str, name: str) -> str:
        return str(self.work / phase / name)

    def run(self, phase: str, fn: Callable[[Payload], Result], sized: Sequence[tuple[int, Payload]]) -> list[Result]:
        """Results of fn on each (bytes, payload). Their sidecars stand beside what they write."""
        tasks = [Task(Path(payload.path).stem, size, payload) for size, payload in sized]
        return self.engine.run_tasks(
            fn, tasks, sidecar_dir=str(self.work / phase), key=self.key, label=f"near_dedup: {phase}"
        )


def near_dedup_job(
    engine: Engine,
    documents: Documents,
    config: NearDedupConfig,
    *,
    out_path: str,
    evidence_path: str,
    work_dir: str,
    key: str,
) -> Result:
    """Write the verdict and evidence files of near-duplicates; return the counts.

    in, out, duplicates: documents. nominated: documents that share a bucket with another. candidate_pairs: pairs in a
    bucket, once per bucket. comparisons: exact similarities asked for; a document's end with its first verified edge.
    comparisons_not_made: of documents that stayed, kept bucket members beyond `max_representatives`, once per bucket.
    """
    phases = _Phases(engine, Path(work_dir), key)
    num_docs, groups = _group_buckets(phases, documents, config)
    nominated = nominate(groups, documents.rows)
    save_array(phases.work / "nominated.npy", nominated.ordinals)
    shingle_files = _write_shingle_sets(phases, documents, config, nominated.ordinals)
    removed, counts = _decide_components(phases, config, groups, nominated.ordinals, shingle_files)
    write_duplicates(documents, removed, "near", out_path, evidence_path)
    return {
        "in": num_docs,
        "out": num_docs - removed.num_rows,
        "duplicates": removed.num_rows,
        "nominated": nominated.ordinals.size,
        "candidate_pairs": nominated.candidate_pairs,
        "biggest_bucket": nominated.biggest_bucket,
        **counts,
    }


def _group_buckets(phases: _Phases, documents: Documents, config: NearDedupConfig) -> tuple[int, list[Path]]:
    """(number of documents, group files): every bucket that two documents or more are in."""
    tasks = [
        (shard.bytes, BucketTask(shard, documents.verdicts, config, phases.path("buckets", f"{i:06d}.npy")))
        for i, shard in enumerate(documents.shards)
    ]
    written = phases.run("buckets", write_buckets, tasks)
    groups = group_equal_keys(
        phases.engine,
        [task.path for _, task in tasks],
        rows=sum(result["rows"] for result in written),
        columns=KEY_COLUMNS,
        folder=str(phases.work / "groups"),
        key=phases.key,
        label="near_dedup: groups",
    )
    return sum(result["documents"] for result in written), groups


def _write_shingle_sets(
    phases: _Phases, documents: Documents, config: NearDedupConfig, nominated: Ordinals
) -> tuple[ShingleFile, ...]:
    """The shingle sets of nominated documents: one file for each shard that has any."""
    tasks = []
    for i, shard in enumerate(documents.shards):
        low, high = np.searchsorted(nominated, [shard.first_ordinal, shard.first_ordinal + shard.rows])
        if low < high:
            path = phases.path("shingles", f"{i:06d}.arrow")
            tasks.append(
                (shard.bytes, ShingleTask(shard, phases.path("", "nominated.npy"), config.shingle_words, path))
            )
    phases.run("shingles", write_shingle_sets, tasks)
    return tuple(ShingleFile(task.path, task.shard.first_ordinal, task.shard.rows) for _, task in tasks)


def _decide_components(
    phases: _Phases,
    config: NearDedupConfig,
    groups: Sequence[Path],
    nominated: Ordinals,
    shingle_files: tuple[ShingleFile, ...],
) -> tuple[pa.Table, dict[str, int]]:
    """(rows of VERDICT, sums of DECIDED) over all components."""
    members_path, nominated_path = phases.path("", "members.npy"), phases.path("", "nominated.npy")
    tasks = []
    for i, (start, stop) in enumerate(split_components(groups, nominated, Path(members_path))):
        path = phases.path("decisions", f"{i:06d}.arrow")
        tasks.append(
            (stop - start, DecisionTask(members_path, start, stop, nominated_path, shingle_files, config, path))
        )
    results = phases.run("decisions", decide, tasks)
    removed = pa.concat_tables([VERDICT.empty_table(), *(read_decisions(task) for _, task in tasks)])
    return removed, {name: sum(result[name] for result in results) for name in DECIDED}
