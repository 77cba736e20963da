"""Words of a text column, made once for the stages that stand next to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.kernels.buffers import string_view

if TYPE_CHECKING:
    from pipeline.kernels.words import WordSpans

_last: tuple[pa.StringArray, WordSpans] | None = None


def words_of(text: pa.StringArray) -> WordSpans:
    """`words.word_spans` of the column; neighbouring stages share them while none drops or rewrites a document.

    The last column is kept, and with it its buffers: the same address then is the same text.
    """
    global _last
    from pipeline.kernels.words import word_spans

    if _last is None or not _is_same(_last[0], text):
        _last = None  # so that the new ones take the same memory
        _last = text, word_spans(*string_view(text))
    return _last[1]


def _is_same(one: pa.StringArray, other: pa.StringArray) -> bool:
    return (len(one), one.offset, _addresses(one)) == (len(other), other.offset, _addresses(other))


def _addresses(array: pa.StringArray) -> tuple[int, ...]:
    return tuple(buffer.address if buffer else 0 for buffer in array.buffers())
