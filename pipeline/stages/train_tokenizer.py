"""A tokenizer from all documents that no verdict removes.

text -> distinct words of each shard, with 64-bit counts -> the same by partition, over all shards -> what is learned

Memory follows the distinct words, not the corpus. Counts are exact and nothing but they decides, so that the number of
workers and the order of files and documents do not matter. A tail of rare words is left out where that is asked for,
once their counts are known over all shards; the result says how much it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.config import TrainTokenizerConfig
from pipeline.errors import UserError
from pipeline.io.dataset import Documents
from pipeline.stages.engine import Engine, Result, Task
from pipeline.stages.extend_tokenizer import check_extension
from pipeline.stages.shard_phases import ShardPhases, summed
from pipeline.stages.train_tokenizer_counts import (
    CountShard,
    MergePartition,
    count_shard,
    merge_partition,
    num_partitions,
    warm,
)
from pipeline.stages.train_tokenizer_model import TrainModel, train_on_counts
from pipeline.stages.train_tokenizer_weights import LANG, SOURCE, DocumentWeights
from tokenizer.sentencepiece_train import BYTE_PIECES, MAX_WORD_BYTES, UNKNOWN
from tokenizer.special_tokens import check_special_tokens, check_vocab_size

WHAT_MATCHES = {  # the groups of weights
    SOURCE: "a source is NAME/FILE where the input has a name, so all its files are NAME/*",
    LANG: "labels are those that the language stage gives",
}


class TrainTokenizerError(UserError):
    """The tokenizer can't be trained as asked."""


def check_vocabulary(config: TrainTokenizerConfig, special_tokens: Sequence[str]) -> None:
    """Raise TrainTokenizerError where the vocabulary has no room for these tokens and the bytes, or tokens collide."""
    try:
        if config.extend:
            check_extension(config, special_tokens)
            return
        tokens = (*special_tokens, UNKNOWN) if config.uses_sentencepiece else special_tokens
        check_special_tokens(tokens)
        if config.uses_sentencepiece and (taken := BYTE_PIECES.intersection(tokens)):
            raise ValueError(f"special token {min(taken)!r} is a byte of SentencePiece's vocabulary; name it otherwise")
        check_vocab_size(config.full_vocab_size, tokens)
    except ValueError as error:
        raise TrainTokenizerError(f"train_tokenizer: {error}") from None


def train_tokenizer_job(
    engine: Engine,
    documents: Documents,
    config: TrainTokenizerConfig,
    *,
    special_tokens: Sequence[str],
    out_dir: str,
    work_dir: str,
    key: str,
) -> dict[str, Any]:
    """Write `out_dir`; what was read, counted and left out, the vocabulary's size as it came out and as asked for.

    Raises TrainTokenizerError where the vocabulary leaves no room for the bytes, there is nothing to learn from, or
    what is asked for can't be learned from it.
    """
    check_vocabulary(config, special_tokens)
    phases = ShardPhases("train_tokenizer", engine, documents, Path(work_dir), key)
    counted, paths, distinct = _count(phases, config)
    read = {name: summed(counted, name) for name in ("documents", "bytes")}
    weighted: Counter[str] = Counter(dict.fromkeys(DocumentWeights(config).keys, 0))
    for result in counted:
        weighted.update(result["weighted"])
    if not distinct:
        raise TrainTokenizerError(_nothing_to_learn_from(read["documents"], weighted))
    model = TrainModel(paths, config, tuple(special_tokens), out_dir)
    (result,) = engine.run_tasks(
        train_on_counts,
        [Task("tokenizer", sum(shard.bytes for shard in documents.shards), model)],
        sidecar_dir=str(phases.work / "train"),
        key=key,
        label="train_tokenizer: learn",
    )
    if refused := result.pop("refused", None):
        raise TrainTokenizerError(f"train_tokenizer: {refused}")
    counted_by = {"distinct_words": distinct, "weighted_documents": dict(sorted(weighted.items()))}
    return {**read, **counted_by, **result, "warnings": list(_warnings(weighted, result))}


def _count(phases: ShardPhases, config: TrainTokenizerConfig) -> tuple[list[Result], tuple[str, ...], int]:
    """What counting each shard gave, the count files of all partitions, and how many distinct words these hold."""
    documents, size = phases.documents, sum(shard.bytes for shard in phases.documents.shards)
    partitions = num_partitions(size)
    tasks = [
        CountShard(shard, documents.verdicts, config, partitions, phases.path("words", i))
        for i, shard in enumerate(documents.shards)
    ]
    if len(tasks) > 1:
        warm(config)
    counted = phases.run("words", count_shard, tasks)
    files = tuple(
        f"{task.stem}.{i}.arrow" for task, result in zip(tasks, counted, strict=True) for i in range(result["files"])
    )
    merges = [MergePartition(files, i, f"{phases.path('merged', i)}.arrow") for i in range(partitions)]
    merged = phases.engine.run_tasks(
        merge_partition,
        [Task(f"{i:06d}", size // partitions, task) for i, task in enumerate(merges)],
        sidecar_dir=str(phases.work / "merged"),
        key=phases.key,
        label="train_tokenizer: merged",
    )
    return counted, tuple(task.out_path for task in merges), summed(merged, "words")


def _nothing_to_learn_from(num_documents: int, weighted: Mapping[str, int]) -> str:
    if not num_documents:
        return "train_tokenizer: no document is left to learn from; see in the report what dropped them"
    weights = " whose words count; raise a weight that is 0" if any(weighted.values()) else "; give it some"
    return f"train_tokenizer: {num_documents:,} documents hold no text to learn from{weights}"


def _warnings(weighted: Mapping[str, int], result: Result) -> Iterator[str]:
    """What a reader should look into, in words."""
    for name, num in sorted(weighted.items()):
        if not num:
            yield f"train_tokenizer: {name} is given to no document; {WHAT_MATCHES[name.partition('.')[0]]}"
    size, asked = result["vocab_size"], result["asked_vocab_size"]
    if size < asked:
        yield f"train_tokenizer: there was text for {size:,} tokens, not for {asked:,}; give it more, or ask for fewer"
    if long_words := result.get("long_words"):
        yield (
            f"train_tokenizer: {long_words:,} distinct words of more than {MAX_WORD_BYTES:,} bytes were left out, "
            "which SentencePiece does not take"
        )
