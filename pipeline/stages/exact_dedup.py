"""Remove documents that equal another: in text, in words, or in address.

text, words or address -> xxh3_128 -> equal keys grouped -> the best-ranked of each group stays

Two texts with the same 128-bit hash are taken to be the same: among a billion documents the chance that any two of
those differ is about 1 in 10**21. Words go into it as hashes of 64 bits (`kernels/words.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from pipeline.io.dataset import VERDICT, Documents, Ordinals, Shard, read_shard
from pipeline.kernels.buffers import string_view
from pipeline.stages.dedup_index import IndexFile, index_files, made_by, write_index
from pipeline.stages.duplicates import conclude
from pipeline.stages.engine import Engine, Task
from pipeline.stages.equal_keys import UInt64, group_equal_keys, read_groups, write_keys
from pipeline.stages.keeper_rules import ranking, read_ranked
from pipeline.stages.tally import TALLY_COLUMNS, ShardTally

Bools = npt.NDArray[np.bool_]
HASH_COLUMNS = 2  # the halves of the hash
INDEX = pa.schema([("doc_id", pa.string()), ("hash_high", pa.uint64()), ("hash_low", pa.uint64())])
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

    @property
    def rank_columns(self) -> int:
        """With an index one more, which stands first: documents of an index are before all others."""
        return len(self.prefer) + bool(self.config.index)


@dataclass(frozen=True)
class IndexTask:
    """One shard with the verdicts on it, and where its part of the new index goes."""

    shard: Shard
    verdicts: tuple[str, ...]
    config: ExactDedupConfig
    path: str


def exact_dedup_job(
    engine: Engine,
    documents: Documents,
    config: ExactDedupConfig,
    *,
    out_path: str,
    evidence_path: str,
    work_dir: str,
    key: str,
    index_dir: str = "",
) -> dict[str, Any]:
    """Write the verdict and evidence files of exact duplicates and, if asked, an index; return the counts.

    in, out, duplicates: documents. without_key: documents without words or address, which are no duplicates.
    biggest_group: documents that equal each other. What else: `tally.tally_result`.
    """
    index = index_files(config.index, made_by(config), documents.rows) if config.index else ()
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
    rank_columns = payloads[0].rank_columns if payloads else 0
    known = [str(Path(work_dir, "hashes", f"index-{i:06d}.npy")) for i in range(len(index))]
    for file, path in zip(index, known, strict=True):
        write_index_keys(file, rank_columns, path)
    groups = group_equal_keys(
        engine,
        [*(p.path for p in payloads), *known],
        rows=rows + sum(file.rows for file in index),
        columns=HASH_COLUMNS + rank_columns + 1,
        rank_columns=rank_columns,
        folder=str(Path(work_dir, "groups")),
        key=key,
        label="exact_dedup: groups",
    )
    similarity = float("nan") if config.normalize == "url" else 1.0
    removed, biggest = _all_but_the_best([read_groups(path) for path in groups], similarity)
    removed = removed.filter(pc.less(removed.column("ordinal"), documents.rows))  # what is in an index stays in it
    tallies = [(p.tally_path, result["groups"]) for p, result in zip(payloads, hashed, strict=True)]
    figures = conclude(
        documents,
        removed,
        KINDS[config.normalize],
        tallies,
        config.tripwires,
        out_path=out_path,
        evidence_path=evidence_path,
        index=index,
    )
    if config.write_index and payloads:
        _write_index(engine, payloads, out_path, Path(index_dir), key)
    return {
        "in": num_docs,
        "out": num_docs - removed.num_rows,
        "duplicates": removed.num_rows,
        "indexed": sum(file.rows for file in index),
        "without_key": num_docs - rows,
        "biggest_group": biggest,
        **figures,
    }


def write_keys_of_shard(task: HashTask) -> dict[str, Any]:
    """Write the key file and the tally of one shard; return its number of documents, of rows, and source groups."""
    hashes, ranks, ordinals = [np.empty((0, 2), np.uint64)], [np.empty((len(task.prefer), 0), np.uint64)], []
    tally, num_docs = ShardTally(task.shard), 0
    columns = [*TALLY_COLUMNS, _key_column(task.config)]
    for batch, ordinals_D, rank_RD in read_ranked(task.shard, task.verdicts, columns, task.prefer):
        tally.add(batch, ordinals_D)
        num_docs += batch.num_rows
        hash_D2, has_key_D = keys_of(batch, task.config.normalize)
        hashes.append(hash_D2[has_key_D])
        ranks.append(rank_RD[:, has_key_D])
        ordinals.append(ordinals_D[has_key_D])
    hash_N2, members = np.concatenate(hashes), np.concatenate([np.empty(0, np.int64), *ordinals])
    behind = [np.ones(members.size, np.uint64)] if task.config.index else []
    write_keys(task.path, [*hash_N2.T, *behind, *np.concatenate(ranks, axis=1)], members)
    return {"documents": num_docs, "rows": members.size, "groups": tally.save(task.tally_path)}


def write_index_keys(file: IndexFile, rank_columns: int, path: str) -> None:
    """Write the key file of one file of an index; its documents are ranked before all others."""
    with pa.memory_map(file.path) as source:
        table = pa.ipc.open_file(source).read_all()
    hashes = [table.column(name).to_numpy() for name in INDEX.names[1:]]
    ranks = [np.zeros(file.rows, np.uint64)] * rank_columns
    write_keys(path, [*hashes, *ranks], file.first_ordinal + np.arange(file.rows))


def _write_index(engine: Engine, payloads: Sequence[HashTask], out_path: str, folder: Path, key: str) -> None:
    tasks = [
        IndexTask(p.shard, (*p.verdicts, out_path), p.config, str(folder / f"{Path(p.path).stem}.arrow"))
        for p in payloads
    ]
    sidecars = str(Path(payloads[0].path).parent.parent / "index")
    engine.run_tasks(
        write_index_of_shard,
        [Task(Path(task.path).stem, task.shard.bytes, task) for task in tasks],
        sidecar_dir=sidecars,
        key=key,
        label="exact_dedup: index",
    )


def write_index_of_shard(task: IndexTask) -> dict[str, Any]:
    """Write the index of one shard's documents that stay and have a key; return their number."""
    return {"documents": write_index(task.path, _index_rows(task), INDEX, made_by(task.config))}


def _index_rows(task: IndexTask) -> Iterator[pa.RecordBatch]:
    for batch, _ in read_shard(task.shard, task.verdicts, ["doc_id", _key_column(task.config)]):
        hash_D2, has_key_D = keys_of(batch, task.config.normalize)
        columns = [batch.column("doc_id"), pa.array(hash_D2[:, 0]), pa.array(hash_D2[:, 1])]
        yield pa.RecordBatch.from_arrays(columns, schema=INDEX).filter(pa.array(has_key_D))


def _key_column(config: ExactDedupConfig) -> str:
    return "url" if config.normalize == "url" else "text"


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
