"""Slow, obvious twin of the PII kernel: regular expressions over Python strings."""

import ipaddress
import re

from pipeline.kernels.unicode_tables import WORD, unicode_tables

EMAIL = re.compile(
    r"[a0_][a0_+-]*(?:\.[a0_+-]+)*@(?:(?:[a0](?:[a0-]*[a0])?\.)+aa(?:[a0-]*[a0])?|\[0{1,3}(?:\.0{1,3}){3}\])"
)
DOTTED = re.compile(r"[0-9]+(?:\.[0-9]+)+")


def emails(text: str) -> list[tuple[int, int]]:
    """Character spans. Letters become a, digits 0, other characters of local parts +, and one expression does it."""
    kinds = "".join(kind(c) for c in text)
    spans = [m.span() for m in EMAIL.finditer(kinds)]
    return [(a, b) for a, b in spans if text[b - 1] != "]" or is_address(text[text.rindex("[", a, b) + 1 : b - 1])]


def kind(c: str) -> str:
    if c in "0123456789":
        return "0"
    if is_word(c):
        return "a"
    return c if c in "_.@-[]" else "+" if c in "%~'+" else " "


def is_word(c: str) -> bool:
    return bool(unicode_tables().class_C[ord(c)] & WORD)


def is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def public_ips(text: str) -> list[tuple[int, int]]:
    """Character spans."""
    spans = [m.span() for m in DOTTED.finditer(text)]
    return [
        (a, b)
        for a, b in spans
        if is_address(text[a:b])
        and ipaddress.IPv4Address(text[a:b]).is_global
        and not any(is_word(c) or c == "_" for c in text[a - 1 : a] + text[b : b + 1])
    ]


def spans(text: str) -> list[tuple[int, int, str]]:
    found = emails(text)
    apart = [(a, b) for a, b in public_ips(text) if not any(c <= a and b <= d for c, d in found)]
    return sorted([(a, b, "email") for a, b in found] + [(a, b, "ip") for a, b in apart])


def redacted(text: str, email: str, ip: str) -> str:
    for a, b, what in reversed(spans(text)):
        text = text[:a] + (email if what == "email" else ip) + text[b:]
    return text
