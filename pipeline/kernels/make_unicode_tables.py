"""Make the committed Unicode tables: `python -m pipeline.kernels.make_unicode_tables`.

Runs only under a Python whose `unicodedata` has the pinned version (14.0.0: Python 3.11).
"""

from __future__ import annotations

import sys
import unicodedata

import numpy as np
import numpy.typing as npt

from pipeline.kernels.unicode_tables import (
    ALONE,
    ALPHABETIC,
    JOINER,
    LINE_END,
    SPACE,
    SYMBOL,
    TABLES_PATH,
    UNICODE_VERSION,
    WORD,
)

NUM_CODE_POINTS = 0x110000
BLOCK = 256

# unicodedata has no script property; the names of letters, marks and numbers begin with their script.
_ALONE_NAMES = (
    "CJK UNIFIED IDEOGRAPH-",
    "CJK COMPATIBILITY IDEOGRAPH-",
    "IDEOGRAPHIC ",
    "VERTICAL IDEOGRAPHIC ",
    "HANGZHOU NUMERAL ",
    "HIRAGANA ",
    "HENTAIGANA ",
    "KATAKANA ",
    "KATAKANA-HIRAGANA ",
    "COMBINING KATAKANA-HIRAGANA ",
    "VERTICAL KANA ",
    "HALFWIDTH KATAKANA ",
    "HALFWIDTH KATAKANA-HIRAGANA ",
    "MASU ",
    "OLD CHINESE ITERATION MARK",
    "VIETNAMESE ALTERNATE READING MARK ",
    "THAI ",
    "LAO ",
    "KHMER ",
    "MYANMAR ",
)

# ' and right single quote; hyphen-minus, soft hyphen, hyphen, non-breaking hyphen.
_JOINERS = "'\u2019-\u00ad\u2010\u2011"
_LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"

# The punctuation and terminal punctuation of datatrove 0.10.1 (utils/text.py): these code points and three ranges.
_SYMBOL_RANGES = ((0, 9), (11, 32), (127, 160))
_SYMBOL_HEX = """
    21 22 23 24 25 26 27 28 29 2A 2B 2C 2D 2E 2F 3A 3B 3C 3D 3E 3F 40 5B 5C 5D 5E 5F 60 7B 7C 7D 7E AB B4 BB 589 61D
    61E 61F 6D4 700 701 702 7F9 837 839 83D 83E 964 965 104A 104B 1362 1367 1368 166E 1735 1736 17D4 17D5 17D6 17D9
    17DA 1803 1809 1944 1945 1AA8 1AA9 1AAA 1AAB 1B5A 1B5B 1B5E 1B5F 1B7D 1B7E 1C3B 1C3C 1C7E 1C7F 2013 2014 2019
    201C 201D 201E 2026 203C 203D 2047 2048 2049 2236 2501 25BA 2E2E 2E3C 2E53 2E54 3001 3002 3008 3009 300A 300B
    300C 300D 3010 3011 A4FF A60E A60F A6F3 A6F7 A876 A877 A8CE A8CF A92F A9C8 A9C9 AA5D AA5E AA5F AAF0 AAF1 ABEB
    FE52 FE56 FE57 FF01 FF05 FF08 FF09 FF0C FF0E FF11 FF1A FF1B FF1F FF5E FF61 10A56 10A57 10F55 10F56 10F57 10F58
    10F59 10F86 10F87 10F88 10F89 11047 11048 110BE 110BF 110C0 110C1 11141 11142 11143 111C5 111C6 111CD 111DE
    111DF 11238 11239 1123B 1123C 112A9 1144B 1144C 115C2 115C3 115C9 115CA 115CB 115CC 115CD 115CE 115CF 115D0
    115D1 115D2 115D3 115D4 115D5 115D6 115D7 11641 11642 1173C 1173D 1173E 11944 11946 11A42 11A43 11A9B 11A9C
    11C41 11C42 11EF7 11EF8 11F43 11F44 16A6E 16A6F 16AF5 16B37 16B38 16B44 16E98 1BC9F 1DA88
"""
_SYMBOL_CODES = frozenset(int(code, 16) for code in _SYMBOL_HEX.split())


def make_tables() -> dict[str, npt.NDArray[np.generic]]:
    """The arrays of the table file: distinct blocks of 256 classes and their order, and the lower-case pairs."""
    if unicodedata.unidata_version != UNICODE_VERSION:
        raise ValueError(
            f"the tables are pinned to Unicode {UNICODE_VERSION}, this Python has {unicodedata.unidata_version}; "
            "use Python 3.11, or change UNICODE_VERSION and note in the CHANGELOG that output changes"
        )
    classes = np.array([_class(code) for code in range(NUM_CODE_POINTS)], np.uint8)
    blocks, index = np.unique(classes.reshape(-1, BLOCK), axis=0, return_inverse=True)
    upper = [code for code in range(NUM_CODE_POINTS) if _lower(code) != code]
    return {
        "class_blocks": blocks,
        "class_index": index.reshape(-1).astype(np.uint8),
        "upper": np.array(upper, np.int32),
        "lower": np.array([_lower(code) for code in upper], np.int32),
    }


def _class(code: int) -> int:
    character = chr(code)
    bits = 0
    if unicodedata.category(character)[0] in "LMN":
        bits |= ALONE if unicodedata.name(character, "").startswith(_ALONE_NAMES) else WORD
    bits |= JOINER * (character in _JOINERS)
    bits |= SPACE * character.isspace()
    bits |= LINE_END * (character in _LINE_ENDS)
    bits |= ALPHABETIC * character.isalpha()
    return bits | SYMBOL * (code in _SYMBOL_CODES or any(low <= code < high for low, high in _SYMBOL_RANGES))


def _lower(code: int) -> int:
    # str.lower gives two code points for U+0130 alone; the first is its simple mapping.
    return ord(chr(code).lower()[0])


def main() -> int:
    """Write the table file."""
    np.savez_compressed(TABLES_PATH, **make_tables())  # type: ignore[arg-type]  # no array is named allow_pickle
    return 0


if __name__ == "__main__":
    sys.exit(main())
