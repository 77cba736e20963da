"""Line de-duplication, from numbers to text: which units of a shard are lost, and the passages that are cut for it.

Shapes: N = units of the shard, K = distinct ones, L = lost ones, P = passages, D = documents in the batch.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.config import LineDedupConfig
from pipeline.io.dataset import CUT, VERDICT, Ordinals, read_shard, write_cuts, write_verdicts
from pipeline.io.rewriting import rewritten_strings
from pipeline.kernels.buffers import string_view
from pipeline.stages.cut_evidence import NO_COPY
from pipeline.stages.line_dedup_answers import read_sums
from pipeline.stages.line_dedup_units import COUNT, DOCUMENTS, PLACE, PLACE_BITS, UnitTask, unit_rule, units_of_texts

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
NUM_SAMPLES = 20
SAMPLE_CHARS = 200


@dataclass(frozen=True)
class CutTask:
    """One shard's units, the answers about them, and where its cuts and removals go."""

    units: UnitTask
    answers: tuple[str, ...]
    path: str

    @property
    def removed_path(self) -> str:
        """Rows of VERDICT."""
        return f"{self.path}.removed"


@dataclass(frozen=True)
class Lost:
    """Units that are cut where a document may be: their places, ascending, and the document that keeps a copy."""

    place_L: Int64
    keeper_L: Int64
    best_L: Int64  # the document that is best of all that had it, kept or not

    def within(self, first: int, last: int) -> Lost:
        """Those of documents first to last."""
        low, high = np.searchsorted(self.place_L, [first << PLACE_BITS, (last + 1) << PLACE_BITS])
        return Lost(self.place_L[low:high], self.keeper_L[low:high], self.best_L[low:high])

    def of(self, chosen_L: Bools) -> Lost:
        """Some of them."""
        return Lost(self.place_L[chosen_L], self.keeper_L[chosen_L], self.best_L[chosen_L])


def write_line_cuts(task: CutTask) -> dict[str, Any]:
    """Write the cuts of one shard and the documents of which too little is left; return counts and samples."""
    known_K = np.load(task.units.known_path)
    known_all = known_K.copy()
    sums = read_sums(task.answers, task.units.number)
    known_all[:, sums[0]] = sums[1:]
    is_own_K = known_all[PLACE] == known_K[PLACE]  # each distinct unit is one shard's own
    lost = _lost(np.load(task.units.units_path), known_all, task.units.config)
    frequent = _most_frequent(known_all, is_own_K)
    cuts, removed, samples = _read_texts(task.units, lost, known_all[PLACE][frequent])
    write_cuts(task.path, cuts)
    write_verdicts(task.removed_path, removed)
    counts_K = known_all[COUNT][is_own_K]
    return {
        "distinct": int(is_own_K.sum()),
        "repeated": int((counts_K >= task.units.config.min_count).sum()),
        "histogram": histogram(counts_K),
        "frequent": [
            {"count": int(known_all[COUNT][k]), "documents": int(known_all[DOCUMENTS][k]), "text": samples[place]}
            | {"place": place}
            for k, place in zip(frequent, known_all[PLACE][frequent].tolist(), strict=True)
        ],
        "units_cut": int(lost.place_L.size),
        "duplicates": removed.num_rows,
        "documents_cut": len(cuts["ordinal"].unique()),
        "passages_cut": cuts.num_rows,
        "bytes_cut": int((cuts["end"].to_numpy() - cuts["start"].to_numpy()).sum()),
    }


def warm(config: LineDedupConfig) -> None:
    """Compile the kernels of a job, so that workers find them compiled."""
    texts = pa.array(["One.\nOne.\n\nTwo."])
    units_of_texts(texts, config)
    unit = np.zeros(1, np.int64)
    _of_batch(texts, unit, Lost(unit, unit, unit), config)


def histogram(count_K: Int64) -> dict[str, int]:
    """Distinct units by how often they stand somewhere, in powers of two: `4` is 4 to 7 times."""
    exponents = Counter((np.frexp(count_K.astype(np.float64))[1] - 1).tolist())
    return {str(2**exponent): number for exponent, number in sorted(exponents.items())}


def _lost(units_2N: Int64, known_3K: Int64, config: LineDedupConfig) -> Lost:
    """The units to be cut: of a repeated one all but the best, or all where it is in two documents and none shall stay.

    Within one document the first of them is best and stays, as in CCNet.
    """
    place_N, distinct_N = units_2N
    is_repeated_K = known_3K[COUNT] >= config.min_count
    keeps_none_K = (known_3K[DOCUMENTS] > 1) if config.keep == "none" else np.zeros(is_repeated_K.size, np.bool_)
    best_N = known_3K[PLACE][distinct_N]
    is_lost_N = is_repeated_K[distinct_N] & ((place_N != best_N) | keeps_none_K[distinct_N])
    best_L = best_N[is_lost_N] >> PLACE_BITS
    keeper_L = np.where(keeps_none_K[distinct_N[is_lost_N]], NO_COPY, best_L)
    return Lost(place_N[is_lost_N], keeper_L, best_L)


def _most_frequent(known_3K: Int64, is_own_K: Bools) -> Int64:
    """The distinct units of this shard that stand in most places, the most frequent first."""
    own = np.flatnonzero(is_own_K & (known_3K[COUNT] > 1))
    if own.size > NUM_SAMPLES:
        least = np.partition(known_3K[COUNT][own], own.size - NUM_SAMPLES)[own.size - NUM_SAMPLES]
        own = own[known_3K[COUNT][own] >= least]
    return own[np.lexsort([known_3K[PLACE][own], -known_3K[COUNT][own]])][:NUM_SAMPLES]


def _read_texts(task: UnitTask, lost: Lost, sampled: Int64) -> tuple[pa.Table, pa.Table, dict[int, str]]:
    """(rows of CUT, rows of VERDICT, text at each of the places `sampled`). Conversations are not cut."""
    cuts, removed, samples = [CUT.empty_table()], [VERDICT.empty_table()], dict[int, str]()
    wanted = np.union1d(np.unique(lost.place_L >> PLACE_BITS), sampled >> PLACE_BITS)
    if not wanted.size:
        return cuts[0], removed[0], samples
    for batch, ordinals_D in read_shard(task.shard, task.verdicts, ["text", "messages"], wanted=wanted):
        samples |= _samples(batch.column("text"), ordinals_D, sampled, task.config)
        is_text_D = batch.column("messages").is_null().to_numpy(zero_copy_only=False)
        here = lost.within(ordinals_D[0], ordinals_D[-1])
        here = here.of(np.isin(here.place_L >> PLACE_BITS, ordinals_D[is_text_D]))
        cut, gone = _of_batch(batch.column("text"), ordinals_D, here, task.config)
        cuts.append(cut)
        removed.append(gone)
    return pa.concat_tables(cuts), pa.concat_tables(removed), samples


def _samples(texts: pa.StringArray, ordinals_D: Ordinals, sampled: Int64, config: LineDedupConfig) -> dict[int, str]:
    """Text of the units at those of the places that are in the batch. A loop in Python over a few of them."""
    from pipeline.kernels.line_units import unit_span

    text_B, offsets_D1 = string_view(texts)
    found = {}
    for place in sampled[np.isin(sampled >> PLACE_BITS, ordinals_D)].tolist():
        row = int(np.searchsorted(ordinals_D, place >> PLACE_BITS))
        start, end = unit_span(text_B, offsets_D1, unit_rule(config), row, place & (2**PLACE_BITS - 1))
        found[place] = text_B[start:end].tobytes()[: 4 * SAMPLE_CHARS].decode(errors="ignore")[:SAMPLE_CHARS]
    return found


def _of_batch(
    texts: pa.StringArray, ordinals_D: Ordinals, lost: Lost, config: LineDedupConfig
) -> tuple[pa.Table, pa.Table]:
    """(rows of CUT, rows of VERDICT) of the documents. One that goes whole has no cuts."""
    from pipeline.kernels.line_units import unit_cuts

    text_B, offsets_D1 = string_view(texts)
    lost_offsets_D1 = np.searchsorted(lost.place_L, np.append(ordinals_D, ordinals_D[-1] + 1) << PLACE_BITS)
    unit_L = lost.place_L & (2**PLACE_BITS - 1)
    cuts = unit_cuts(text_B, offsets_D1, unit_rule(config), unit_L, lost_offsets_D1)
    row_P = np.repeat(np.arange(ordinals_D.size), np.diff(cuts.cut_offsets_D1))
    place_P = (ordinals_D[row_P] << PLACE_BITS) + cuts.unit_P
    lost_P = np.searchsorted(lost.place_L, place_P)
    gone_D = cuts.is_empty_D | _too_little_left(texts, cuts, row_P, config)
    stays_P = ~gone_D[row_P]
    columns = [ordinals_D[row_P], cuts.start_P, cuts.end_P, lost.keeper_L[lost_P]]
    cut = pa.Table.from_arrays([pa.array(column[stays_P]) for column in columns], schema=CUT)
    best_D = lost.best_L[lost_offsets_D1[:-1][gone_D]]
    no_similarity = np.full(best_D.size, np.nan)
    gone = [pa.array(ordinals_D[gone_D]), pa.array(best_D), pa.array(no_similarity)]
    return cut, pa.Table.from_arrays(gone, schema=VERDICT)


def _too_little_left(texts: pa.StringArray, cuts: Any, row_P: Int64, config: LineDedupConfig) -> Bools:
    """True for documents that are cut and have too few words or sentences left."""
    from pipeline.kernels.rewrite import Spans
    from pipeline.kernels.sentences import sentence_counts
    from pipeline.kernels.words import word_spans

    is_cut_D = np.diff(cuts.cut_offsets_D1) > 0
    _, offsets_D1 = string_view(texts)
    starts, ends = ((offsets_D1[row_P] + edge).astype(np.int32) for edge in (cuts.start_P, cuts.end_P))
    spans = Spans(starts, ends, np.zeros(row_P.size, np.uint8), cuts.cut_offsets_D1.astype(np.int32))
    left = string_view(rewritten_strings(texts, spans, [b""]))
    gone_D = np.zeros(is_cut_D.size, np.bool_)
    if config.min_words_left:
        gone_D |= np.diff(word_spans(*left).word_offsets_D1) < config.min_words_left
    if config.min_sentences_left:
        gone_D |= sentence_counts(*left) < config.min_sentences_left
    return gone_D & is_cut_D
