"""Planted copies: edited copies of a run's own documents, by which it measures what near_dedup finds.

They take part like documents of their own shard, ranked behind all others, and are left out of verdicts and counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.config import NearDedupConfig
from pipeline.io.commit import atomic_path
from pipeline.io.dataset import Documents, Shard, read_shard
from pipeline.kernels.buffers import string_view
from pipeline.stages.near_dedup_shingles import shingle_sets_of

TARGETS = np.linspace(0.6, 1.0, 17)  # similarities that are aimed at, in turn
BIN = 0.05
RUN = 50  # documents in a row, so that few row groups are read for them
MAX_TEXT_BYTES = 2**20  # longer documents are not copied
COPY = pa.schema([("doc_id", pa.string()), ("source", pa.string()), ("text", pa.string())])


@dataclass(frozen=True)
class PlantTask:
    """Documents of one shard to copy, and where their copies go; the first copy's ordinal, and its number."""

    shard: Shard
    verdicts: tuple[str, ...]
    ordinals: tuple[int, ...]
    config: NearDedupConfig
    first_ordinal: int
    first_number: int
    path: str

    @property
    def copies(self) -> Shard:
        return Shard(self.path, len(self.ordinals), self.first_ordinal, Path(self.path).stat().st_size)


def plant_tasks(documents: Documents, config: NearDedupConfig, first_ordinal: int, folder: Path) -> list[PlantTask]:
    """One task for each shard with documents to copy: `planted` of them, in runs that are evenly spread over all."""
    wanted = min(config.planted, documents.rows)
    runs = -(-wanted // RUN)
    starts = np.arange(runs) * documents.rows // max(1, runs)
    chosen = np.unique((starts[:, None] + np.arange(RUN)).ravel())
    chosen = chosen[chosen < documents.rows][:wanted]
    tasks, number = [], 0
    for i, shard in enumerate(documents.shards):
        low, high = np.searchsorted(chosen, [shard.first_ordinal, shard.first_ordinal + shard.rows])
        if low < high:
            ordinals, path = tuple(chosen[low:high].tolist()), str(folder / f"{i:06d}.parquet")
            tasks.append(PlantTask(shard, documents.verdicts, ordinals, config, first_ordinal + number, number, path))
            number += len(ordinals)
    return tasks


def plant(task: PlantTask) -> dict[str, Any]:
    """Write the copies; return the exact similarity of each with its original: None where there is no copy.

    A document that is gone already, has no words or is very long gets an empty copy, which no bucket sees. One document
    after another in Python: there are a few hundred.
    """
    texts = [""] * len(task.ordinals)
    similarities: list[float | None] = [None] * len(task.ordinals)
    place = {ordinal: i for i, ordinal in enumerate(task.ordinals)}
    for batch, ordinals_D in read_shard(task.shard, task.verdicts, ["text"], wanted=np.array(task.ordinals)):
        for row, ordinal in enumerate(ordinals_D.tolist()):
            text, i = batch.column("text").slice(row, 1), place[ordinal]
            if len(text[0].as_buffer()) <= MAX_TEXT_BYTES:
                copy = _edited(text, task.config, task.first_number + i)
                texts[i], similarities[i] = _compared(text, copy, task.config)
    rows = [{"doc_id": "", "source": "", "text": text} for text in texts]
    with atomic_path(task.path) as temporary:
        pq.write_table(pa.Table.from_pylist(rows, COPY), temporary)
    return {"similarities": similarities}


def _edited(text: pa.StringArray, config: NearDedupConfig, number: int) -> str:
    """The text with words replaced, left out and added, so many that about the target's share of shingles stays."""
    from pipeline.kernels.words import word_spans

    text_B, offsets = string_view(text)
    spans = word_spans(text_B, offsets)
    borders = list(zip(spans.starts_W.tolist(), spans.ends_W.tolist(), strict=True))
    target = float(TARGETS[number % TARGETS.size])
    per_word = max(1, config.shingle_words if config.shingle_chars is None else -(-config.shingle_chars // 6))
    touched = 1.0 - (2 * target / (1 + target)) ** (1 / per_word)
    chance, raw, out, at = Random(number), text_B.tobytes(), [], int(offsets[0])
    for start, end in borders:
        out.append(raw[at:start])
        word = raw[start:end]
        if chance.random() < touched:
            other = raw[slice(*chance.choice(borders))]
            word = chance.choice([other, b"", word + b" " + other])
        out.append(word)
        at = end
    out.append(raw[at : int(offsets[-1])])
    return b"".join(out).decode()


def _compared(text: pa.StringArray, copy: str, config: NearDedupConfig) -> tuple[str, float | None]:
    """(copy, exact Jaccard similarity with its original); ("", None) where either has no shingles."""
    both = pa.concat_arrays([text, pa.array([copy], pa.string())])
    sets: list[set[int]] = []
    for _, offsets, elements in shingle_sets_of(both, config):
        sets += map(set, pa.LargeListArray.from_arrays(offsets, elements).to_pylist())  # plain sets: a few hundred
    one, other = sets
    return (copy, len(one & other) / len(one | other)) if one and other else ("", None)


def planted_result(
    config: NearDedupConfig, tasks: Sequence[PlantTask], results: Sequence[Mapping[str, Any]], removed: pa.Table
) -> dict[str, Any]:
    """What the manifest tells of copies by their similarity with the original: how many there were, how many went.

    planted: copies. planted_recall: share that went of those at or above min_jaccard; null without such. planted_bins:
    [from, copies, went, share that the bands nominate in theory].
    """
    went = set(removed.column("ordinal").to_pylist())  # a few hundred
    pairs = [
        (similarity, task.first_ordinal + i in went)
        for task, result in zip(tasks, results, strict=True)
        for i, similarity in enumerate(result["similarities"])
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
