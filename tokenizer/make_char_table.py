"""Make the committed table of character classes: `python -m tokenizer.make_char_table`.

It asks the `tokenizers` library about every code point. Where a later version of the library knows a later Unicode,
the table must be made again, and the CHANGELOG says that tokens of newly assigned characters change.
"""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt
from tokenizers import Regex, pre_tokenizers

from tokenizer.char_table import CHAR_TABLE_PATH, LETTER, LINE_END, LOWER, NUMBER, OTHER, SPACE, UPPER

NUM_CODE_POINTS = 0x110000
BLOCK = 256
SURROGATES = range(0xD800, 0xE000)  # no text has them


def make_table() -> dict[str, npt.NDArray[np.generic]]:
    """The arrays of the table file: distinct blocks of 256 classes, and which of them each 256 code points have."""
    class_C = np.zeros(NUM_CODE_POINTS, np.uint8)
    class_C[_matches(r"\p{L}")] |= LETTER
    class_C[_matches(r"\p{N}")] |= NUMBER
    class_C[_matches(r"\s")] |= SPACE
    class_C[_matches(r"[^\s\p{L}\p{N}]")] |= OTHER
    class_C[_matches(r"[\r\n]")] |= LINE_END
    class_C[_matches(r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]")] |= UPPER
    class_C[_matches(r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]")] |= LOWER
    blocks, index = np.unique(class_C.reshape(-1, BLOCK), axis=0, return_inverse=True)
    return {"blocks": blocks, "index": index.reshape(-1).astype(np.uint8)}


def _matches(one_char: str) -> npt.NDArray[np.bool_]:
    """True for each code point that the regular expression matches: bool, shape (C,). Surrogates count as U+FFFD."""
    codes = [0xFFFD if code in SURROGATES else code for code in range(NUM_CODE_POINTS)]
    runs = pre_tokenizers.Split(Regex(f"(?:{one_char})+"), behavior="removed", invert=True)
    found_C = np.zeros(NUM_CODE_POINTS, np.bool_)
    for _, (start, end) in runs.pre_tokenize_str("".join(map(chr, codes))):
        found_C[start:end] = True
    return found_C


def main() -> int:
    """Write the table file."""
    np.savez_compressed(CHAR_TABLE_PATH, **make_table())  # type: ignore[arg-type]  # no array is named allow_pickle
    return 0


if __name__ == "__main__":
    sys.exit(main())
