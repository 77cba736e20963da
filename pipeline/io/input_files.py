"""Which files the inputs name, and the source name of each: the same on every machine."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import fsspec

from pipeline.config import InputConfig
from pipeline.errors import UserError
from pipeline.io.hf_folder import folder_files
from pipeline.io.stored import is_url

_MAGIC = frozenset("*?[")
_FOLDER_FORMATS = {"parquet": "*.parquet", "arrow": "*.arrow"}


class InputError(UserError):
    """The files are not what the recipe says they are."""


@dataclass(frozen=True)
class SourceFile:
    """One input file. size: stored bytes; modified: modification time in ns, 0 where the file system has none."""

    input_index: int
    path: str
    source: str
    size: int
    modified: int


def find_files(inputs: Sequence[InputConfig]) -> list[SourceFile]:
    """Every file of every input, sorted by source. Raises InputError where a pattern or a name leads nowhere good."""
    files: dict[str, SourceFile] = {}
    for index, config in enumerate(inputs):
        for path, source in _named_files(config, f"input.{index}.paths"):
            one = _source_file(index, path, source)
            same = files.setdefault(source, one)
            if same != one:
                raise InputError(
                    f"{same.path} and {path} would both be the source {source!r}; "
                    f"give input.{index} a `name:` of its own, or one pattern that holds both"
                )
    return [files[source] for source in sorted(files)]


def _named_files(config: InputConfig, key: str) -> Iterator[tuple[str, str]]:
    """(path, source) of each file of one input; a file that two patterns match counts once."""
    seen: dict[str, str] = {}
    for pattern in config.paths:
        for path, below in _matches(config, pattern, key):
            source = f"{config.name}/{below}" if config.name else below
            if seen.setdefault(path, source) != source:
                raise InputError(f"{key}: {path} is matched twice, as {seen[path]!r} and {source!r}; drop one pattern")
            try:
                source.encode()
            except UnicodeEncodeError:
                raise InputError(f"{key}: the name of {path!r} is not UTF-8; rename the file") from None
    yield from seen.items()


def _matches(config: InputConfig, pattern: str, key: str) -> list[tuple[str, str]]:
    """(path, path below the fixed part of the pattern) of each file that `pattern` stands for."""
    try:
        found = list(_url_matches(pattern) if is_url(pattern) else _local_matches(pattern))
        if config.format == "hf":
            return [inner for path, below, is_folder in found for inner in _in_folder(path, below, is_folder, key)]
        files = [(path, below) for path, below, is_folder in found if not is_folder]
    except FileNotFoundError as error:
        raise InputError(f"{key}: {error.filename} does not exist; expected a file or a glob pattern") from None
    except OSError as error:
        raise InputError(f"{key}: {error.filename or pattern} can't be read: {error.strerror or error}") from None
    if files:
        return files
    if found:
        rest = _FOLDER_FORMATS.get(config.format, "*")
        raise InputError(f"{key}: {found[0][0]} is a folder, expected a file; write {found[0][0].rstrip('/')}/{rest}")
    raise InputError(f"{key}: nothing matches {pattern}; expected at least one file (working directory: {Path.cwd()})")


def _in_folder(path: str, below: str, is_folder: bool, key: str) -> Iterator[tuple[str, str]]:
    if not is_folder:
        raise InputError(f"{key}: {path} is a file; format hf expects the folder that save_to_disk wrote")
    try:
        inner = folder_files(path)
    except (ValueError, KeyError, TypeError):
        raise InputError(
            f"{key}: {path} has a state.json or dataset_dict.json that save_to_disk did not write"
        ) from None
    if not inner:
        raise InputError(f"{key}: {path} holds no Arrow, Parquet, JSONL or CSV file; expected a datasets folder")
    for name in inner:
        yield f"{path.rstrip('/')}/{name}", f"{below}/{name}" if below else name


def _url_matches(pattern: str) -> Iterator[tuple[str, str, bool]]:
    fs, root = fsspec.core.url_to_fs(pattern)
    fixed, _ = _split(root)
    for path, info in fs.glob(root, detail=True).items() if _MAGIC & set(root) else {root: fs.info(root)}.items():
        below = path.removeprefix(fixed).lstrip("/") or Path(path).name
        yield fs.unstrip_protocol(path), below, info["type"] == "directory"


def _local_matches(pattern: str) -> Iterator[tuple[str, str, bool]]:
    if not _MAGIC & set(pattern) or Path(pattern).exists():
        is_folder = stat.S_ISDIR(Path(pattern).stat().st_mode)
        yield pattern, "" if is_folder else Path(pattern).name, is_folder
        return
    fixed, segments = _split(pattern)
    for path in dict.fromkeys(_walk(Path(fixed or "."), segments)):
        yield str(path), path.relative_to(fixed or ".").as_posix(), path.is_dir()


def _split(pattern: str) -> tuple[str, list[str]]:
    """The part of a pattern in front of its first segment with a wildcard, and the segments from there on."""
    segments = pattern.split("/")
    first = next((i for i, segment in enumerate(segments) if _MAGIC & set(segment)), len(segments) - 1)
    return "/".join(segments[:first]) or ("/" if pattern.startswith("/") else ""), segments[first:]


def _walk(folder: Path, segments: Sequence[str]) -> Iterator[Path]:
    """Paths below `folder` that match, hidden ones left out. Unlike glob, it raises where a folder can't be listed."""
    first, *rest = segments
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if first.startswith(".") or not entry.name.startswith("."))
    if first == "**":
        yield from _walk(folder, rest or ["*"])
        for name in names:
            if (folder / name).is_dir() and not (folder / name).is_symlink():
                yield from _walk(folder / name, segments)
        return
    for name in fnmatch.filter(names, first):
        if not rest:
            yield folder / name
        elif (folder / name).is_dir():
            yield from _walk(folder / name, rest)


def _source_file(index: int, path: str, source: str) -> SourceFile:
    if is_url(path):
        fs, root = fsspec.core.url_to_fs(path)
        return SourceFile(index, path, source, int(fs.info(root)["size"]), 0)
    try:
        found = Path(path).stat()
    except OSError as error:
        raise InputError(f"input.{index}.paths: {path} can't be read: {error.strerror}") from None
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"input.{index}.paths: {path} is no regular file; write its contents to one first")
    return SourceFile(index, path, source, found.st_size, found.st_mtime_ns)
