"""Substring de-duplication, from text to numbers: anchors of all documents, windows of those that share anchors.

A *place* is an ordinal and a word of that document in one number: ordinal << PLACE_BITS | word. Places sort as
documents do, then as they are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.config import SubstringDedupConfig
from pipeline.io.dataset import Ordinals, Shard, read_shard
from pipeline.kernels.buffers import string_view
from pipeline.stages.equal_keys import UInt64, save_array, write_keys
from pipeline.stages.group_answers import read_answers
from pipeline.stages.keeper_rules import read_ranked
from pipeline.stages.tally import TALLY_COLUMNS, ShardTally

Int64 = npt.NDArray[np.int64]
PLACE_BITS = 27  # words of a document; 36 bits are left for its ordinal
TEXT_BLOCK_BYTES = 2**18  # words and hashes of a block stay in the processor's cache
TABLE_WINDOWS = 2**21


@dataclass(frozen=True)
class AnchorTask:
    """One shard, and where its anchors go."""

    shard: Shard
    verdicts: tuple[str, ...]
    window_words: int
    path: str

    @property
    def tally_path(self) -> str:
        """See `tally.py`."""
        return f"{self.path}.tally"

    @property
    def known_path(self) -> str:
        """Places of anchors that are known to be repeated without asking other shards."""
        return f"{self.path}.known"


@dataclass(frozen=True)
class WindowTask:
    """One shard, what was found out about its anchors, and where its windows go: names begin with `path`."""

    shard: Shard
    verdicts: tuple[str, ...]
    config: SubstringDedupConfig
    known_path: str
    answers: tuple[str, ...]
    path: str

    def key_path(self, table: int) -> str:
        """The key file of one table's best windows."""
        return f"{self.path}.{table}.keys"

    def table_path(self, table: int) -> str:
        """Places of windows, ascending, and of the best window of the table that equals each: int64, shape (2, N)."""
        return f"{self.path}.{table}.places"


def write_anchors(task: AnchorTask) -> dict[str, Any]:
    """Write the anchors of one shard as a key file, at most two places of each; return counts.

    Two are enough to say that the anchor is repeated, and keep a group as small as twice the number of shards. Places
    beyond them go to the `known` file, and so do those whose windows may equal each other.
    """
    anchors, places, known = [np.empty(0, np.uint64)], [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    num_docs = num_words = num_bytes = 0
    tally = ShardTally(task.shard)
    for batch, ordinals_D in read_shard(task.shard, task.verdicts, TALLY_COLUMNS):
        tally.add(batch, ordinals_D)
        num_docs += batch.num_rows
        num_bytes += _text_bytes(batch.column("text"))
        for block in _blocks(batch.column("text"), ordinals_D, task.window_words):
            num_words += block.words.word_W.size
            anchors.append(block.stretches.anchor_S)
            places.append(block.place_S)
            known.append(block.place_S[block.stretches.is_tied_S])
    anchor_S, place_S = np.concatenate(anchors), np.concatenate(places)
    order = np.argsort(anchor_S, kind="stable")
    anchor_S, place_S = anchor_S[order], place_S[order]
    is_third_S = np.zeros(anchor_S.size, np.bool_)
    is_third_S[2:] = anchor_S[2:] == anchor_S[:-2]
    write_keys(task.path, [anchor_S[~is_third_S]], place_S[~is_third_S])
    save_array(task.known_path, distinct(np.sort(np.concatenate([*known, place_S[is_third_S]]))))
    rows = int(anchor_S.size - is_third_S.sum())
    return {
        "documents": num_docs,
        "words": num_words,
        "bytes": num_bytes,
        "rows": rows,
        "anchors": anchor_S.size,
        "groups": tally.save(task.tally_path),
    }


def write_windows(task: WindowTask) -> dict[str, Any]:
    """Write the windows of one shard whose anchor is repeated; return how many there are, of what in how many tables.

    Of equal windows in a table the best alone is asked about; the others follow it.
    """
    asked = read_answers(task.answers, *place_range(task.shard))[0]
    repeated = distinct(np.sort(np.concatenate([asked, np.load(task.known_path)])))
    tables, pending, counts = 0, _Windows(), {"windows": 0, "rows": 0}
    for windows in _repeated_windows(task, repeated):
        pending.append(windows)
        if pending.rows >= TABLE_WINDOWS:
            _write_table(task, tables, pending, counts)
            tables, pending = tables + 1, _Windows()
    if pending.rows:
        _write_table(task, tables, pending, counts)
        tables += 1
    return {**counts, "tables": tables}


def place_range(shard: Shard) -> tuple[int, int]:
    """(least place, one behind the greatest) of the documents of a shard."""
    return shard.first_ordinal << PLACE_BITS, (shard.first_ordinal + shard.rows) << PLACE_BITS


def distinct(ascending: Int64) -> Int64:
    """Each of the values, 0 or more, once. What np.unique does, which does not see that they are in order."""
    return ascending[np.diff(ascending, prepend=-1) != 0]


def is_among(values: Int64, ascending: Int64) -> npt.NDArray[np.bool_]:
    """True for each of the values that is one of `ascending`."""
    if not ascending.size:
        return np.zeros(values.size, np.bool_)
    at = np.minimum(np.searchsorted(ascending, values), ascending.size - 1)
    return np.asarray(ascending[at] == values)


@dataclass(frozen=True)
class _Block:
    """Some documents: their words, their stretches, and the place that each stretch begins at."""

    words: Any
    stretches: Any
    place_S: Int64
    row_S: Int64


@dataclass
class _Windows:
    """Windows end to end: hashes, place, and the rank of their documents, uint64, shape (R, windows)."""

    parts: list[tuple[UInt64, UInt64, Int64, UInt64]] = field(default_factory=list)
    rows: int = 0

    def append(self, part: tuple[UInt64, UInt64, Int64, UInt64]) -> None:
        self.parts.append(part)
        self.rows += part[0].size

    def joined(self) -> tuple[UInt64, UInt64, Int64, UInt64]:
        one, other, place, rank = zip(*self.parts, strict=True)
        return np.concatenate(one), np.concatenate(other), np.concatenate(place), np.concatenate(rank, axis=1)


def _text_bytes(texts: pa.StringArray) -> int:
    offsets_D1 = string_view(texts)[1]
    return int(offsets_D1[-1]) - int(offsets_D1[0])


def _blocks(texts: pa.StringArray, ordinals_D: Ordinals, window_words: int) -> Iterator[_Block]:
    from pipeline.kernels.exact_words import exact_words
    from pipeline.kernels.winnowing import stretches

    text_B, offsets_D1 = string_view(texts)
    start = 0
    while start < len(texts):
        fits = int(np.searchsorted(offsets_D1, int(offsets_D1[start]) + TEXT_BLOCK_BYTES, side="right")) - 1
        stop = max(start + 1, fits)
        words = exact_words(text_B, offsets_D1[start : stop + 1])
        found = stretches(words, window_words)
        row_S = np.repeat(np.arange(stop - start), np.diff(found.offsets_D1))
        word_S = found.first_S - words.word_offsets_D1[row_S]
        assert word_S.max(initial=0) < 2**PLACE_BITS, "a document of 200 MB has fewer words"
        yield _Block(words, found, (ordinals_D[start:stop][row_S] << PLACE_BITS) | word_S, row_S + start)
        start = stop


def _repeated_windows(task: WindowTask, repeated: Int64) -> Iterator[tuple[UInt64, UInt64, Int64, UInt64]]:
    """Hashes, places and ranks of the windows whose stretch begins at one of the places `repeated`, which ascend."""
    from pipeline.kernels.winnowing import window_hashes

    window_words, wanted = task.config.min_tokens, distinct(repeated >> PLACE_BITS)
    if not wanted.size:
        return
    for batch, ordinals_D, rank_RD in read_ranked(task.shard, task.verdicts, ["text"], task.config.prefer):
        chosen = is_among(ordinals_D, wanted)
        texts, rank_RD = batch.column("text").filter(pa.array(chosen)), rank_RD[:, chosen]
        for block in _blocks(texts, ordinals_D[chosen], window_words):
            is_repeated_S = is_among(block.place_S, repeated)
            first_S, num_S = block.stretches.first_S[is_repeated_S], block.stretches.num_S[is_repeated_S]
            one_N, other_N = window_hashes(block.words, first_S, num_S, window_words)
            inside_N = np.arange(one_N.size) - np.repeat(np.cumsum(num_S) - num_S, num_S)
            place_N = np.repeat(block.place_S[is_repeated_S], num_S) + inside_N
            yield one_N, other_N, place_N, rank_RD[:, np.repeat(block.row_S[is_repeated_S], num_S)]


def _write_table(task: WindowTask, table: int, windows: _Windows, counts: dict[str, int]) -> None:
    from pipeline.kernels.best_equal import best_equal

    one_N, other_N, place_N, rank_RN = windows.joined()
    best_N = best_equal(one_N, other_N, _dense_rank(place_N, rank_RN))
    is_best_N = best_N == np.arange(best_N.size)
    columns: Sequence[UInt64] = [column[is_best_N] for column in (one_N, other_N, *rank_RN)]
    write_keys(task.key_path(table), columns, place_N[is_best_N])
    save_array(task.table_path(table), np.stack([place_N, place_N[best_N]]))
    counts["windows"] += best_N.size
    counts["rows"] += int(is_best_N.sum())


def _dense_rank(place_N: Int64, rank_RN: UInt64) -> Int64:
    """The rank of each window's document among those of its table: by the columns in turn, then by ordinal."""
    begins_N = np.diff(place_N >> PLACE_BITS, prepend=-1) > 0
    first_D = np.flatnonzero(begins_N)
    rank_D = np.empty(first_D.size, np.int64)
    rank_D[np.lexsort((np.arange(first_D.size), *rank_RN[::-1, first_D]))] = np.arange(first_D.size)
    return rank_D[np.cumsum(begins_N) - 1]
