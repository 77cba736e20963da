"""What train_tokenizer does otherwise where it extends a tokenizer: the base's words, and merges on top of its own."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import TrainTokenizerConfig
from pipeline.io.stage_files import tokenizer_file
from pipeline.kernels.buffers import string_view
from tokenizer.chat import IM_END, IM_START
from tokenizer.extend import Base, extended, extended_files

WordTable = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]]


@dataclass(frozen=True)
class WordCut:
    """How text becomes words: by a pattern of `tokenizer.pretoken_counts`, in Unicode's normal form C if so told."""

    pattern: str
    normalizes: bool = False

    def normalized(self, text: pa.StringArray) -> pa.StringArray:
        """The texts that are cut."""
        if not self.normalizes:
            return text
        from tokenizer.normal_form import may_change  # Numba, at first use

        changes = pa.array(may_change(*string_view(text)))
        # Arrow's utf8_normalize does not compose (25.0); few documents need Python's
        wholes = [unicodedata.normalize("NFC", one) for one in text.filter(changes).to_pylist()]
        return pc.replace_with_mask(text, changes, pa.array(wholes, text.type))


def word_cut(config: TrainTokenizerConfig) -> WordCut:
    """The base's way where there is a base, else what the settings say."""
    if not config.extend:
        return WordCut(config.pattern)
    base = _base(config)
    return WordCut(base.pattern, base.normalizes)


def check_extension(config: TrainTokenizerConfig, special_tokens: Sequence[str]) -> None:
    """Raise ValueError for a base that can't be extended, or lacks what a chat is told by, or is not to grow."""
    base = _base(config)
    _num_added(base, config)
    if missing := [token for token in (IM_START, IM_END) if token in special_tokens and token not in base.vocab]:
        raise ValueError(
            f"extend: {config.extend} has no {' and no '.join(missing)}, which the format stage needs; "
            "extend a tokenizer that has them, or train one of its own (leave out extend)"
        )


def extended_tokenizer(words: WordTable, config: TrainTokenizerConfig) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The folder's files, and the sizes of the vocabulary: as it came out, as it was, and as asked for."""
    base = _base(config)
    num = _num_added(base, config)
    raw = extended(
        base,
        *words,
        add_tokens=num,
        min_frequency=config.min_frequency * config.weight_units,
        max_token_bytes=config.max_token_bytes,
    )
    assert config.extend
    files = extended_files(Path(tokenizer_file(config.extend)).parent, raw)
    size = Base(raw).num_tokens
    return files, {
        "vocab_size": size,
        "base_vocab_size": base.num_tokens,
        "asked_vocab_size": base.num_tokens + num,
    }


def _base(config: TrainTokenizerConfig) -> Base:
    assert config.extend
    path = Path(tokenizer_file(config.extend))
    try:
        return Base(path.read_bytes())
    except FileNotFoundError:
        raise ValueError(f"extend: no tokenizer.json in {config.extend}; name the folder of a tokenizer") from None
    except ValueError as error:
        raise ValueError(f"extend: {path}: {error}") from None


def _num_added(base: Base, config: TrainTokenizerConfig) -> int:
    """How many ids to add: up to vocab_size, or `add_tokens`, and on to the next multiple asked for."""
    multiple = config.pad_to_multiple_of or 1
    wanted = config.vocab_size if config.add_tokens is None else base.num_ids + config.add_tokens
    num = -(-wanted // multiple) * multiple - base.num_ids
    if num < 1:
        raise ValueError(
            f"extend: {config.extend} has {base.num_ids} ids, vocab_size {config.vocab_size} leaves no room for more; "
            "say by how many tokens it grows (add_tokens)"
        )
    return num
