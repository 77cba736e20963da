"""Words of a text column, made once for the stages that stand next to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.kernels.buffers import string_view
from pipeline.schema import Verdict

if TYPE_CHECKING:
    from pipeline.kernels.words import WordSpans


class _Kept(NamedTuple):
    """What a stage kept of a column."""

    before: pa.StringArray
    stays_D: npt.NDArray[np.bool_]
    text: pa.StringArray


_last: tuple[pa.StringArray, WordSpans] | None = None
_last_counts: tuple[pa.StringArray, npt.NDArray[np.int64]] | None = None
_kept: _Kept | None = None


def words_of(text: pa.StringArray) -> WordSpans:
    """`words.word_spans` of the column; neighbouring stages share them while none rewrites a document.

    The last column is kept, and with it its buffers: the same address then is the same text.
    """
    global _last, _kept
    from pipeline.kernels.words import word_spans, words_of_some

    if _last is None or not _is_same(_last[0], text):
        if _last and _kept and _is_same(_kept.text, text) and _is_same(_kept.before, _last[0]):
            _, offsets_D1 = string_view(_kept.before)
            _, some_D1 = string_view(text)
            _last = text, words_of_some(_last[1], offsets_D1, _kept.stays_D, some_D1)
        else:
            _last = None  # so that the new ones take the same memory
            _last = text, word_spans(*string_view(text))
        _kept = None
    return _last[1]


def num_words_of(text: pa.StringArray) -> npt.NDArray[np.int64]:
    """How many words `words_of` has of each document, shape (D,), without making them."""
    global _last_counts
    from pipeline.kernels.words import word_counts

    if _last and _is_same(_last[0], text):
        return np.diff(_last[1].word_offsets_D1).astype(np.int64)
    if _last_counts is None or not _is_same(_last_counts[0], text):
        _last_counts = text, word_counts(*string_view(text))
    return _last_counts[1]


def with_words_kept(text: pa.StringArray, verdict: Verdict) -> Verdict:
    """The verdict as it is. Where it drops rows of `text` and rewrites none, the next stage gets the words of the rest
    without looking for them again.
    """
    global _kept
    if not verdict.stays_D.all():
        _kept = _Kept(text, verdict.stays_D, verdict.kept.column("text"))
    return verdict


def _is_same(one: pa.StringArray, other: pa.StringArray) -> bool:
    return (len(one), one.offset, _addresses(one)) == (len(other), other.offset, _addresses(other))


def _addresses(array: pa.StringArray) -> tuple[int, ...]:
    return tuple(buffer.address if buffer else 0 for buffer in array.buffers())
