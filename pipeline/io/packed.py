"""A folder of packed rows: Arrow stream shards that `datasets.load_from_disk` opens and a trainer maps.

Every shard carries, as JSON under the schema-metadata key `corpusmill`, the manifest of its split: what a trainer must
know and refuse to differ from (`Manifest`).

Shapes: T = tokens end to end, S = pieces, R = rows. A row is a run of pieces, a piece a run of one document's tokens.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xxhash

from pipeline.io.commit import atomic_path, write_json
from pipeline.schema import packed_schema

METADATA_KEY = b"corpusmill"
IGNORED = -100
Tokens = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int32]
Offsets = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Manifest:
    """What a packed split says of itself. Fingerprints are hex; `template` and `recipe` may be unknown."""

    context_len: int
    vocab_size: int
    eos_id: int
    tokenizer: str
    template: str | None = None
    recipe: str | None = None


class PackedRow(NamedTuple):
    """One row: `input_ids` and `labels` of shape (T,), `seq_lengths` of shape (S,) with sum T. -100: no loss."""

    input_ids: Tokens
    labels: Tokens
    seq_lengths: Counts


@dataclass(frozen=True)
class PackedShard:
    """One written shard; `xxh3` is the hash of its bytes."""

    file: str
    rows: int
    tokens: int
    bytes: int
    xxh3: str


@dataclass(frozen=True)
class Pieces:
    """Pieces in the order of their rows.

    ids_T: int32, every piece's tokens end to end. trained_T: bool, or None where every token is trained.
    lengths_S: int32, tokens per piece. offsets_S: int64, where it starts in its document. doc_ids: string, shape (S,).
    pieces_R: int32, pieces per row.
    """

    ids_T: Tokens
    trained_T: Mask | None
    lengths_S: Counts
    offsets_S: Offsets
    doc_ids: pa.StringArray
    pieces_R: Counts


def shard_schema(manifest: Manifest, *, columns: str, stores_labels: bool) -> pa.Schema:
    """Schema of a packed shard with its manifest; labels need not be stored where everything is trained."""
    schema = packed_schema(columns)
    if not stores_labels:
        schema = schema.remove(schema.get_field_index("labels"))
    text = json.dumps(asdict(manifest), sort_keys=True)
    return schema.with_metadata({METADATA_KEY: text.encode()})


def row_batch(pieces: Pieces, schema: pa.Schema) -> pa.RecordBatch:
    """One packed row per item of `pieces_R`, in the columns of `schema`.

    The first token of every piece gets the label -100: it would be predicted from the piece before it.
    """
    piece_ends_S = np.cumsum(pieces.lengths_S, dtype=np.int64)
    starts_S = piece_ends_S - pieces.lengths_S
    piece_bounds_R1 = _bounds(pieces.pieces_R)
    token_bounds_R1 = np.append(starts_S, pieces.ids_T.size)[piece_bounds_R1]
    columns: dict[str, pa.Array] = {
        "input_ids": _lists(token_bounds_R1, pieces.ids_T),
        "seq_lengths": _lists(piece_bounds_R1, pieces.lengths_S),
        "doc_ids": _lists(piece_bounds_R1, pieces.doc_ids),
        "offsets": _lists(piece_bounds_R1, pieces.offsets_S),
    }
    if "labels" in schema.names:
        columns["labels"] = _lists(token_bounds_R1, _labels(pieces.ids_T, pieces.trained_T, starts_S))
    if "position_ids" in schema.names:
        within_T = np.arange(pieces.ids_T.size, dtype=np.int64) - np.repeat(starts_S, pieces.lengths_S)
        columns["position_ids"] = _lists(token_bounds_R1, within_T.astype(np.int32))
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _labels(ids_T: Tokens, trained_T: Mask | None, starts_S: Offsets) -> Tokens:
    labels_T = ids_T.copy() if trained_T is None else np.where(trained_T, ids_T, np.int32(IGNORED))
    labels_T[starts_S] = IGNORED
    return labels_T


def _bounds(counts: Counts) -> Offsets:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])


def _lists(bounds: Offsets, values: npt.NDArray[Any] | pa.Array) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(bounds.astype(np.int32)), pa.array(values))


def write_shard(path: str | Path, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> PackedShard:
    """Write one Arrow stream file, atomically; the same batches give the same bytes."""
    rows = tokens = 0
    with atomic_path(path) as temporary:
        with pa.ipc.new_stream(str(temporary), schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
                rows += batch.num_rows
                tokens += len(batch.column("input_ids").flatten())
        size, digest = temporary.stat().st_size, _file_hash(temporary)
    return PackedShard(Path(path).name, rows, tokens, size, digest)


def _file_hash(path: Path) -> str:
    digest = xxhash.xxh3_64()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def write_split_index(split_dir: str | Path, shards: Sequence[PackedShard], *, split: str) -> None:
    """Write the two files that make a folder of shards a `datasets` folder.

    `dataset_info.json` names no features: every version of `datasets` then reads them from the shards, while the way
    it spells a list has changed between versions. The fingerprint, which keys its caches, is that of the content.
    """
    content = xxhash.xxh3_64("".join(shard.xxh3 for shard in shards).encode()).hexdigest()
    state: dict[str, Any] = {
        "_data_files": [{"filename": shard.file} for shard in shards],
        "_fingerprint": content,
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": split,
    }
    write_json(
        Path(split_dir) / "dataset_info.json", {"citation": "", "description": "", "homepage": "", "license": ""}
    )
    write_json(Path(split_dir) / "state.json", state)


def write_packed(
    split_dir: str | Path, rows: Sequence[PackedRow], manifest: Manifest, *, columns: str = "full", split: str = "train"
) -> None:
    """Write rows held in memory as one split folder of one shard, the layout that `pack` writes.

    A label is -100 or the token itself. Documents are named by row and piece (`r0p1`). `lean` keeps labels only where
    they say more than the pieces' starts do.
    """
    if not rows:
        raise ValueError(f"{split_dir} would have no rows; leave an empty split out")
    pieces = _pieces_of(rows)
    stores_labels = columns == "full" or pieces.trained_T is not None
    schema = shard_schema(manifest, columns=columns, stores_labels=stores_labels)
    shard = write_shard(Path(split_dir) / shard_name(0, 1), [row_batch(pieces, schema)], schema)
    write_split_index(split_dir, [shard], split=split)


def shard_name(index: int, count: int) -> str:
    """File name of a shard, as `datasets` names them."""
    return f"data-{index:05d}-of-{count:05d}.arrow"


def _pieces_of(rows: Sequence[PackedRow]) -> Pieces:
    ids_T = np.concatenate([row.input_ids for row in rows]).astype(np.int32)
    labels_T = np.concatenate([row.labels for row in rows])
    lengths_S = np.concatenate([row.seq_lengths for row in rows]).astype(np.int32)
    trained_T = labels_T != IGNORED
    if not np.array_equal(labels_T[trained_T], ids_T[trained_T]) or lengths_S.sum() != ids_T.size:
        raise ValueError("a row's labels must be -100 or the token itself, and its seq_lengths must sum to its tokens")
    starts_S = np.cumsum(lengths_S, dtype=np.int64) - lengths_S
    trained_T[starts_S] = True  # their label is -100 anyway
    names = [f"r{r}p{p}" for r, row in enumerate(rows) for p in range(len(row.seq_lengths))]
    return Pieces(
        ids_T=ids_T,
        trained_T=None if trained_T.all() else trained_T,
        lengths_S=lengths_S,
        offsets_S=np.zeros(lengths_S.size, np.int64),
        doc_ids=pa.array(names, pa.string()),
        pieces_R=np.array([len(row.seq_lengths) for row in rows], np.int32),
    )


class PackedRows:
    """The rows of one split folder, memory-mapped: opening reads no tokens, a row's arrays are views of the file.

    Raises FileNotFoundError where the folder is not a packed split, ValueError where its shards carry no manifest.
    """

    def __init__(self, split_dir: str | Path) -> None:
        state_path = Path(split_dir) / "state.json"
        if not state_path.is_file():
            raise FileNotFoundError(
                f"{split_dir} is no packed split: it has no state.json. Name the folder of one split, as packed/train."
            )
        names = [item["filename"] for item in json.loads(state_path.read_text(encoding="utf-8"))["_data_files"]]
        tables = [_mapped(state_path.parent / name) for name in names]
        metadata = tables[0].schema.metadata or {}
        if METADATA_KEY not in metadata:
            raise ValueError(f"{split_dir}: the shards carry no manifest; were they written by another program?")
        self.manifest = Manifest(**json.loads(metadata[METADATA_KEY]))
        self._batches = [batch for table in tables for batch in table.to_batches()]
        self._ends = np.cumsum([batch.num_rows for batch in self._batches], dtype=np.int64)
        self._views = [_BatchView(batch) for batch in self._batches]

    def __len__(self) -> int:
        return int(self._ends[-1]) if self._ends.size else 0

    def row(self, index: int) -> PackedRow:
        """Row `index`, counted from 0; its input_ids, seq_lengths and stored labels are read-only views of the file."""
        if not 0 <= index < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        which = int(np.searchsorted(self._ends, index, side="right"))
        within = index - (int(self._ends[which - 1]) if which else 0)
        return self._views[which].row(within)

    @cached_property
    def num_tokens(self) -> int:
        """Tokens in all rows."""
        return sum(int(view.ids.bounds[-1] - view.ids.bounds[0]) for view in self._views)


def _mapped(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
        return reader.read_all()


class _ListView:
    """NumPy view of a list column: item i is values[bounds[i]:bounds[i + 1]]."""

    def __init__(self, column: pa.ListArray) -> None:
        self.bounds = column.offsets.to_numpy()
        self.values = column.values.to_numpy()

    def item(self, index: int) -> Tokens:
        view: Tokens = self.values[self.bounds[index] : self.bounds[index + 1]]
        return view


class _BatchView:
    """The columns of one batch that a trainer reads."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self.ids = _ListView(batch.column("input_ids"))
        self.lengths = _ListView(batch.column("seq_lengths"))
        self.labels = _ListView(batch.column("labels")) if "labels" in batch.schema.names else None

    def row(self, index: int) -> PackedRow:
        ids, lengths = self.ids.item(index), self.lengths.item(index)
        if self.labels is not None:
            return PackedRow(ids, self.labels.item(index), lengths)
        starts = np.cumsum(lengths, dtype=np.int64) - lengths
        return PackedRow(ids, _labels(ids, None, starts), lengths)
