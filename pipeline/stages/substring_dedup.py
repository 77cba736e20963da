"""Cut passages that are written, word for word, at a better-ranked place too.

text -> anchors grouped -> windows of repeated anchors grouped -> windows seen before -> passages cut, evidence

The definition, after Lee et al. 2022 ("Deduplicating Training Data Makes Language Models Better", their ExactSubstr),
with words for tokens. A *window* is `min_tokens` words in a row. Two are equal if they have the same words, case
included, and the same characters between them, where a run of white space counts as one blank: text that was wrapped
anew is the same text, text with other punctuation is not. Places are ranked by the keeper rules for their documents,
then by ordinal, then as they are read. A window is *seen before* if an equal one stands at a better place, be it in the
same document. Every word of a window seen before is cut, with what stands between such words, and the white space that
would stay double (`passage_bytes`). A document of which no word is left, or fewer than `min_words_left`, goes whole.
Conversations are compared, but not cut.

What that guarantees, but for conversations: afterwards no `min_tokens` words that were neighbours before stand at two
places. New neighbours, to the left and right of a cut, may repeat others; so it is with Lee et al., who found that a
second run removes what remains. And without `min_words_left` no word is lost: each that is cut stands in a window whose
equal at a better place has it too; if it is cut there as well, then for a still better place, and so on to one that
stays. A window whose best copy overlaps with others seen before can stay in pieces, in several documents;
of words that repeat themselves in a row one period stays.

How it is found without a suffix array: equal windows choose equal anchors (`winnowing`), so most text is done with when
its anchors are known to be the only ones. Windows of the others are compared by 128 bits of hash (`window_hashes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from pipeline.config import SubstringDedupConfig
from pipeline.io.dataset import CUT, VERDICT, Documents
from pipeline.stages.cut_evidence import conclude_cuts
from pipeline.stages.engine import Engine, Result
from pipeline.stages.equal_keys import group_equal_keys
from pipeline.stages.group_answers import answer_groups
from pipeline.stages.keeper_rules import ranking
from pipeline.stages.shard_phases import ShardPhases, read_mapped, summed
from pipeline.stages.substring_dedup_cuts import CutTask, write_shard_cuts
from pipeline.stages.substring_dedup_keys import AnchorTask, WindowTask, write_anchors, write_windows

ANCHOR_COLUMNS = 2  # hash and place
WINDOW_COLUMNS = 3  # two hashes and place, and those of rank
SUMMED = ("duplicates", "documents_cut", "passages_cut", "bytes_cut", "windows_seen_before")


def substring_dedup_job(
    engine: Engine,
    documents: Documents,
    config: SubstringDedupConfig,
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
    bytes, words: of all text. anchors: places chosen in it. windows_compared: windows whose anchor is repeated.
    windows_seen_before: of those. What else: `tally.tally_result`; bytes that are cut count as removed.
    """
    phases = ShardPhases("substring_dedup", engine, documents, Path(work_dir), key)
    anchors, anchored = _find_anchors(phases, config)
    windows, found = _compare_windows(phases, config, anchors, anchored)
    cut_tasks, done = _cut_passages(phases, config, windows, found)
    cuts = pa.concat_tables([CUT.empty_table(), *(read_mapped(task.path) for task in cut_tasks)])
    removed = pa.concat_tables([VERDICT.empty_table(), *(read_mapped(task.removed_path) for task in cut_tasks)])
    figures = conclude_cuts(
        documents,
        cuts,
        removed,
        "substring",
        [(task.tally_path, result["groups"]) for task, result in zip(anchors, anchored, strict=True)],
        config.tripwires,
        out_path=out_path,
        cuts_path=cuts_path,
        evidence_path=evidence_path,
        cuts_evidence_path=cuts_evidence_path,
    )
    num_docs, counts = summed(anchored, "documents"), {name: summed(done, name) for name in SUMMED}
    return {
        "in": num_docs,
        "out": num_docs - counts["duplicates"],
        "bytes": summed(anchored, "bytes"),
        "words": summed(anchored, "words"),
        "anchors": summed(anchored, "anchors"),
        "windows_compared": summed(found, "windows"),
        **counts,
        **figures,
    }


def _find_anchors(phases: ShardPhases, config: SubstringDedupConfig) -> tuple[list[AnchorTask], list[Result]]:
    shards, verdicts = phases.documents.shards, phases.documents.verdicts
    tasks = [
        AnchorTask(shard, verdicts, config.min_tokens, phases.path("anchors", i)) for i, shard in enumerate(shards)
    ]
    return tasks, phases.run("anchors", write_anchors, tasks)


def _compare_windows(
    phases: ShardPhases, config: SubstringDedupConfig, anchors: Sequence[AnchorTask], anchored: Sequence[Result]
) -> tuple[list[WindowTask], list[Result]]:
    """Tasks and results: the windows of each shard whose anchor is repeated."""
    answers = _group(phases, "anchors", [t.path for t in anchors], summed(anchored, "rows"), ANCHOR_COLUMNS, 0)
    tasks = [
        WindowTask(task.shard, task.verdicts, config, task.known_path, answers, phases.path("windows", i))
        for i, task in enumerate(anchors)
    ]
    return tasks, phases.run("windows", write_windows, tasks)


def _cut_passages(
    phases: ShardPhases, config: SubstringDedupConfig, windows: Sequence[WindowTask], found: Sequence[Result]
) -> tuple[list[CutTask], list[Result]]:
    """Tasks and results: the passages of each shard that are made of windows seen before."""
    rank_columns = len(ranking(config.prefer))
    tables = [(task, range(result["tables"])) for task, result in zip(windows, found, strict=True)]
    keys = [task.key_path(i) for task, numbers in tables for i in numbers]
    answers = _group(phases, "windows", keys, summed(found, "rows"), WINDOW_COLUMNS + rank_columns, rank_columns)
    tasks = [
        CutTask(
            task.shard,
            task.verdicts,
            config,
            tuple(task.table_path(i) for i in numbers),
            answers,
            phases.path("cuts", shard),
        )
        for shard, (task, numbers) in enumerate(tables)
    ]
    return tasks, phases.run("cuts", write_shard_cuts, tasks)


def _group(
    phases: ShardPhases, phase: str, key_files: Sequence[str], rows: int, columns: int, rank_columns: int
) -> tuple[str, ...]:
    """The answer files of members that share a key."""
    groups = group_equal_keys(
        phases.engine,
        key_files,
        rows=rows,
        columns=columns,
        rank_columns=rank_columns,
        folder=str(phases.work / f"{phase}_groups"),
        key=phases.key,
        label=f"substring_dedup: {phase} grouped",
    )
    folder, label = str(phases.work / f"{phase}_answers"), f"substring_dedup: {phase} answers"
    return answer_groups(phases.engine, groups, folder=folder, key=phases.key, label=label)
