"""Files that a stage's settings name: there before any work, and part of what its result depends on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.config import StageEntry
from pipeline.errors import UserError
from pipeline.io.shards import file_digest
from pipeline.io.word_lists import list_files


def stage_files(entry: StageEntry) -> Iterator[tuple[str, str]]:
    """(dotted key below the stage, path) of each model, list and tokenizer. UserError for a folder without lists."""
    if entry.language and entry.language.model:
        yield "model", entry.language.model
    if entry.classifier and entry.classifier.model:
        yield "model", entry.classifier.model
    if entry.perplexity:
        yield from _by_label("model", entry.perplexity.model)
        pieces = entry.perplexity.pieces
        yield from _by_label("pieces", None if pieces == "words" else pieces)
    if entry.keywords:
        yield from list_files(entry.keywords)
    if entry.ratios:
        yield from ((f"lists.{i}", path) for i, path in enumerate(entry.ratios.lists))
    if entry.train_tokenizer:
        if entry.train_tokenizer.extend:
            yield "extend", tokenizer_file(entry.train_tokenizer.extend)
        yield from ((f"compare.{i}", tokenizer_file(path)) for i, path in enumerate(entry.train_tokenizer.compare))


def tokenizer_file(path: str) -> str:
    """The tokenizer.json that a setting names by itself or by its folder."""
    return path if Path(path).is_file() else str(Path(path) / "tokenizer.json")


def _by_label(key: str, paths: str | dict[str, str] | None) -> Iterator[tuple[str, str]]:
    if isinstance(paths, str):
        yield key, paths
    elif paths:
        yield from ((f"{key}.{label}", path) for label, path in paths.items())


def check_stage_files(entry: StageEntry, where: str) -> None:
    """Raise UserError for a file that is not there; `where` is the stage's dotted path."""
    for key, path in stage_files(entry):
        if not Path(path).is_file():
            found = "a folder" if Path(path).is_dir() else "nothing"
            raise UserError(f"{where}.{key}: expected a file at {path}, found {found}; correct the path")


def file_digests(entry: StageEntry) -> list[list[str]]:
    """Key and xxh3_128 of the content of every file; where it lies does not matter."""
    return [[key, file_digest(path)] for key, path in stage_files(entry)]
