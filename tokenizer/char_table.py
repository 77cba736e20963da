"""The class of every code point as the split patterns of tokenizers see it, from a committed table.

Made by `make_char_table.py` from the regular expressions of the `tokenizers` library, whose Unicode version is the
reference: one that `unicodedata` may be behind of.

Shapes: C = code points, 0x110000.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

CHAR_TABLE_PATH = Path(__file__).with_name("char_table.npz")

# One of these four: \p{L}, \p{N}, \s, and whatever is none of them, marks among it.
LETTER = 1
NUMBER = 2
SPACE = 4
OTHER = 8
# Beside them.
LINE_END = 16  # [\r\n]
UPPER = 32  # [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]
LOWER = 64  # [\p{Ll}\p{Lm}\p{Lo}\p{M}]


@cache
def char_table() -> npt.NDArray[np.uint8]:
    """The bits above of each code point: uint8, shape (C,), read once per process and read-only."""
    with np.load(CHAR_TABLE_PATH) as packed:
        class_C: npt.NDArray[np.uint8] = packed["blocks"][packed["index"]].reshape(-1)
    class_C.flags.writeable = False
    return class_C
