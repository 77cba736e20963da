"""Remove near-duplicates: MinHash nominates, exact similarity decides.

text -> signatures -> buckets grouped -> nominated documents -> shingle sets -> components decided -> verdicts, evidence

Text is read twice: all of it for signatures, that of nominated documents for shingle sets.

The definition: documents are ranked by the keeper rules. In rank order, a document is compared with those documents
that stayed and stand in its buckets, the first `max_representatives` of each bucket; if the similarity of its set of
shingles (64-bit hashes) with one of them is enough, it goes, and the best-ranked such document is its keeper, which
from then on stands in its buckets too. Else it stays. Then once more, where each keeper stands from the start in the
buckets of those that went for it: a document whose keeper still stays goes, others are compared with whom they meet
anew. So chains of buckets nominate, as where all that share one are joined, but exact similarity alone decides.
Documents of an index stand before all others and stay; planted copies stand behind all others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
import pyarrow as pa

from pipeline.config import NearDedupConfig
from pipeline.io.dataset import VERDICT, Documents, Ordinals
from pipeline.stages.dedup_index import IndexFile, index_files, made_by, resolved
from pipeline.stages.duplicates import conclude, write_near_misses
from pipeline.stages.engine import Engine, Result, Task
from pipeline.stages.equal_keys import group_equal_keys, save_array
from pipeline.stages.near_dedup_buckets import BucketTask, write_buckets
from pipeline.stages.near_dedup_decisions import (
    Cast,
    DecisionTask,
    ShingleFile,
    decide,
    nominate,
    read_pairs,
    split_components,
)
from pipeline.stages.near_dedup_index import (
    IndexBucketTask,
    IndexShingleTask,
    IndexTask,
    write_index_buckets,
    write_index_of_shard,
    write_index_shingles,
)
from pipeline.stages.near_dedup_planted import Plants, Similarities, plan_plants, planted_result
from pipeline.stages.near_dedup_shingles import ShingleTask, write_shingle_sets

KEY_COLUMNS = 2  # bucket and ordinal
DECIDED = ("comparisons", "comparisons_not_made", "verified_edges")
NEAR_MISSES = 1000  # the nearest of them are kept as evidence


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
    index_dir: str = "",
    misses_path: str = "",
) -> Result:
    """Write the verdict and evidence files of near-duplicates, near misses and, if asked, an index; return the counts.

    in, out, duplicates: documents. nominated: documents that share a bucket with another. candidate_pairs: pairs in a
    bucket, once per bucket. comparisons: exact similarities asked for; a document's end with its first verified edge.
    comparisons_not_made: of documents that stayed, kept bucket members beyond `max_representatives`, once per bucket.
    bands: LSH bands and rows per band. What else: `tally.tally_result`, `near_dedup_planted.planted_result`.
    """
    config = resolved(config)
    phases = _Phases(engine, Path(work_dir), key)
    index = index_files(config.index, made_by(config), documents.rows) if config.index else ()
    indexed = sum(file.rows for file in index)
    plants = plan_plants(documents, config, documents.rows + indexed, phases.work / "planted")
    cast = Cast(documents.rows, indexed, sum(len(some.ordinals) for some in plants.values()))

    buckets, groups = _group_buckets(phases, documents, plants, index, config)
    nominated = nominate(groups, cast)
    save_array(phases.work / "nominated.npy", nominated.ordinals)
    shingle_files = _write_shingle_sets(phases, documents, plants, index, config, nominated.ordinals)
    decided, misses, counts = _decide_components(phases, config, cast, groups, nominated.ordinals, shingle_files)

    is_own = decided.column("ordinal").to_numpy() < documents.rows
    removed = decided.filter(pa.array(is_own))
    figures = conclude(
        documents,
        removed,
        "near",
        buckets.tallies,
        config.tripwires,
        out_path=out_path,
        evidence_path=evidence_path,
        index=index,
    )
    write_near_misses(documents, misses, misses_path, index)
    if config.write_index:
        _write_index(phases, documents, config, out_path, Path(index_dir))
    return {
        "in": buckets.documents,
        "out": buckets.documents - removed.num_rows,
        "duplicates": removed.num_rows,
        "nominated": nominated.documents,
        "candidate_pairs": nominated.candidate_pairs,
        "biggest_bucket": nominated.biggest_bucket,
        **counts,
        "bands": [config.num_bands, config.rows_per_band],
        "min_jaccard": config.min_jaccard,
        "indexed": cast.indexed,
        "near_misses": misses.num_rows,
        **figures,
        **planted_result(config, list(plants.values()), buckets.similarities, decided.filter(pa.array(~is_own))),
    }


class _Buckets(NamedTuple):
    """What the first reading found: number of documents, tally of each shard, similarities by shard with plants."""

    documents: int
    tallies: list[tuple[str, Sequence[str]]]
    similarities: list[Similarities]


def _group_buckets(
    phases: _Phases,
    documents: Documents,
    plants: Mapping[int, Plants],
    index: Sequence[IndexFile],
    config: NearDedupConfig,
) -> tuple[_Buckets, list[Path]]:
    """What was found on the way, and the group files: every bucket that two or more are in."""
    tasks = [
        (
            shard.bytes,
            BucketTask(shard, documents.verdicts, config, phases.path("buckets", f"{i:06d}.npy"), plants.get(i)),
        )
        for i, shard in enumerate(documents.shards)
    ]
    written = phases.run("buckets", write_buckets, tasks)
    guests = [
        (file.rows, IndexBucketTask(file, config, phases.path("index_buckets", f"{i:06d}.npy")))
        for i, file in enumerate(index)
    ]
    known = phases.run("index_buckets", write_index_buckets, guests) if guests else []
    groups = group_equal_keys(
        phases.engine,
        [*(task.path for _, task in tasks), *(task.path for _, task in guests)],
        rows=sum(result["rows"] for result in (*written, *known)),
        columns=KEY_COLUMNS,
        folder=str(phases.work / "groups"),
        key=phases.key,
        label="near_dedup: groups",
    )
    found = _Buckets(
        sum(result["documents"] for result in written),
        [(task.tally_path, result["groups"]) for (_, task), result in zip(tasks, written, strict=True)],
        [written[i]["similarities"] for i in plants],
    )
    return found, groups


def _write_shingle_sets(
    phases: _Phases,
    documents: Documents,
    plants: Mapping[int, Plants],
    index: Sequence[IndexFile],
    config: NearDedupConfig,
    nominated: Ordinals,
) -> tuple[ShingleFile, ...]:
    """The shingle sets of all nominated, in the order of their ordinals: one file for each shard that has any."""
    nominated_path, unranked = phases.path("", "nominated.npy"), config.model_copy(update={"prefer": ("first",)})
    shards = [
        *((shard, documents.verdicts, config) for shard in documents.shards),
        *((some.copies, (), unranked) for some in plants.values()),
    ]

    def has_any(first_ordinal: int, rows: int) -> bool:
        low, high = np.searchsorted(nominated, [first_ordinal, first_ordinal + rows])
        return bool(low < high)

    tasks = [
        (s.bytes, ShingleTask(s, verdicts, nominated_path, ranked, phases.path("shingles", f"{i:06d}.arrow")))
        for i, (s, verdicts, ranked) in enumerate(shards)
        if has_any(s.first_ordinal, s.rows)
    ]
    guests = [
        (f.rows, IndexShingleTask(f, nominated_path, phases.path("index_shingles", f"{i:06d}.arrow")))
        for i, f in enumerate(index)
        if has_any(f.first_ordinal, f.rows)
    ]
    phases.run("shingles", write_shingle_sets, tasks)
    if guests:
        phases.run("index_shingles", write_index_shingles, guests)
    files = [ShingleFile(task.path, task.shard.first_ordinal, task.shard.rows) for _, task in tasks]
    files += [ShingleFile(task.path, task.file.first_ordinal, task.file.rows) for _, task in guests]
    return tuple(sorted(files, key=lambda file: file.first_ordinal))


def _decide_components(
    phases: _Phases,
    config: NearDedupConfig,
    cast: Cast,
    groups: Sequence[Path],
    nominated: Ordinals,
    shingle_files: tuple[ShingleFile, ...],
) -> tuple[pa.Table, pa.Table, dict[str, int]]:
    """(removals, near misses, sums of DECIDED) over all components; both tables have rows of VERDICT."""
    members_path, nominated_path = phases.path("", "members.npy"), phases.path("", "nominated.npy")
    tasks = []
    for i, (start, stop) in enumerate(split_components(groups, nominated, Path(members_path))):
        path = phases.path("decisions", f"{i:06d}.arrow")
        tasks.append(
            (stop - start, DecisionTask(members_path, start, stop, nominated_path, shingle_files, config, cast, path))
        )
    results = phases.run("decisions", decide, tasks)
    removed = pa.concat_tables([VERDICT.empty_table(), *(read_pairs(task.path) for _, task in tasks)])
    misses = pa.concat_tables([VERDICT.empty_table(), *(read_pairs(task.misses_path) for _, task in tasks)])
    nearest = misses.sort_by([("jaccard", "descending"), ("ordinal", "ascending")])[:NEAR_MISSES]
    return removed, nearest, {name: sum(result[name] for result in results) for name in DECIDED}


def _write_index(phases: _Phases, documents: Documents, config: NearDedupConfig, out_path: str, folder: Path) -> None:
    verdicts = (*documents.verdicts, out_path)
    tasks = [
        (shard.bytes, IndexTask(shard, verdicts, config, str(folder / f"{i:06d}.arrow")))
        for i, shard in enumerate(documents.shards)
    ]
    phases.run("index", write_index_of_shard, tasks)
