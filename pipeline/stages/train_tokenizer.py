"""A tokenizer from all documents that no verdict removes, in one task.

text -> pretokens -> distinct ones with 64-bit counts -> merges -> tokenizer.json

Memory follows the distinct pretokens, not the corpus. The merges are those that the `tokenizers` library learns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from pipeline.config import TrainTokenizerConfig
from pipeline.errors import UserError
from pipeline.io.commit import atomic_path
from pipeline.io.dataset import Documents, read_shard
from pipeline.kernels.buffers import string_view
from pipeline.stages.engine import Engine, Task
from tokenizer.files import file_contents
from tokenizer.train import check_vocab_size


class TrainTokenizerError(UserError):
    """The tokenizer can't be trained as asked."""


@dataclass(frozen=True)
class TrainTokenizer:
    """Train on `documents` and write the tokenizer's folder."""

    documents: Documents
    config: TrainTokenizerConfig
    special_tokens: tuple[str, ...]
    out_dir: str


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
    """Write `out_dir`; documents and bytes read, the vocabulary's size as it came out and as asked for.

    Raises TrainTokenizerError where the vocabulary leaves no room for the bytes, or there is nothing to learn from.
    """
    try:
        check_vocab_size(config.vocab_size, special_tokens)
    except ValueError as error:
        raise TrainTokenizerError(f"train_tokenizer: {error}") from None
    job = TrainTokenizer(documents, config, tuple(special_tokens), out_dir)
    task = Task("tokenizer", sum(shard.bytes for shard in documents.shards), job)
    sidecar_dir = str(Path(work_dir) / "train")
    (result,) = engine.run_tasks(train_on_documents, [task], sidecar_dir=sidecar_dir, key=key, label="train_tokenizer")
    if not result["bytes"]:
        raise TrainTokenizerError(f"train_tokenizer: {result['documents']} documents hold no text to learn from")
    return result


def train_on_documents(job: TrainTokenizer) -> dict[str, Any]:
    """Train, write the files, and count what was read. Raises TrainTokenizerError for what cannot be trained on."""
    from tokenizer.bpe_train import train_from_counts
    from tokenizer.pretoken_counts import PretokenCounts

    counts = {"documents": 0, "bytes": 0}
    config = job.config
    pretokens = PretokenCounts()
    for shard in job.documents.shards:
        for batch, _ in read_shard(shard, job.documents.verdicts, ("text",)):
            text = batch.column("text")
            counts["documents"] += batch.num_rows
            counts["bytes"] += pc.sum(pc.binary_length(text)).as_py() or 0
            pretokens.add_texts(*string_view(text), config.pretokenizer)
    tokenizer = train_from_counts(
        *pretokens.table(),
        vocab_size=config.vocab_size,
        pattern=config.pretokenizer,
        special_tokens=job.special_tokens,
        min_frequency=config.min_frequency,
        max_token_bytes=config.max_token_bytes,
    )
    files = file_contents(tokenizer)
    for name, content in files.items():
        with atomic_path(Path(job.out_dir) / name) as path:
            path.write_bytes(content)
    return {
        **counts,
        "vocab_size": tokenizer.get_vocab_size(),
        "asked_vocab_size": config.vocab_size,
        "fingerprint": hashlib.sha256(files["tokenizer.json"]).hexdigest(),
    }
