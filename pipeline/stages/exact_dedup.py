"""Remove documents that equal another: in text, in words, or in address.

text, words or address -> xxh3_128 -> equal keys grouped -> the best-ranked of each group stays

Two texts with the same 128-bit hash are taken to be the same: among a billion documents the chance that any two of
those differ is about 1 in 10**21. Words go into it as hashes of 64 bits (`kernels/words.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from pipeline.config import ExactDedupConfig, KeeperRule
from pipeline.io.dataset import VERDICT, Documents, Ordinals, Shard
from pipeline.kernels.buffers import string_view
from pipeline.stages.duplicates import conclude
from pipeline.stages.engine import Engine, Task
from pipeline.stages.equal_keys import UInt64, group_equal_keys, read_groups, write_keys
from pipeline.stages.keeper_rules import ranking, read_ranked
from pipeline.stages.tally import TALLY_COLUMNS, ShardTally

Bools = npt.NDArray[np.bool_]
HASH_COLUMNS = 2  # the halves of the hash
KINDS = {"raw": "exact", "folded": "folded", "url": "url"}  # what the evidence calls them


@dataclass(frozen=True)
class HashTask:
    """One shard, and where the keys and the tally of its documents go."""

    shard: Shard
    verdicts: tuple[str, ...]
    config: ExactDedupConfig
    path: str

    @property
    def tally_path(self) -> str:
        return self.path.replace(".npy", "-tally.npy")

    @property
    def prefer(self) -> tuple[KeeperRule, ...]:
        """The rules that can decide: texts that are equal are equally long."""
        rules = ranking(self.config.prefer)
        return tuple(r for r in rules if r != "longest") if self.config.normalize == "raw" else rules


def exact_dedup_job(
    engine: Engine,
    documents: Documents,
    config: ExactDedupConfig,
    *,
    out_path: str,
    evidence_path: str,
    work_dir: str,
    key: str,
) -> dict[str, Any]:
    """Write the verdict and evidence files of exact duplicates; return the counts.

    in, out, duplicates: documents. without_key: documents without words or address, which are no duplicates.
    biggest_group: documents that equal each other. What else: `tally.tally_result`.
    """
    payloads = [
        HashTask(shard, documents.verdicts, config, str(Path(work_dir, "hashes", f"{i:06d}.npy")))
        for i, shard in enumerate(documents.shards)
    ]
    tasks = [Task(Path(p.path).stem, p.shard.bytes, p) for p in payloads]
    hashed = engine.run_tasks(
        write_keys_of_shard,
        tasks,
        sidecar_dir=str(Path(work_dir, "hashes")),
        key=key,
        label="exact_dedup: hashes",
    )
    num_docs, rows = (sum(result[name] for result in hashed) for name in ("documents", "rows"))
    rank_columns = len(payloads[0].prefer) if payloads else 0
    groups = group_equal_keys(
        engine,
        [p.path for p in payloads],
        rows=rows,
        columns=HASH_COLUMNS + rank_columns + 1,
        rank_columns=rank_columns,
        folder=str(Path(work_dir, "groups")),
        key=key,
        label="exact_dedup: groups",
    )
    similarity = float("nan") if config.normalize == "url" else 1.0
    removed, biggest = _all_but_the_best([read_groups(path) for path in groups], similarity)
    tallies = [(p.tally_path, result["groups"]) for p, result in zip(payloads, hashed, strict=True)]
    figures = conclude(
        documents,
        removed,
        KINDS[config.normalize],
        tallies,
        config.tripwires,
        out_path=out_path,
        evidence_path=evidence_path,
    )
    return {
        "in": num_docs,
        "out": num_docs - removed.num_rows,
        "duplicates": removed.num_rows,
        "without_key": num_docs - rows,
        "biggest_group": biggest,
        **figures,
    }


def write_keys_of_shard(task: HashTask) -> dict[str, Any]:
    """Write the key file and the tally of one shard; return its number of documents, of rows, and source groups."""
    hashes, ranks, ordinals = [np.empty((0, 2), np.uint64)], [np.empty((len(task.prefer), 0), np.uint64)], []
    tally, num_docs = ShardTally(task.shard), 0
    columns = [*TALLY_COLUMNS, *(["url"] if task.config.normalize == "url" else [])]
    for batch, ordinals_D, rank_RD in read_ranked(task.shard, task.verdicts, columns, task.prefer):
        tally.add(batch, ordinals_D)
        num_docs += batch.num_rows
        hash_D2, has_key_D = keys_of(batch, task.config.normalize)
        hashes.append(hash_D2[has_key_D])
        ranks.append(rank_RD[:, has_key_D])
        ordinals.append(ordinals_D[has_key_D])
    hash_N2, members = np.concatenate(hashes), np.concatenate([np.empty(0, np.int64), *ordinals])
    write_keys(task.path, [*hash_N2.T, *np.concatenate(ranks, axis=1)], members)
    return {"documents": num_docs, "rows": members.size, "groups": tally.save(task.tally_path)}


def keys_of(batch: pa.RecordBatch, normalize: str) -> tuple[UInt64, Bools]:
    """(hash_D2, has_key_D): what makes two documents equal, and which documents have such a thing."""
    if normalize == "folded":
        return word_sequence_hashes(batch.column("text"))
    if normalize == "url":
        addresses = normalized_urls(batch.column("url"))
        return text_hashes(addresses), pc.not_equal(addresses, "").to_numpy(zero_copy_only=False)
    return text_hashes(batch.column("text")), np.ones(batch.num_rows, np.bool_)


def normalized_urls(urls: pa.StringArray) -> pa.StringArray:
    """Addresses as C4 compares them (`normalize_url` in tensorflow_datasets' c4_utils.py): without scheme and `www.`,
    without a query that begins with utm_, ref or feed, without slashes at the end. Null becomes empty.
    """
    bare = pc.replace_substring_regex(pc.fill_null(urls, ""), r"https?://(www\.)?", "")
    return pc.utf8_rtrim(pc.replace_substring_regex(bare, r"\?(utm_|ref|feed).*", ""), "/")


def word_sequence_hashes(texts: pa.StringArray) -> tuple[UInt64, Bools]:
    """(hash_D2, has_words_D): xxh3_128 of the 64-bit hashes of each text's lower-cased words in order."""
    from pipeline.kernels.words import word_hashes, word_spans

    text_B, offsets_D1 = string_view(texts)
    spans = word_spans(text_B, offsets_D1)
    word_hash_W = word_hashes(text_B, spans.starts_W, spans.ends_W)
    return _hashes(word_hash_W.view(np.uint8), spans.word_offsets_D1 * 8), np.diff(spans.word_offsets_D1) > 0


def text_hashes(texts: pa.StringArray) -> UInt64:
    """xxh3_128 of each text in UTF-8: uint64, shape (D, 2), upper half first.

    A loop in Python, and right so: xxhash has no batch call, and at 0.2 microseconds a document beside the hash itself
    (10 GB/s) reading the shard takes many times longer.
    """
    return _hashes(*string_view(texts))


def _hashes(text_B: npt.NDArray[np.uint8], offsets_D1: npt.NDArray[np.int32]) -> UInt64:
    text, digest = text_B.data, xxhash.xxh3_128_digest
    digests = b"".join([digest(text[start:end]) for start, end in pairwise(offsets_D1.tolist())])
    return np.frombuffer(digests, ">u8").astype(np.uint64).reshape(-1, 2)


def _all_but_the_best(groups: list[tuple[Ordinals, Ordinals]], similarity: float) -> tuple[pa.Table, int]:
    """Rows of VERDICT for every member of a group but its best, which stands first, and the size of the biggest."""
    gone, keepers, biggest = [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
    for members, offsets in groups:
        sizes = np.diff(offsets)
        others = np.ones(members.size, np.bool_)
        others[offsets[:-1]] = False
        gone.append(members[others])
        keepers.append(np.repeat(members[offsets[:-1]], sizes - 1))
        biggest = max(biggest, int(sizes.max(initial=0)))
    gone_R = np.concatenate(gone)
    columns = [pa.array(gone_R), pa.array(np.concatenate(keepers)), pa.array(np.full(gone_R.size, similarity))]
    return pa.Table.from_arrays(columns, schema=VERDICT), biggest
