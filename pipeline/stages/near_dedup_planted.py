"""Planted copies: edited copies of a run's own documents, by which it measures what near_dedup finds.

They take part like documents of their own shard, ranked behind all others, and are left out of verdicts and counts.
They are made from the batches that buckets are made from, so that nothing is read for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.config import NearDedupConfig
from pipeline.io.commit import atomic_path
from pipeline.io.dataset import Documents, Ordinals, Shard
from pipeline.kernels.buffers import string_view
from pipeline.stages.near_dedup_shingles import shingle_sets_of

TARGETS = np.linspace(0.6, 1.0, 17)  # similarities that are aimed at, in turn
BIN = 0.05
RUN = 50  # documents in a row, so that few shards have any
MAX_TEXT_BYTES = 2**20  # longer documents are not copied
COPY = pa.schema([("doc_id", pa.string()), ("source", pa.string()), ("text", pa.string())])
Similarities = list[float | None]


@dataclass(frozen=True)
class Plants:
    """Documents of one shard to copy, and where their copies go; the first copy's ordinal, and its number."""

    ordinals: tuple[int, ...]
    first_ordinal: int
    first_number: int
    path: str

    @property
    def copies(self) -> Shard:
        """The copies, once they are written."""
        return Shard(self.path, len(self.ordinals), self.first_ordinal, Path(self.path).stat().st_size)


def plan_plants(documents: Documents, config: NearDedupConfig, first_ordinal: int, folder: Path) -> dict[int, Plants]:
    """By number, the shards with documents to copy: `planted` of them, in runs that are evenly spread over all."""
    wanted = min(config.planted, documents.rows)
    runs = -(-wanted // RUN)
    starts = np.arange(runs) * documents.rows // max(1, runs)
    chosen = np.unique((starts[:, None] + np.arange(RUN)).ravel())
    chosen = chosen[chosen < documents.rows][:wanted]
    plants, number = {}, 0
    for i, shard in enumerate(documents.shards):
        low, high = np.searchsorted(chosen, [shard.first_ordinal, shard.first_ordinal + shard.rows])
        if low < high:
            ordinals, path = tuple(chosen[low:high].tolist()), str(folder / f"{i:06d}.parquet")
            plants[i] = Plants(ordinals, first_ordinal + number, number, path)
            number += len(ordinals)
    return plants


class Planter:
    """Makes the copies of one shard's documents as these come by.

    A document that never comes, has no words or is very long gets an empty copy, which no bucket sees.
    """

    def __init__(self, plants: Plants, config: NearDedupConfig) -> None:
        self._plants, self._config = plants, config
        self._place = {ordinal: i for i, ordinal in enumerate(plants.ordinals)}
        self._texts = [""] * len(plants.ordinals)
        self._similarities: Similarities = [None] * len(plants.ordinals)

    def add(self, texts: pa.StringArray, ordinals: Ordinals) -> None:
        """Take a batch. One document after another in Python: there are a few hundred in all shards."""
        for row in np.flatnonzero(np.isin(ordinals, self._plants.ordinals)).tolist():
            text, i = texts.slice(row, 1), self._place[int(ordinals[row])]
            if len(text[0].as_buffer()) <= MAX_TEXT_BYTES:
                copy = _edited(text, self._config, self._plants.first_number + i)
                self._texts[i], self._similarities[i] = _compared(text, copy, self._config)

    def save(self) -> tuple[pa.StringArray, Similarities]:
        """Write the copies; return them, and the exact similarity of each with its original: None without a copy."""
        rows = [{"doc_id": "", "source": "", "text": text} for text in self._texts]
        with atomic_path(self._plants.path) as temporary:
            pq.write_table(pa.Table.from_pylist(rows, COPY), temporary)
        return pa.array(self._texts, pa.string()), self._similarities


def _edited(text: pa.StringArray, config: NearDedupConfig, number: int) -> str:
    """The text with words replaced, left out and added, so many that about the target's share of shingles stays."""
    from pipeline.kernels.words import word_spans

    text_B, offsets = string_view(text)
    spans = word_spans(text_B, offsets)
    borders = list(zip((spans.starts_W - offsets[0]).tolist(), (spans.ends_W - offsets[0]).tolist(), strict=True))
    target = float(TARGETS[number % TARGETS.size])
    per_word = max(1, config.shingle_words if config.shingle_chars is None else -(-config.shingle_chars // 6))
    touched = 1.0 - (2 * target / (1 + target)) ** (1 / per_word)
    first, last = offsets.tolist()
    chance, raw, out, at = Random(number), text_B[first:last].tobytes(), [], 0
    for start, end in borders:
        if chance.random() < touched:
            word, other = raw[start:end], raw[slice(*chance.choice(borders))]
            out += [raw[at:start], chance.choice([other, b"", word + b" " + other])]
            at = end
    out.append(raw[at:])
    return b"".join(out).decode()


def _compared(text: pa.StringArray, copy: str, config: NearDedupConfig) -> tuple[str, float | None]:
    """(copy, exact Jaccard similarity with its original); ("", None) where either has no shingles."""
    both = pa.concat_arrays([text, pa.array([copy], pa.string())])
    sets = []
    for _, offsets_D1, set_U in shingle_sets_of(both, config):
        sets += np.split(set_U, offsets_D1[1:-1])
    one, other = sets
    shared = np.intersect1d(one, other, assume_unique=True).size
    return (copy, shared / (one.size + other.size - shared)) if one.size and other.size else ("", None)


def planted_result(
    config: NearDedupConfig, plants: Sequence[Plants], similarities: Sequence[Similarities], removed: pa.Table
) -> dict[str, Any]:
    """What the manifest tells of copies by their similarity with the original: how many there were, how many went.

    planted: copies. planted_recall: share that went of those at or above min_jaccard; null without such. planted_bins:
    [from, copies, went, share that the bands nominate in theory].
    """
    went = set(removed.column("ordinal").to_pylist())  # a few hundred
    pairs = [
        (similarity, some.first_ordinal + i in went)
        for some, found in zip(plants, similarities, strict=True)
        for i, similarity in enumerate(found)
        if similarity is not None
    ]
    asked = [found for similarity, found in pairs if similarity >= config.min_jaccard]
    return {
        "planted": len(pairs),
        "planted_recall": sum(asked) / len(asked) if asked else None,
        "planted_bins": list(_bins(config, pairs)),
    }


def _bins(config: NearDedupConfig, pairs: Sequence[tuple[float, bool]]) -> Iterator[list[float]]:
    places = [min(round((1 - BIN) / BIN), int(similarity / BIN + 1e-9)) for similarity, _ in pairs]
    for place in sorted(set(places)):
        inside = [pair for pair, there in zip(pairs, places, strict=True) if there == place]
        mean = sum(similarity for similarity, _ in inside) / len(inside)
        theory = 1 - (1 - mean**config.rows_per_band) ** config.num_bands
        yield [round(place * BIN, 2), len(inside), sum(found for _, found in inside), round(theory, 4)]
