"""What is learned from words and their counts, in one process: the files of a tokenizer's folder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.config import TrainTokenizerConfig
from pipeline.io.commit import atomic_path
from pipeline.stages.extend_tokenizer import extended_tokenizer
from pipeline.stages.train_tokenizer_counts import WordTable, read_words
from tokenizer.files import file_contents
from tokenizer.sentencepiece_train import num_long_words, tokenizer_of_bpe, train_sentencepiece, vocab_size_of


@dataclass(frozen=True)
class TrainModel:
    """Train on the words of the count files and write the tokenizer's folder."""

    count_paths: tuple[str, ...]
    config: TrainTokenizerConfig
    special_tokens: tuple[str, ...]
    out_dir: str


def train_on_counts(task: TrainModel) -> dict[str, Any]:
    """Write the files; sizes, fingerprint and what was left out. `refused`: why there is nothing, where there isn't."""
    config = task.config
    units = config.weight_units
    min_count = max(1, (config.min_word_count or 0) * units)
    least = least_count([read_words(path)[2] for path in task.count_paths], min_count, config.max_words)
    words, left_out = _frequent_words(task.count_paths, least, units)
    try:
        files, sizes = _trained(words, config, task.special_tokens)
    except ValueError as error:  # of the user's settings, on words that only now are known
        return {"refused": str(error)}
    for name, content in files.items():
        with atomic_path(Path(task.out_dir) / name) as path:
            path.write_bytes(content)
    return {
        "asked_vocab_size": config.full_vocab_size,
        **sizes,
        "fingerprint": hashlib.sha256(files.get("tokenizer.json") or files["tokenizer.model"]).hexdigest(),
        "left_out": left_out,
    }


def _trained(
    words: WordTable, config: TrainTokenizerConfig, special_tokens: Sequence[str]
) -> tuple[dict[str, bytes], dict[str, Any]]:
    from tokenizer.bpe_train import train_from_counts

    if config.uses_sentencepiece:
        return _trained_by_sentencepiece(words, config, special_tokens)
    if config.extend:
        return extended_tokenizer(words, config)
    tokenizer = train_from_counts(
        *words,
        vocab_size=config.full_vocab_size,
        pattern=config.pattern,
        special_tokens=special_tokens,
        min_frequency=config.min_frequency * config.weight_units,
        max_token_bytes=config.max_token_bytes,
        pad_to_multiple_of=config.pad_to_multiple_of,
    )
    return file_contents(tokenizer), {"vocab_size": tokenizer.get_vocab_size()}


def _trained_by_sentencepiece(
    words: WordTable, config: TrainTokenizerConfig, special_tokens: Sequence[str]
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Of a unigram model there is no tokenizer.json: none gives its ids everywhere."""
    is_bpe = config.algorithm == "sentencepiece_bpe"
    model = train_sentencepiece(
        *words,
        kind="bpe" if is_bpe else "unigram",
        vocab_size=config.full_vocab_size,
        special_tokens=special_tokens,
        character_coverage=config.character_coverage,
        splits_digits=config.max_digits == 1,
    )
    size = vocab_size_of(model)
    if size % (config.pad_to_multiple_of or 1):
        raise ValueError(
            f"there is text for {size} of {config.full_vocab_size} pieces, which is no multiple of "
            f"{config.pad_to_multiple_of}; give it more text, a smaller vocab_size, or leave out pad_to_multiple_of"
        )
    files = file_contents(tokenizer_of_bpe(model)) if is_bpe else {}
    return files | {"tokenizer.model": model}, {"vocab_size": size, "long_words": num_long_words(words[1])}


def least_count(counts: Sequence[npt.NDArray[np.int64]], min_count: int, max_words: int | None) -> int:
    """Words that occur so often stay: at least `min_count` times, and at most `max_words` of them.

    Of words as frequent as each other all stay or none: which came first would be chance.
    """
    if max_words is None or sum(part.size for part in counts) <= max_words:
        return min_count
    counts_W = np.concatenate(counts)
    first_out = int(np.partition(counts_W, counts_W.size - max_words - 1)[counts_W.size - max_words - 1])
    return max(min_count, first_out + 1)


def _frequent_words(paths: Sequence[str], least: int, units: int) -> tuple[WordTable, dict[str, Any]]:
    """Words that occur `least` times or more, and the figures of all others.

    No pair of tokens is counted short by more than `pairs`: each word has one pair less than bytes. Occurrences, bytes
    and pairs are weighted, in units of `weight_units` to a word of weight 1.
    """
    left_out = {"words": 0, "occurrences": 0, "bytes": 0}
    total = 0
    parts: list[WordTable] = []
    for word_A, offsets_W1, counts_W in map(read_words, paths):
        lengths_W, stays_W = np.diff(offsets_W1), counts_W >= least
        total += int(lengths_W @ counts_W)
        left_out["words"] += int((~stays_W).sum())
        left_out["occurrences"] += int(counts_W[~stays_W].sum())
        left_out["bytes"] += int(lengths_W[~stays_W] @ counts_W[~stays_W])
        parts.append(_taken(word_A, offsets_W1, counts_W, stays_W))
    figures = {
        **left_out,
        "byte_fraction": left_out["bytes"] / max(total, 1),
        "pairs": left_out["bytes"] - left_out["occurrences"],
        "min_count": least,
        "weight_units": units,
    }
    return _joined(parts), figures


def _taken(
    word_A: npt.NDArray[np.uint8],
    offsets_W1: npt.NDArray[np.int64],
    counts_W: npt.NDArray[np.int64],
    stays_W: npt.NDArray[np.bool_],
) -> WordTable:
    if stays_W.all():
        return word_A, offsets_W1, counts_W
    lengths_W = np.diff(offsets_W1)
    word_A = word_A[offsets_W1[0] : offsets_W1[-1]][np.repeat(stays_W, lengths_W)]
    return word_A, np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths_W[stays_W])]), counts_W[stays_W]


def _joined(parts: Sequence[WordTable]) -> WordTable:
    if len(parts) == 1:
        return parts[0]
    lengths_W = np.concatenate([np.diff(offsets_W1) for _, offsets_W1, _ in parts])
    word_A = np.concatenate([word_A[offsets_W1[0] : offsets_W1[-1]] for word_A, offsets_W1, _ in parts])
    offsets_W1 = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths_W)])
    return word_A, offsets_W1, np.concatenate([counts_W for _, _, counts_W in parts])
