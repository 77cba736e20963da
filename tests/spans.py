"""Words of any tokenizer as spans of bytes."""

from collections.abc import Sequence

import numpy as np

from pipeline.kernels.words import WordSpans


def spans_of_words(texts: Sequence[str], words: Sequence[Sequence[str]], first: int = 0) -> WordSpans:
    """Where the words of each text stand in the texts joined, `first` bytes in; each is found behind the one before."""
    starts, ends, offsets = [], [], [0]
    base = first
    for text, tokens in zip(texts, words, strict=True):
        data, at = text.encode(), 0
        for token in tokens:
            piece = token.encode()
            at = data.index(piece, at)
            starts.append(base + at)
            at += len(piece)
            ends.append(base + at)
        base += len(data)
        offsets.append(len(starts))
    return WordSpans(np.array(starts, np.int32), np.array(ends, np.int32), np.array(offsets, np.int32))
