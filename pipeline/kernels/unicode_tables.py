"""Classes and lower case of every Unicode code point, from committed tables.

`unicodedata` changes with Python, and with it would change which documents stay. The tables are made by
`make_unicode_tables.py` from Unicode 14.0.0; a test checks that they are what it makes.

Shapes: C = code points, 0x110000.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

UNICODE_VERSION = "14.0.0"
TABLES_PATH = Path(__file__).with_name(f"unicode_tables_{UNICODE_VERSION}.npz")

# One bit each in class_C.
WORD = 1  # letter, mark or number, in a script that separates words
ALONE = 2  # letter, mark or number of Han, Kana, Thai, Lao, Khmer, Burmese: each code point is a word
JOINER = 4  # apostrophe or hyphen: part of a word between two WORD code points
SPACE = 8  # str.isspace: what str.strip removes
LINE_END = 16  # what str.splitlines splits on
ALPHABETIC = 32  # str.isalpha
SYMBOL = 64  # punctuation and control characters as datatrove lists them


class UnicodeTables(NamedTuple):
    """class_C: uint8 bits named above. lower_C: int32, the lower-case code point, itself where there is none."""

    class_C: npt.NDArray[np.uint8]
    lower_C: npt.NDArray[np.int32]


@cache
def unicode_tables() -> UnicodeTables:
    """The tables, read once per process and read-only.

    Lower case is context-free, one code point for one: capital sigma is always the middle form, and U+0130 (I with
    dot) is a plain i.
    """
    with np.load(TABLES_PATH) as packed:
        class_C = packed["class_blocks"][packed["class_index"]].reshape(-1)
        lower_C = np.arange(class_C.size, dtype=np.int32)
        lower_C[packed["upper"]] = packed["lower"]
    class_C.flags.writeable = lower_C.flags.writeable = False
    return UnicodeTables(class_C, lower_C)
