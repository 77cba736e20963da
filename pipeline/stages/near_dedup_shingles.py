"""Near-duplicate removal, from text to numbers: the shingles of documents, the sets of nominated ones in files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import NearDedupConfig
from pipeline.io.commit import atomic_path
from pipeline.io.dataset import Shard
from pipeline.kernels.buffers import string_view
from pipeline.stages.equal_keys import Int64, UInt64
from pipeline.stages.keeper_rules import ranking, read_ranked

SHINGLES = pa.field("shingles", pa.large_list(pa.field("item", pa.uint64(), nullable=False)), nullable=False)
TEXT_BLOCK_BYTES = 2**18  # words, hashes and shingles of a block stay in the processor's cache


@dataclass(frozen=True)
class ShingleTask:
    """One shard, the file of all nominated ordinals (.npy, ascending), and where the shingle sets of its own go."""

    shard: Shard
    verdicts: tuple[str, ...]
    nominated_path: str
    config: NearDedupConfig
    path: str


def shingle_schema(rank_columns: int) -> pa.Schema:
    """Columns of a shingle file: ordinal, a rank per keeper rule that decides (uint64), the set in ascending order."""
    ranks = [pa.field(f"rank_{i}", pa.uint64(), nullable=False) for i in range(rank_columns)]
    return pa.schema([pa.field("ordinal", pa.int64(), nullable=False), *ranks, SHINGLES])


def shingled(texts: pa.StringArray, config: NearDedupConfig) -> Iterator[tuple[slice, UInt64, Int64]]:
    """(rows, shingle_S, shingle_offsets_D1) of `texts`, a block of rows at a time."""
    _, offsets_D1 = string_view(texts)
    start = 0
    while start < len(texts):
        fits = int(np.searchsorted(offsets_D1, int(offsets_D1[start]) + TEXT_BLOCK_BYTES, side="right")) - 1
        stop = max(start + 1, fits)
        yield slice(start, stop), *_shingles(texts.slice(start, stop - start), config)
        start = stop


def _shingles(texts: pa.StringArray, config: NearDedupConfig) -> tuple[UInt64, Int64]:
    from pipeline.kernels.char_shingles import char_shingle_hashes
    from pipeline.kernels.exact_words import exact_words
    from pipeline.kernels.shingles import shingle_hashes
    from pipeline.kernels.words import word_hashes, word_spans

    if config.shingle_chars is not None:
        return char_shingle_hashes(*string_view(normalized_chars(texts, config.normalize)), config.shingle_chars)
    text_B, offsets_D1 = string_view(without_accents_and_numbers(texts) if config.normalize == "fineweb" else texts)
    if config.normalize == "cased":
        words = exact_words(text_B, offsets_D1)
        return shingle_hashes(words.word_W, words.word_offsets_D1, config.shingle_words)
    spans = word_spans(text_B, offsets_D1)
    word_hash_W = word_hashes(text_B, spans.starts_W, spans.ends_W)
    return shingle_hashes(word_hash_W, spans.word_offsets_D1, config.shingle_words)


def without_accents_and_numbers(texts: pa.StringArray) -> pa.StringArray:
    """FineWeb's normalisation (datatrove's `simplify_text`), less what words do anyhow: numbers are 0, no accents.

    Case is left to the words, which are split at punctuation as well. Decomposed, so Hangul letters stand alone.
    """
    bare = pc.replace_substring_regex(pc.utf8_normalize(texts, "NFD"), r"\p{Mn}+", "")
    return pc.replace_substring_regex(bare, r"\p{Nd}+", "0")


def normalized_chars(texts: pa.StringArray, normalize: str) -> pa.StringArray:
    """What shingles of characters are made of: lower case, runs of white space as one blank; `cased`: as it stands.

    `fineweb`: without accents, numbers as 0, punctuation as blanks.
    """
    if normalize == "cased":
        return texts
    if normalize == "fineweb":
        texts = pc.replace_substring_regex(without_accents_and_numbers(texts), r"\pP+", " ")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(pc.utf8_lower(texts), r"[\s\pZ]+", " "))


def write_shingle_sets(task: ShingleTask) -> dict[str, Any]:
    """Write the shingle sets of a shard's nominated documents, by ordinal (`shingle_schema`); return their number."""
    nominated, num_docs = np.load(task.nominated_path, mmap_mode="r"), 0
    first = task.shard.first_ordinal
    low, high = np.searchsorted(nominated, [first, first + task.shard.rows])
    wanted = np.asarray(nominated[low:high])
    schema = shingle_schema(len(ranking(task.config.prefer)))
    with atomic_path(task.path) as temporary, pa.ipc.new_file(str(temporary), schema) as writer:
        ranked = read_ranked(task.shard, task.verdicts, ["text"], task.config.prefer, wanted)
        for batch, ordinals_D, rank_RD in ranked:
            for rows, *sets in shingle_sets_of(batch.column("text"), task.config):
                columns = [ordinals_D[rows], *rank_RD[:, rows]]
                arrays = [*map(pa.array, columns), pa.LargeListArray.from_arrays(*map(pa.array, sets), SHINGLES.type)]
                writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
            num_docs += ordinals_D.size
    return {"documents": num_docs}


def shingle_sets_of(texts: pa.StringArray, config: NearDedupConfig) -> Iterator[tuple[slice, Int64, UInt64]]:
    """(rows, set_offsets_D1, set_U) of the shingle sets of `texts`, a block of rows at a time."""
    from pipeline.kernels.shingles import shingle_sets

    for rows, shingle_S, offsets_D1 in shingled(texts, config):
        set_U, set_offsets_D1 = shingle_sets(shingle_S, offsets_D1)
        yield rows, set_offsets_D1, set_U
