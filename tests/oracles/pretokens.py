"""Pretokens as the `tokenizers` library's regular expressions cut them, and the same of our kernels, to compare."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from tokenizers import Regex, pre_tokenizers

from tokenizer.pretokenize import PATTERNS, pretokens


def splitter(pattern: str) -> pre_tokenizers.PreTokenizer:
    """The library's own pre-tokenizer for a name of PATTERNS."""
    if pattern == "gpt2":
        return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    return pre_tokenizers.Split(Regex(PATTERNS[pattern].regex), behavior="isolated")


def pieces(text: str, by: pre_tokenizers.PreTokenizer) -> list[str]:
    return [text[start:end] for _, (start, end) in by.pre_tokenize_str(text)]


def buffers(texts: Sequence[str]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """(text_B, offsets_D1) of the texts end to end."""
    encoded = [text.encode() for text in texts]
    text_B = np.frombuffer(b"".join(encoded), np.uint8)
    return text_B, np.cumsum([0, *map(len, encoded)])


def kernel_pieces(texts: Sequence[str], pattern: str) -> list[list[str]]:
    """Pretokens of each text from the kernels; the texts lie end to end in one buffer, as in a batch."""
    text_B, offsets_D1 = buffers(texts)
    data = text_B.tobytes()
    ends_P, bounds_D1 = pretokens(text_B, offsets_D1, pattern)
    pieces_D = []
    for d in range(len(texts)):
        ends = ends_P[bounds_D1[d] : bounds_D1[d + 1]].tolist()
        starts = [int(offsets_D1[d]), *ends[:-1]]
        pieces_D.append([data[start:end].decode() for start, end in zip(starts, ends, strict=bool(ends))])
    return pieces_D
