"""First phase of packing: the documents of one shard as token ids on disk, ready to be mapped.

Per shard two files: `<stem>.tokens`, raw int32, all kept documents end to end; `<stem>.documents.arrow`, one batch of
ENCODED. A token that carries no loss is stored as its complement (~id, below zero), so one file holds ids and mask.

Shapes: D = documents in the batch, T = tokens end to end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from pipeline.config import FormatConfig
from pipeline.io.commit import atomic_path
from pipeline.io.dataset import Shard, read_shard
from pipeline.kernels.buffers import string_view
from pipeline.kernels.packing import run_indices
from tokenizer.chat import ROLES, ChatEncoder, Messages, trained_messages
from tokenizer.encode import Encoder
from tokenizer.files import load

ENCODED = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("key", pa.uint64(), nullable=False),
        pa.field("start", pa.int64(), nullable=False),
        pa.field("tokens", pa.int64(), nullable=False),
    ]
)
COLUMNS = ("doc_id", "source", "text", "messages")
BATCH_ROWS = 256

OTHER_SOURCE = "other_source"
INCOMPLETE_MESSAGE = "incomplete_message"
NO_TRAINED_TOKENS = "no_trained_tokens"

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Signed = npt.NDArray[np.int32]


@dataclass(frozen=True)
class EncodeShard:
    """Encode the documents of `shard` that no verdict removes, with the tokenizer in `tokenizer_dir`, to `stem`.*.

    why_library: why the `tokenizers` library is to encode all of them, None where kernels may.
    """

    shard: Shard
    verdicts: tuple[str, ...]
    tokenizer_dir: str
    format: FormatConfig | None
    sources: tuple[str, ...] | None
    seed: int
    stem: str
    why_library: str | None = None


def encode_shard(job: EncodeShard) -> dict[str, Any]:
    """Counts of one shard: documents in, kept, dropped per reason, text bytes, tokens, tokens without loss.

    `by_library`: texts and messages that the `tokenizers` library encoded.

    Where a conversation turns up and no format says how to write it, `unformatted` names it and nothing is written.
    """
    tally = _Tally()
    if job.format is None and (found := _first_conversation(job)):
        return tally.result(unformatted=found)
    encoders = _Encoders(job)
    parts: list[pa.RecordBatch] = []
    with atomic_path(f"{job.stem}.tokens") as path, path.open("wb") as file:
        for batch, _ in read_shard(job.shard, job.verdicts, COLUMNS, BATCH_ROWS):
            parts.append(_write_batch(batch, encoders, tally, file))
    with atomic_path(f"{job.stem}.documents.arrow") as path, pa.ipc.new_file(str(path), ENCODED) as writer:
        writer.write_table(pa.Table.from_batches(parts, ENCODED).combine_chunks())
    return tally.result(unformatted=None) | {"by_library": encoders.text.num_by_library}


def _first_conversation(job: EncodeShard) -> str | None:
    for batch, _ in read_shard(job.shard, job.verdicts, ("doc_id", "source", "messages")):
        wanted = _source_matches(batch.column("source"), job.sources) & _is_chat(batch)
        if wanted.any():
            row = int(np.flatnonzero(wanted)[0])
            return f"document {batch.column('doc_id')[row]} of {batch.column('source')[row]}"
    return None


class _Encoders:
    """The tokenizer of a task, loaded once; the chat template only where there is a format."""

    def __init__(self, job: EncodeShard) -> None:
        self.job = job

    @cached_property
    def text(self) -> Encoder:
        encoder = load(self.job.tokenizer_dir)
        if self.job.why_library:
            encoder.use_library(self.job.why_library)
        return encoder

    @cached_property
    def chat(self) -> ChatEncoder:
        return ChatEncoder(self.text)


@dataclass
class _Tally:
    """What a task has seen so far."""

    documents: int = 0
    kept: int = 0
    bytes: int = 0
    tokens: int = 0
    untrained: int = 0

    def __post_init__(self) -> None:
        self.dropped: Counter[str] = Counter()

    def result(self, *, unformatted: str | None) -> dict[str, Any]:
        return {
            "documents": self.documents,
            "kept": self.kept,
            "bytes": self.bytes,
            "tokens": self.tokens,
            "untrained_tokens": self.untrained,
            "dropped": dict(self.dropped),
            "unformatted": unformatted,
        }


class _Runs(NamedTuple):
    """Document d is values_T[start_D[d] : start_D[d] + length_D[d]]; incomplete_D: a message lacks role or content."""

    values_T: Signed
    start_D: Ints
    length_D: Ints
    incomplete_D: Mask


def _write_batch(batch: pa.RecordBatch, encoders: _Encoders, tally: _Tally, file: BinaryIO) -> pa.RecordBatch:
    """Append the tokens of a batch's kept documents to `file`; their rows of ENCODED."""
    tally.documents += batch.num_rows
    wanted_D = _source_matches(batch.column("source"), encoders.job.sources)
    tally.dropped[OTHER_SOURCE] += int((~wanted_D).sum())
    batch = batch.filter(pa.array(wanted_D))
    runs = _encode(batch, encoders)
    kept_D = _with_loss(runs) & ~runs.incomplete_D
    tally.dropped[INCOMPLETE_MESSAGE] += int(runs.incomplete_D.sum())
    tally.dropped[NO_TRAINED_TOKENS] += int((~kept_D & ~runs.incomplete_D).sum())
    length_D = runs.length_D[kept_D]
    signed_T = runs.values_T[run_indices(runs.start_D[kept_D], length_D)]
    file.write(signed_T.tobytes())
    start_D = tally.tokens + np.cumsum(length_D) - length_D
    tally.kept += length_D.size
    tally.tokens += signed_T.size
    tally.untrained += int((signed_T < 0).sum())
    tally.bytes += pc.sum(pc.binary_length(batch.column("text"))).as_py() or 0
    doc_ids = batch.column("doc_id").filter(pa.array(kept_D))
    # xxhash has no batch call
    keys_D = document_keys(doc_ids.to_pylist(), encoders.job.seed)
    return pa.RecordBatch.from_arrays(
        [doc_ids, pa.array(keys_D), pa.array(start_D), pa.array(length_D)], schema=ENCODED
    )


def document_keys(doc_ids: Sequence[str], seed: int) -> npt.NDArray[np.uint64]:
    """64-bit hash of (doc_id, seed, "validation") per document: the lowest are the validation split."""
    hashes = (xxhash.xxh3_64_intdigest(f"{doc_id}\0{seed}\0validation".encode()) for doc_id in doc_ids)
    return np.fromiter(hashes, np.uint64, len(doc_ids))


def _source_matches(source: pa.Array, patterns: tuple[str, ...] | None) -> Mask:
    if patterns is None:
        return np.ones(len(source), bool)
    encoded = source.dictionary_encode()
    names = encoded.dictionary.to_pylist()  # one per file, not per row
    matches = np.array([any(fnmatchcase(name, pattern) for pattern in patterns) for name in names], bool)
    return matches[encoded.indices.to_numpy()]


def _with_loss(runs: _Runs) -> Mask:
    """True where a token after the document's first carries a loss; the first has nothing to be predicted from."""
    trained_T1 = np.concatenate([np.zeros(1, np.int64), np.cumsum(runs.values_T >= 0)])
    end_D = runs.start_D + runs.length_D
    return trained_T1[end_D] > trained_T1[np.minimum(runs.start_D + 1, end_D)]


def _is_chat(batch: pa.RecordBatch) -> Mask:
    return np.asarray(batch.column("messages").is_valid().to_numpy(zero_copy_only=False))


def _encode(batch: pa.RecordBatch, encoders: _Encoders) -> _Runs:
    """Signed tokens of every document of the batch: plain ones with EOS, conversations through the template."""
    is_chat_D = _is_chat(batch)
    plain = _encode_plain(batch.column("text").filter(pa.array(~is_chat_D)), encoders.text)
    if not is_chat_D.any():
        return plain
    chat = _encode_chat(batch.column("messages").filter(pa.array(is_chat_D)), encoders)
    start_D, length_D = np.empty(batch.num_rows, np.int64), np.empty(batch.num_rows, np.int64)
    start_D[~is_chat_D], start_D[is_chat_D] = plain.start_D, chat.start_D + plain.values_T.size
    length_D[~is_chat_D], length_D[is_chat_D] = plain.length_D, chat.length_D
    incomplete_D = np.zeros(batch.num_rows, bool)
    incomplete_D[is_chat_D] = chat.incomplete_D
    return _Runs(np.concatenate([plain.values_T, chat.values_T]), start_D, length_D, incomplete_D)


def _encode_plain(texts: pa.StringArray, encoder: Encoder) -> _Runs:
    ids_T, bounds_D1 = encoder.encode_bytes(*string_view(texts))
    with_eos_T = np.insert(ids_T, bounds_D1[1:], encoder.eos_id)
    length_D = np.diff(bounds_D1) + 1
    return _Runs(with_eos_T, np.cumsum(length_D) - length_D, length_D, np.zeros(len(texts), bool))


def _encode_chat(conversations: pa.ListArray, encoders: _Encoders) -> _Runs:
    """A message without a role we know, or without content, marks its conversation as incomplete."""
    assert encoders.job.format is not None
    counts_D = conversations.value_lengths().to_numpy()
    bounds_D1 = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts_D, dtype=np.int64)])
    flat = conversations.flatten()
    role, content = pc.struct_field(flat, "role"), pc.struct_field(flat, "content")
    complete = pc.and_(pc.is_in(role, pa.array(sorted(ROLES))), content.is_valid())
    incomplete_D = np.zeros(len(conversations), bool)
    incomplete_D[np.repeat(np.arange(counts_D.size), counts_D)[~complete.to_numpy(zero_copy_only=False)]] = True
    # the loss mask and the chat template take Python strings
    override = pc.struct_field(flat, "train").to_pylist()
    # so do roles and contents
    messages = Messages(role.fill_null("").to_pylist(), content.fill_null("").to_pylist(), override, bounds_D1)
    trained_M = trained_messages(messages, encoders.job.format.train_on)
    ids_T, trained_T, token_bounds_D1 = encoders.chat.render(messages, trained_M)
    signed_T = np.where(trained_T, ids_T, ~ids_T)
    return _Runs(signed_T, token_bounds_D1[:-1], np.diff(token_bounds_D1), incomplete_D)


@dataclass(frozen=True)
class EncodedShard:
    """The mapped files of one encoded shard; document d is tokens[start_D[d] : start_D[d] + tokens_D[d]]."""

    doc_ids: pa.StringArray
    key_D: npt.NDArray[np.uint64]
    start_D: Ints
    tokens_D: Ints
    signed_T: Signed

    @classmethod
    def open(cls, stem: str) -> EncodedShard:
        """Map the files that `encode_shard` wrote under `stem`."""
        with pa.memory_map(f"{stem}.documents.arrow") as source:
            columns = pa.ipc.open_file(source).read_all().combine_chunks()
        doc_ids, key, start, tokens = (_one_chunk(columns.column(name)) for name in ENCODED.names)
        path = Path(f"{stem}.tokens")
        signed_T = np.asarray(np.memmap(path, np.int32, mode="r")) if path.stat().st_size else np.empty(0, np.int32)
        return cls(doc_ids, key.to_numpy(), start.to_numpy(), tokens.to_numpy(), signed_T)


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)
