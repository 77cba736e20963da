"""Substring de-duplication, from numbers to text: windows seen before become passages, passages become cuts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.config import SubstringDedupConfig
from pipeline.io.dataset import CUT, VERDICT, Ordinals, Shard, read_shard, write_cuts, write_verdicts
from pipeline.kernels.buffers import string_view
from pipeline.stages.group_answers import read_answers
from pipeline.stages.substring_dedup_keys import PLACE_BITS, distinct, is_among, place_range

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CutTask:
    """One shard, its tables of windows, what was found out about them, and where its cuts and removals go."""

    shard: Shard
    verdicts: tuple[str, ...]
    config: SubstringDedupConfig
    tables: tuple[str, ...]
    answers: tuple[str, ...]
    path: str

    @property
    def removed_path(self) -> str:
        """Rows of VERDICT."""
        return f"{self.path}.removed"


@dataclass(frozen=True)
class Passages:
    """Words first_P to end_P of document ordinal_P, and who keeps a copy of the first window. By place."""

    ordinal_P: Ordinals
    first_P: Int64
    end_P: Int64
    keeper_P: Ordinals

    def of(self, chosen: npt.NDArray[np.bool_]) -> Passages:
        """Some of them."""
        return Passages(self.ordinal_P[chosen], self.first_P[chosen], self.end_P[chosen], self.keeper_P[chosen])


def write_shard_cuts(task: CutTask) -> dict[str, Any]:
    """Write the cuts of one shard (rows of CUT), and the documents of which too little is left; return counts."""
    passages, windows = _seen_before(task)
    cuts, removed, num_bytes = [CUT.empty_table()], [VERDICT.empty_table()], 0
    for batch, ordinals_D in _documents_with(passages, task):
        here = passages.of(is_among(passages.ordinal_P, ordinals_D))
        cut, gone = _of_batch(batch.column("text"), ordinals_D, here, task.config.min_words_left)
        cuts.append(cut)
        removed.append(gone)
        num_bytes += int((cut["end"].to_numpy() - cut["start"].to_numpy()).sum())
    all_cuts, all_removed = pa.concat_tables(cuts), pa.concat_tables(removed)
    write_cuts(task.path, all_cuts)
    write_verdicts(task.removed_path, all_removed)
    return {
        "windows_seen_before": windows,
        "duplicates": all_removed.num_rows,
        "documents_cut": len(all_cuts["ordinal"].unique()),
        "passages_cut": all_cuts.num_rows,
        "bytes_cut": num_bytes,
    }


def _seen_before(task: CutTask) -> tuple[Passages, int]:
    """The passages of a shard, and how many windows they are made of."""
    member_M, first_M = read_answers(task.answers, *place_range(task.shard))
    beaten = member_M != first_M
    beaten_B, better_B = member_M[beaten], first_M[beaten]
    parts, windows = [_merged(np.empty(0, np.int64), np.empty(0, np.int64), 1)], 0
    for path in task.tables:
        place_N, best_N = np.load(path)
        lost_N = is_among(best_N, beaten_B)
        keeper_N = best_N.copy()
        keeper_N[lost_N] = better_B[np.searchsorted(beaten_B, best_N[lost_N])]
        seen_N = keeper_N != place_N
        windows += int(seen_N.sum())
        parts.append(_merged(place_N[seen_N], keeper_N[seen_N], task.config.min_tokens))
    columns = [(p.ordinal_P, p.first_P, p.end_P, p.keeper_P) for p in parts]
    return Passages(*(np.concatenate(column) for column in zip(*columns, strict=True))), windows


def _merged(place_N: Int64, keeper_N: Int64, window_words: int) -> Passages:
    """Passages that these windows cover, whose places ascend: windows that touch make one."""
    ordinal_N, word_N = place_N >> PLACE_BITS, place_N & (2**PLACE_BITS - 1)
    begins_N = np.ones(place_N.size, np.bool_)
    begins_N[1:] = (np.diff(ordinal_N) > 0) | (np.diff(word_N) > window_words)
    last_N = np.append(begins_N[1:], True) if place_N.size else begins_N
    return Passages(
        ordinal_N[begins_N], word_N[begins_N], word_N[last_N] + window_words, keeper_N[begins_N] >> PLACE_BITS
    )


def _documents_with(passages: Passages, task: CutTask) -> Iterator[tuple[pa.RecordBatch, Ordinals]]:
    """The documents of a shard that have passages, but for conversations: what trains is their messages, not `text`."""
    wanted = distinct(passages.ordinal_P)
    if not wanted.size:
        return
    for batch, ordinals_D in read_shard(task.shard, task.verdicts, ["text", "messages"], wanted=wanted):
        chosen = batch.column("messages").is_null().to_numpy(zero_copy_only=False)
        if chosen.any():
            yield batch.filter(pa.array(chosen)), ordinals_D[chosen]


def _of_batch(
    texts: pa.StringArray, ordinals_D: Ordinals, passages: Passages, min_words_left: int
) -> tuple[pa.Table, pa.Table]:
    """(rows of CUT, rows of VERDICT) of documents that all have passages. One that goes whole has no cuts."""
    from pipeline.kernels.passages import passage_bytes
    from pipeline.kernels.words import word_spans

    text_B, offsets_D1 = string_view(texts)
    spans = word_spans(text_B, offsets_D1)
    row_P = np.searchsorted(ordinals_D, passages.ordinal_P)
    word_P = spans.word_offsets_D1[row_P].astype(np.int64)
    start_P, end_P = passage_bytes(
        text_B, offsets_D1, spans.starts_W, spans.ends_W, row_P, word_P + passages.first_P, word_P + passages.end_P
    )
    num_cut_D = np.bincount(row_P, passages.end_P - passages.first_P, ordinals_D.size).astype(np.int64)
    gone_D = np.diff(spans.word_offsets_D1) - num_cut_D < max(min_words_left, 1)
    stays_P, (_, first_P) = ~gone_D[row_P], np.unique(row_P, return_index=True)
    columns = [passages.ordinal_P, start_P, end_P, passages.keeper_P]
    cut = pa.Table.from_arrays([pa.array(column[stays_P]) for column in columns], schema=CUT)
    keeper_D = passages.keeper_P[first_P]
    no_similarity = np.full(int(gone_D.sum()), np.nan)
    gone = [pa.array(ordinals_D[gone_D]), pa.array(keeper_D[gone_D]), pa.array(no_similarity)]
    return cut, pa.Table.from_arrays(gone, schema=VERDICT)
