"""What the start of a file says about the rest. Every piece of a file asks anew, so all pieces get one answer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from pipeline.config import InputConfig, Layout
from pipeline.io.archive import ARC, dialect_of
from pipeline.io.archive_frames import is_framed
from pipeline.io.columnar import columnar_schema
from pipeline.io.compression import Flow, Kind, decompressed, kind_of
from pipeline.io.csv_rows import read_header
from pipeline.io.hf_folder import data_suffix
from pipeline.io.input_files import SourceFile
from pipeline.io.instruction import detect_layout
from pipeline.io.json_records import HEAD_BYTES, first_fields, json_framing
from pipeline.io.stored import StoredBytes

FileFormat = Literal["archive", "jsonl", "parquet", "arrow", "csv", "text"]
_BY_FORMAT: dict[str, FileFormat] = {
    "warc": "archive",
    "wet": "archive",
    "jsonl": "jsonl",
    "parquet": "parquet",
    "arrow": "arrow",
    "csv": "csv",
    "text": "text",
}
_BY_SUFFIX: dict[str, FileFormat] = {".arrow": "arrow", ".parquet": "parquet", ".csv": "csv"}


@dataclass(frozen=True)
class Head:
    """How to read a file. names: the fields of its header, schema or first readable record."""

    format: FileFormat
    kind: Kind = "plain"
    is_lines: bool = True
    is_arc: bool = False
    is_framed: bool = False
    names: frozenset[str] = frozenset()
    layout: Layout = "none"


def file_format(file: SourceFile, config: InputConfig) -> FileFormat:
    """Which reader a file needs; for hf its name says."""
    if config.format == "hf":
        return _BY_SUFFIX.get(data_suffix(file.source), "jsonl")
    return _BY_FORMAT[config.format]


def read_head(file: SourceFile, config: InputConfig, stored: StoredBytes | None = None) -> Head:
    """How to read `file`, from its first bytes; OSError, or pa.ArrowException for a Parquet or Arrow file, where they
    can't be read. stored: the file where it is open already.
    """
    kept = file_format(file, config)
    if kept in ("parquet", "arrow"):
        names = frozenset(columnar_schema(file.path, kept).names)
        return Head(kept, is_lines=False, names=names, layout=_layout(config, names))
    if stored is None:
        with StoredBytes(file.path) as opened:
            return read_head(file, config, opened)
    kind = kind_of(stored.read_at(0, 4))
    flow = Flow(decompressed(stored, kind))
    if kept == "archive":
        flow.need(16)
        dialect = dialect_of(bytes(flow.buffer[:16]))
        return Head(kept, kind, False, dialect is ARC, is_framed(stored, kind, dialect))
    if kept == "text":
        return Head(kept, kind, config.unit == "line")
    if kept == "csv":
        names = frozenset(read_header(flow))
        return Head(kept, kind, False, names=names, layout=_layout(config, names))
    flow.need(HEAD_BYTES)
    framing = json_framing(file.source, bytes(flow.buffer[:HEAD_BYTES]))
    names = first_fields(flow, framing) if config.layout == "auto" else frozenset()
    return Head(kept, kind, framing == "lines", names=names, layout=_layout(config, names))


def _layout(config: InputConfig, names: Collection[str]) -> Layout:
    return detect_layout(names, config.text) if config.layout == "auto" else config.layout
