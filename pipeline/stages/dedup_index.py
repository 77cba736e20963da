"""Indexes: what a run leaves behind, so that later runs need not read its documents to find duplicates of them.

index/<stage>/NNNNNN.arrow, one Arrow IPC file per shard, a row per document that stays:
  exact_dedup   doc_id, hash_high, hash_low (uint64: the two halves of xxh3_128)
  near_dedup    doc_id, signature (fixed_size_list<uint32>), shingles (large_list<uint64>, the set in ascending order)
The schema's metadata under `corpusmill` says as JSON how they were made. Signatures are those of
`datasketch.MinHash(num_perm, seed=1, scheme="affine32")`, see `kernels/minhash.py`, and load into its MinHashLSH.

Documents of an index take part in a run as guests: their ordinals follow those of the run's own documents.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.config import ExactDedupConfig, NearDedupConfig, Recipe
from pipeline.errors import UserError
from pipeline.io.commit import atomic_path
from pipeline.io.dataset import Ordinals

METADATA = b"corpusmill"
FORMAT = 1
Made = dict[str, Any]


@dataclass(frozen=True)
class IndexFile:
    """One file of an index; `first_ordinal` is that of its first document."""

    path: str
    rows: int
    first_ordinal: int

    def doc_ids(self, ordinals: Ordinals) -> pa.StringArray:
        """The doc_id of each of `ordinals`, all of which are in this file."""
        with pa.memory_map(self.path) as source:
            column = pa.ipc.open_file(source).read_all().column("doc_id")
        return column.take(pa.array(ordinals - self.first_ordinal)).combine_chunks()


def made_by(config: ExactDedupConfig | NearDedupConfig) -> Made:
    """What must be equal for an index to be of use. Bands may differ where their hashes come to the same number."""
    if isinstance(config, ExactDedupConfig):
        return {"format": FORMAT, "stage": "exact_dedup", "normalize": config.normalize}
    return {
        "format": FORMAT,
        "stage": "near_dedup",
        "normalize": config.normalize,
        "shingle_words": None if config.shingle_chars else config.shingle_words,
        "shingle_chars": config.shingle_chars,
        "num_hashes": config.num_bands * config.rows_per_band,
        "seed": 1,
        "scheme": "affine32",
    }


def write_index(path: str | Path, batches: Iterator[pa.RecordBatch], schema: pa.Schema, made: Made) -> int:
    """Write one file of an index; its number of rows comes back."""
    rows = 0
    schema = schema.with_metadata({METADATA: json.dumps(made, sort_keys=True)})
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary, pa.ipc.new_file(str(temporary), schema) as writer:
        for batch in batches:
            writer.write_batch(batch.replace_schema_metadata(schema.metadata))
            rows += batch.num_rows
    return rows


def index_files(folders: Sequence[str], made: Made, first_ordinal: int) -> tuple[IndexFile, ...]:
    """The files of all index folders in order. Raises UserError for what is no index, or made in another way."""
    found = []
    for folder in folders:
        paths = sorted(Path(folder, made["stage"]).glob("*.arrow"))
        if not paths:
            raise UserError(
                f"{made['stage']}.index: no files in {Path(folder, made['stage'])}; expected the index/ folder of a "
                f"run whose {made['stage']} says `write_index: true`"
            )
        for path in paths:
            rows = _rows_of(path, made)
            found.append(IndexFile(str(path), rows, first_ordinal))
            first_ordinal += rows
    return tuple(found)


def _rows_of(path: Path, made: Made) -> int:
    try:
        with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as file:
            there = json.loads((file.schema.metadata or {}).get(METADATA, b"{}"))
            rows = sum(file.get_batch(i).num_rows for i in range(file.num_record_batches))
    except pa.ArrowInvalid as error:
        raise UserError(f"{made['stage']}.index: {path} is no Arrow file: {error}") from None
    if there != made:
        other = ", ".join(f"{k} {there.get(k)} (asked: {v})" for k, v in made.items() if there.get(k) != v)
        raise UserError(
            f"{made['stage']}.index: {path} was made with {other or 'other settings'}; give the stage the settings of "
            "the index, or make the index again"
        )
    return rows


def check_indexes(recipe: Recipe) -> None:
    """Raise UserError for indexes that are missing, of other settings, or the run's own."""
    own = Path(recipe.run_dir).resolve()
    for entry in recipe.stages:
        config = entry.exact_dedup or entry.near_dedup
        if config is None:
            continue
        for folder in config.index:
            if Path(folder).resolve().is_relative_to(own):
                raise UserError(
                    f"{entry.name}.index: {folder} lies in this run's own folder {recipe.run_dir}; give the new batch "
                    "a run_dir of its own"
                )
        if config.index:
            index_files(config.index, made_by(resolved(config)), 0)


def resolved(config: ExactDedupConfig | NearDedupConfig) -> Any:
    """The settings with bands and rows worked out, where they are to be derived from `num_hashes`.

    By datasketch's optimiser: the bands and rows for which the area of missed pairs above min_jaccard and of needless
    ones below it, weighted, is least.
    """
    if not isinstance(config, NearDedupConfig) or config.num_hashes is None:
        return config
    from datasketch import MinHashLSH

    weights = (1 - config.miss_weight, config.miss_weight)
    lsh = MinHashLSH(threshold=config.min_jaccard, num_perm=config.num_hashes, weights=weights)
    return config.model_copy(update={"num_bands": lsh.b, "rows_per_band": lsh.r, "num_hashes": None})


def take_rows(file: IndexFile, ordinals: Ordinals, columns: Sequence[str]) -> Mapping[str, pa.Array]:
    """These columns of the documents `ordinals` of one file; text is not needed for it."""
    with pa.memory_map(file.path) as source:
        table = pa.ipc.open_file(source).read_all().select(list(columns))
    taken = table.take(pa.array(np.asarray(ordinals) - file.first_ordinal)).combine_chunks()
    return {name: taken.column(name).chunk(0) if taken.num_rows else taken.column(name) for name in columns}
