"""Code points of UTF-8 bytes, for use inside other kernels.

Shapes: B = UTF-8 bytes of all documents end to end.
"""

from __future__ import annotations

from numba import njit

REPLACEMENT = 0xFFFD


@njit(cache=True, nogil=True, inline="always")
def decode(text_B, at, end):
    """(code point, index behind it) of the character that starts at `at` and ends at or before `end`.

    Text from Arrow is valid UTF-8. On bytes that are not, the answer is some code point or U+FFFD and at most `end`:
    nothing outside text_B or of a table of all code points is ever read.
    """
    lead = int(text_B[at])
    if lead < 0x80:
        return lead, at + 1
    width = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    if at + width > end:
        return REPLACEMENT, end
    code = lead & (0xFF >> (width + 1))
    for b in range(at + 1, at + width):
        code = (code << 6) | (int(text_B[b]) & 0x3F)
    if code > 0x10FFFF:
        code = REPLACEMENT
    return code, at + width


@njit(cache=True, nogil=True)
def decode_before(text_B, start, at):
    """(code point, its index) of the character that ends at `at` and starts at or behind `start`."""
    before = at - 1
    while before > start and text_B[before] & 0xC0 == 0x80 and at - before < 4:
        before -= 1
    code, _ = decode(text_B, before, at)
    return code, before
