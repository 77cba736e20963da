"""Pretokens of documents: the split patterns of byte-level BPE, exact and without regular expressions.

    "I'll pay 1234 EUR\\n"   gpt2    I|'ll| pay| 1234| EUR|\\n
                            cl100k  I|'ll| pay| |123|4| EUR|\\n
                            o200k   I'll| pay| |123|4| EUR|\\n

Shapes: B = UTF-8 bytes of all documents end to end, D = documents, P = pretokens.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tokenizer.char_table import char_table
from tokenizer.pretokenize_patterns import PATTERNS, pattern_of

__all__ = ["PATTERNS", "pattern_of", "pretokens"]


def pretokens(
    text_B: npt.NDArray[np.uint8], offsets_D1: npt.NDArray[np.signedinteger], pattern: str
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(ends_P, bounds_D1): document d has the pretokens bounds_D1[d] to bounds_D1[d + 1], which tile its bytes.

    Document d is text_B[offsets_D1[d]:offsets_D1[d + 1]]. A pretoken ends before the index ends_P[p] of text_B, and
    begins where the one before it ends, the first at the begin of its document; an empty document has none. Bytes that
    are not UTF-8 are tiled too, somehow. `pattern` is a name of PATTERNS; another raises ValueError. ends_P is a view
    of an array with room for a pretoken a byte: copy it where it is kept.
    """
    from tokenizer.pretokenize_kernels import pretoken_ends  # Numba, at first use

    if pattern not in PATTERNS:
        raise ValueError(f"no split pattern is called {pattern!r}; use one of {', '.join(PATTERNS)}")
    family, max_digits, _ = PATTERNS[pattern]
    text_B = text_B.view()
    text_B.flags.writeable = False  # one compiled kernel, whatever the array is
    ends_P, bounds_D1 = pretoken_ends(text_B, offsets_D1.astype(np.int64), char_table(), family, max_digits)
    return ends_P, bounds_D1
