"""Cut lines, paragraphs or runs of sentences that are written at another place too.

text -> units of each shard, equal ones made one -> grouped by key -> counts back to the shards -> cuts, evidence

The definition. A *unit* is a window of lines, paragraphs or sentences in a row (`kernels/line_units.py`); two are equal
if their normal forms are (`kernels/normal_units.py`; by 128 bits of hash). Places are ranked by the keeper rules for
their documents, then by ordinal, then as they are read. Of a unit that stands in `min_count` places or more, all but
the best place are cut; with `keep: none` that one too, if two documents have the unit. A line goes with its line end.
A document of which nothing is left, or too few words or sentences, goes whole. Conversations are compared, but not cut.

Counts are exact, and of the whole corpus. As in the originals, what a document kept goes with it when too little else
is left of it; the evidence then says that no copy stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.config import LineDedupConfig
from pipeline.io.dataset import CUT, VERDICT, Documents
from pipeline.stages.cut_evidence import conclude_cuts
from pipeline.stages.engine import Engine, Result
from pipeline.stages.equal_keys import group_equal_keys
from pipeline.stages.keeper_rules import ranking
from pipeline.stages.line_dedup_answers import sum_groups
from pipeline.stages.line_dedup_cuts import NUM_SAMPLES, CutTask, warm, write_line_cuts
from pipeline.stages.line_dedup_units import UnitTask, write_units
from pipeline.stages.shard_phases import ShardPhases, read_mapped, summed

KIND = "line"
KEY_COLUMNS = 3  # two hashes and the member; those of rank come on top
SUMMED = ("distinct", "repeated", "units_cut", "duplicates", "documents_cut", "passages_cut", "bytes_cut")


def line_dedup_job(
    engine: Engine,
    documents: Documents,
    config: LineDedupConfig,
    *,
    out_path: str,
    cuts_path: str,
    evidence_path: str,
    cuts_evidence_path: str,
    work_dir: str,
    key: str,
) -> Result:
    """Write the verdict file, the cut file and the evidence of both; return the counts.

    in, out, duplicates (gone whole), documents_cut: documents. passages_cut, bytes_cut: of documents that are cut.
    bytes: of all text. units, distinct, repeated (distinct ones in `min_count` places or more), units_cut: of what is
    compared. histogram: distinct units by number of places, in powers of two. most_frequent: count, documents and text.
    What else: `tally.tally_result`; bytes that are cut count as removed.
    """
    phases = ShardPhases("line_dedup", engine, documents, Path(work_dir), key)
    warm(config)
    shards = enumerate(documents.shards)
    tasks = [UnitTask(shard, documents.verdicts, config, i, phases.path("units", i)) for i, shard in shards]
    read = phases.run("units", write_units, tasks)
    answers = _compare(phases, config, tasks, summed(read, "rows"))
    cut_tasks = [CutTask(task, answers, phases.path("cuts", i)) for i, task in enumerate(tasks)]
    done = phases.run("cuts", write_line_cuts, cut_tasks)
    cuts = pa.concat_tables([CUT.empty_table(), *(read_mapped(task.path) for task in cut_tasks)])
    removed = pa.concat_tables([VERDICT.empty_table(), *(read_mapped(task.removed_path) for task in cut_tasks)])
    figures = conclude_cuts(
        documents,
        cuts,
        removed,
        KIND,
        [(task.tally_path, result["groups"]) for task, result in zip(tasks, read, strict=True)],
        config.tripwires,
        out_path=out_path,
        cuts_path=cuts_path,
        evidence_path=evidence_path,
        cuts_evidence_path=cuts_evidence_path,
    )
    num_docs, counts = summed(read, "documents"), {name: summed(done, name) for name in SUMMED}
    return {
        "in": num_docs,
        "out": num_docs - counts["duplicates"],
        "bytes": summed(read, "bytes"),
        "units": summed(read, "units"),
        **counts,
        **figures,
        "histogram": _histogram(done),
        "most_frequent": _most_frequent(done),
    }


def _compare(phases: ShardPhases, config: LineDedupConfig, tasks: Sequence[UnitTask], rows: int) -> tuple[str, ...]:
    """The answer files: of units that two shards have or more, what all shards together know."""
    rank_columns = len(ranking(config.prefer))
    groups = group_equal_keys(
        phases.engine,
        [task.path for task in tasks],
        rows=rows,
        columns=KEY_COLUMNS + rank_columns,
        rank_columns=rank_columns,
        folder=str(phases.work / "groups"),
        key=phases.key,
        label="line_dedup: groups",
    )
    known = [task.known_path for task in tasks]
    return sum_groups(phases.engine, groups, known, folder=str(phases.work / "sums"), key=phases.key)


def _histogram(done: Sequence[Result]) -> dict[str, int]:
    total: Counter[int] = Counter()
    for result in done:
        total.update({int(count): number for count, number in result["histogram"].items()})
    return {str(count): total[count] for count in sorted(total)}


def _most_frequent(done: Sequence[Result]) -> list[dict[str, Any]]:
    """The units in most places of all shards, the first of equals by place."""
    rows = sorted((row for result in done for row in result["frequent"]), key=lambda r: (-r["count"], r["place"]))
    return [{name: row[name] for name in ("count", "documents", "text")} for row in rows[:NUM_SAMPLES]]
