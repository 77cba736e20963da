# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False
"""Which documents Unicode's normal form C may change, by the quick check of Unicode's Annex 15.

A text is in the form where each character is its own form and joins none before it, and marks on one letter come in
the order of their classes. So it is in all versions of Unicode from Python's on; characters that Python's has not
assigned, and those that join others at times, are left to whoever does the whole work.

Shapes: B = UTF-8 bytes of all documents end to end, D = documents, C = code points.
"""

from __future__ import annotations

import sys
import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt
from numba import njit

from tokenizer.pretokenize_scan import kind_at

FIRST = 0x300  # all before it are in the form, whatever stands beside them
ASSIGNED = (range(FIRST, 0xD800), range(0xE000, 0x32400), range(0xE0000, 0xE0200))  # where all that Unicode has lies
HANGUL_VOWELS_AND_ENDS = (range(0x1161, 0x1176), range(0x11A8, 0x11C3))
UNSETTLED = 255  # no combining class is as high
_FIRST_LEAD = 0xCC  # of the UTF-8 of U+0300; bytes behind a first one are below


def may_change(text_B: npt.NDArray[np.uint8], offsets_D1: npt.NDArray[np.signedinteger]) -> npt.NDArray[np.bool_]:
    """True where NFC may change document text_B[offsets_D1[d]:offsets_D1[d + 1]], false where it can't: shape (D,)."""
    text_B = text_B.view()
    text_B.flags.writeable = False  # one compiled kernel, whatever the array is
    found_D: npt.NDArray[np.bool_] = _is_unsettled(text_B, offsets_D1.astype(np.int64), class_table())
    return found_D


@cache
def class_table() -> npt.NDArray[np.uint8]:
    """The combining class of each code point, or UNSETTLED: uint8, shape (C,)."""
    chars = [chr(code) for codes in ASSIGNED for code in codes]
    joined = {char for whole in [*map(chr, range(FIRST)), *chars] for char in _parts(whole)[1:]}
    joined |= {chr(code) for codes in HANGUL_VOWELS_AND_ENDS for code in codes}
    class_C: npt.NDArray[np.uint8] = np.full(sys.maxunicode + 1, UNSETTLED, np.uint8)
    class_C[:FIRST] = 0
    for char in chars:
        if unicodedata.is_normalized("NFC", char) and char not in joined and unicodedata.category(char) != "Cn":
            class_C[ord(char)] = unicodedata.combining(char)
    class_C.flags.writeable = False
    return class_C


def _parts(char: str) -> str:
    """The canonical decomposition in one step, or nothing."""
    mapping = unicodedata.decomposition(char)
    return "" if not mapping or mapping.startswith("<") else "".join(chr(int(code, 16)) for code in mapping.split())


@njit(cache=True, nogil=True)
def _is_unsettled(text_B, offsets_D1, class_C):
    """True where a document has an unsettled character, or a mark behind one of a higher class: bool, shape (D,)."""
    found_D = np.zeros(offsets_D1.size - 1, np.bool_)
    for d in range(offsets_D1.size - 1):
        at, end = np.int64(offsets_D1[d]), np.int64(offsets_D1[d + 1])
        before = np.int64(0)
        while at < end and not found_D[d]:
            if text_B[at] < _FIRST_LEAD:
                at += 1
                before = np.int64(0)
                continue
            here, at = kind_at(text_B, at, end, class_C)
            found_D[d] = here == UNSETTLED or 0 < here < before
            before = here
    return found_D
