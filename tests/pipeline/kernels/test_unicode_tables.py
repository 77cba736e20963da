import unicodedata

import numpy as np
import pytest

from pipeline.kernels import unicode_tables as tables


def classes(character: str) -> int:
    return int(tables.unicode_tables().class_C[ord(character)])


@pytest.mark.parametrize(
    ("character", "bits"),
    [
        ("a", tables.WORD | tables.ALPHABETIC),
        ("9", tables.WORD),
        ("\u0301", tables.WORD),
        ("日", tables.ALONE | tables.ALPHABETIC),
        ("ー", tables.ALONE | tables.ALPHABETIC),
        ("\u0e31", tables.ALONE),
        ("-", tables.JOINER | tables.SYMBOL),
        ("\u2019", tables.JOINER | tables.SYMBOL),
        ("\n", tables.SPACE | tables.LINE_END),
        ("\u3000", tables.SPACE),
        ("#", tables.SYMBOL),
        ("😀", 0),
    ],
)
def test_classes_by_hand(character, bits):
    assert classes(character) == bits


def test_lower_case_is_one_code_point_for_one():
    lower_C = tables.unicode_tables().lower_C
    assert [chr(lower_C[ord(c)]) for c in "AÉΣİ\u212aa1"] == list("aéσi" + "ka1")


def test_tables_agree_with_unicodedata_of_their_version():
    if unicodedata.unidata_version != tables.UNICODE_VERSION:
        pytest.skip(f"unicodedata is {unicodedata.unidata_version}, the tables are {tables.UNICODE_VERSION}")
    for code in range(0, 0x110000, 7):
        character = chr(code)
        bits = classes(character)
        assert bool(bits & (tables.WORD | tables.ALONE)) == (unicodedata.category(character)[0] in "LMN")
        assert bool(bits & tables.SPACE) == character.isspace()
        assert bool(bits & tables.LINE_END) == (len(f"a{character}b".splitlines()) == 2)
        assert bool(bits & tables.ALPHABETIC) == character.isalpha()


def test_tables_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        tables.unicode_tables().class_C[0] = 1


def test_ascii_lower_case_stays_ascii():
    lower_C = tables.unicode_tables().lower_C
    assert lower_C[:128].tolist() == [ord(chr(c).lower()) for c in range(128)]
    assert np.all(lower_C[128:] >= 0)
