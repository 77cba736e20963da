import re

import pytest

from tokenizer import char_table as table


def bits(character: str) -> int:
    return int(table.char_table()[ord(character)])


@pytest.mark.parametrize(
    ("character", "expected"),
    [
        ("a", table.LETTER | table.LOWER),
        ("A", table.LETTER | table.UPPER),
        ("\u01c5", table.LETTER | table.UPPER),  # a title-case letter
        ("\u02b0", table.LETTER | table.UPPER | table.LOWER),  # a modifier letter
        ("日", table.LETTER | table.UPPER | table.LOWER),
        ("\u0301", table.OTHER | table.UPPER | table.LOWER),  # a mark is no letter
        ("9", table.NUMBER),
        ("\u00bd", table.NUMBER),
        ("\u0663", table.NUMBER),
        (" ", table.SPACE),
        ("\n", table.SPACE | table.LINE_END),
        ("\r", table.SPACE | table.LINE_END),
        ("\u0085", table.SPACE),
        ("\u2028", table.SPACE),
        ("\x1c", table.OTHER),  # white space for str.isspace alone
        ("\u200d", table.OTHER),
        ("'", table.OTHER),
        ("😀", table.OTHER),
        ("\u1c89", table.LETTER | table.UPPER),  # of Unicode 16, which unicodedata may not know
    ],
)
def test_classes_by_hand(character, expected):
    assert bits(character) == expected


def test_each_code_point_has_one_of_four_classes():
    four_C = table.char_table() & (table.LETTER | table.NUMBER | table.SPACE | table.OTHER)
    assert set(four_C.tolist()) == {table.LETTER, table.NUMBER, table.SPACE, table.OTHER}
    assert four_C.size == 0x110000


def test_ascii_classes_are_those_of_the_masks():
    """`pretokenize_masks` has them in its comparisons."""
    for code in range(128):
        character = chr(code)
        assert bool(bits(character) & table.LETTER) == bool(re.fullmatch("[A-Za-z]", character))
        assert bool(bits(character) & table.NUMBER) == bool(re.fullmatch("[0-9]", character))
        assert bool(bits(character) & table.SPACE) == bool(re.fullmatch("[ \t-\r]", character))


def test_the_table_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        table.char_table()[0] = 1
