"""What can be known of a file before any work: that it can be read, and that it has the columns asked for."""

from __future__ import annotations

import difflib
from collections.abc import Collection

import pyarrow as pa

from pipeline.config import InputConfig
from pipeline.io.columnar import columnar_schema
from pipeline.io.columns import is_text
from pipeline.io.compression import unsupported_kind
from pipeline.io.file_head import Head, file_format, read_head
from pipeline.io.input_files import InputError, SourceFile
from pipeline.io.instruction import layout_fields
from pipeline.io.stored import open_stored

_TABULAR = ("parquet", "arrow", "csv")


def check_file(file: SourceFile, config: InputConfig) -> None:
    """Raise InputError where a file can't be opened, is compressed in a way we don't read, or lacks a column.

    Columns are known beforehand in Parquet, Arrow and CSV files only; an empty CSV file has no rows and passes.
    """
    try:
        with open_stored(file.path) as opened:
            first = opened.read(16)
        kept = file_format(file, config)
        if kept not in ("parquet", "arrow") and (name := unsupported_kind(first)):
            raise InputError(f"{file.path} is a {name} file; expected plain, gzip, zstd or lz4: unpack it first")
        if kept in _TABULAR and (file.size or kept != "csv"):
            _check_columns(file, config, read_head(file, config))
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise InputError(f"{file.path} is not a readable {config.format} file: {_first_line(error)}") from None
    except OSError as error:
        raise InputError(f"{file.path} can't be read: {error.strerror or _first_line(error)}") from None


def _check_columns(file: SourceFile, config: InputConfig, head: Head) -> None:
    wanted = layout_fields(head.layout) or (config.text,)
    for name in wanted:
        if name not in head.names:
            raise InputError(
                f"{file.path} has no column {name!r}{_nearest(name, head.names)}; it has: "
                f"{_listed(head.names)}. Name the text column with `text:`"
            )
    for name in config.columns:
        if name not in head.names:
            raise InputError(f"{file.path} has no column {name!r} to lift{_nearest(name, head.names)}")
    if head.format == "csv":
        return
    schema = columnar_schema(file.path, head.format)
    twice = sorted({name for name in schema.names if schema.names.count(name) > 1})
    if twice:
        raise InputError(f"{file.path} has two columns {twice[0]!r}; expected one of each name")
    if head.layout == "none" and not is_text(schema.field(config.text).type):
        found = schema.field(config.text).type
        raise InputError(f"{file.path}: column {config.text!r} holds {found}, expected text; name another with `text:`")


def _listed(names: Collection[str]) -> str:
    first = sorted(names)[:12]
    return ", ".join([*first, "..."] if len(names) > len(first) else first) or "none"


def _nearest(name: str, names: Collection[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
