"""Slow, obvious twins of the word kernels, on Python strings."""

import re
import unicodedata

MASK = 2**64 - 1
ALONE_NAME = re.compile(
    "(VERTICAL |HALFWIDTH |COMBINING )?(IDEOGRAPHIC|HIRAGANA|HENTAIGANA|KATAKANA|KANA|THAI|LAO|KHMER|MYANMAR)[ -]"
    "|CJK (UNIFIED|COMPATIBILITY) IDEOGRAPH-|HANGZHOU NUMERAL|MASU MARK|OLD CHINESE ITER|VIETNAMESE ALTERNATE READING"
)


def is_letter_mark_or_number(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"


def stands_alone(character: str) -> bool:
    return is_letter_mark_or_number(character) and bool(ALONE_NAME.match(unicodedata.name(character, "")))


def words(text: str) -> list[str]:
    """Marks every character, then lets one regular expression find the runs."""
    kinds = "".join(
        "a" if stands_alone(c) else "w" if is_letter_mark_or_number(c) else "j" if c in "'’-\u00ad‐‑" else " "
        for c in text
    )
    return [text[m.start() : m.end()] for m in re.finditer("a|w+(jw+)*", kinds)]


def lower(word: str) -> str:
    return "".join(c.lower()[0] for c in word)


def word_hash(word: str) -> int:
    return bytes_hash(lower(word).encode())


def bytes_hash(data: bytes) -> int:
    h = 0x9E3779B97F4A7C15
    full = len(data) // 8 * 8
    for at in range(0, full, 8):
        h = _mix(h ^ int.from_bytes(data[at : at + 8], "little"))
    last = data[full:].ljust(7, b"\0") + bytes([len(data) % 256])
    return _mix(h ^ int.from_bytes(last, "little"))


def _mix(h: int) -> int:
    h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9 & MASK
    h = (h ^ h >> 27) * 0x94D049BB133111EB & MASK
    return h ^ h >> 31
