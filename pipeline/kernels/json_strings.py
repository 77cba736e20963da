"""JSON strings: their escapes, as characters and as Python's `json` writes them with Unicode as it is.

Shapes: B = bytes of the buffer, N = strings, O = bytes written.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.kernels.chunks import first_marked, has_byte, load8, store8
from pipeline.kernels.leaf import leaf

_BACKSLASH, _QUOTE, _SLASH, _U = b'\\"/u'
_SHORT = np.frombuffer(b'"\\bfnrt/', np.uint8).copy()
_MEANT = np.zeros(256, np.uint8)
_MEANT[_SHORT] = np.frombuffer(b'"\\\b\f\n\r\t/', np.uint8)
_HEX = np.full(256, -1, np.int64)
for _digit in b"0123456789abcdefABCDEF":
    _HEX[_digit] = int(chr(_digit), 16)


@njit(cache=True, nogil=True)
def unescaped(data_B, span_N2):
    """The strings data_B[span_N2[n, 0]:span_N2[n, 1]] end to end with their escapes resolved, and where each starts:
    uint8, int32 (N + 1,). A span that starts at 0 is empty; escapes are known to be sound. ValueError above 2 GiB.
    """
    total = 0
    for n in range(span_N2.shape[0]):
        total += span_N2[n, 1] - span_N2[n, 0]
    if total > 0x7FFFFFFF:
        raise ValueError("strings of one array hold more than 2 GiB")
    written_O, offset_N1 = np.empty(total + 8, np.uint8), np.zeros(span_N2.shape[0] + 1, np.int32)
    out = 0
    for n in range(span_N2.shape[0]):
        out = _resolve(data_B, span_N2[n, 0], span_N2[n, 1], written_O, out)
        offset_N1[n + 1] = out
    return written_O[:out], offset_N1


@leaf
def _resolve(data_B, start, end, written_O, out):
    while start < end:
        if end - start >= 8:
            chunk = load8(data_B, start)
            store8(written_O, out, chunk)
            marks = has_byte(chunk, _BACKSLASH)
            num = first_marked(marks) if marks else 8
            start += num
            out += num
            if not marks:
                continue
        elif data_B[start] != _BACKSLASH:
            written_O[out] = data_B[start]
            start += 1
            out += 1
            continue
        if data_B[start + 1] == _U:
            out = _write_utf8(_code_of(data_B, start), written_O, out)
            start += escape_width(data_B, start)
        else:
            written_O[out] = _MEANT[data_B[start + 1]]
            start += 2
            out += 1
    return out


@leaf
def escape_width(data_B, at):
    """Bytes of the escape whose backslash is at `at`, both halves of a surrogate pair; 0 where it is none or cut."""
    if at + 2 > data_B.size:
        return 0
    if data_B[at + 1] != _U:
        return 2 if _MEANT[data_B[at + 1]] else 0
    first = _four_digits(data_B, at + 2)
    if first < 0 or 0xDC00 <= first <= 0xDFFF:
        return 0
    if not 0xD800 <= first <= 0xDBFF:
        return 6
    if at + 8 > data_B.size or data_B[at + 6] != _BACKSLASH or data_B[at + 7] != _U:
        return 0
    return 12 if 0xDC00 <= _four_digits(data_B, at + 8) <= 0xDFFF else 0


@leaf
def _four_digits(data_B, at):
    """Value of four hexadecimal digits, negative where they are none."""
    if at + 4 > data_B.size:
        return -1
    value = 0
    for k in range(4):
        digit = _HEX[data_B[at + k]]
        if digit < 0:
            return -1
        value = value << 4 | digit
    return value


@leaf
def _code_of(data_B, at):
    """Code point of a sound Unicode escape."""
    first = _four_digits(data_B, at + 2)
    if 0xD800 <= first <= 0xDBFF:
        return 0x10000 + ((first - 0xD800) << 10) + _four_digits(data_B, at + 8) - 0xDC00
    return first


@leaf
def _write_utf8(code, written_O, out):
    if code < 0x80:
        written_O[out] = code
        return out + 1
    if code < 0x800:
        written_O[out], written_O[out + 1] = 0xC0 | code >> 6, 0x80 | code & 0x3F
        return out + 2
    if code < 0x10000:
        written_O[out], written_O[out + 1] = 0xE0 | code >> 12, 0x80 | code >> 6 & 0x3F
        written_O[out + 2] = 0x80 | code & 0x3F
        return out + 3
    written_O[out], written_O[out + 1] = 0xF0 | code >> 18, 0x80 | code >> 12 & 0x3F
    written_O[out + 2], written_O[out + 3] = 0x80 | code >> 6 & 0x3F, 0x80 | code & 0x3F
    return out + 4


@leaf
def copy_meta_string(data_B, start, end, written_O, out):
    """Write the inside of a sound string as Python's `json` writes it: only what must be escaped is. The end."""
    while start < end:
        if data_B[start] != _BACKSLASH:
            written_O[out] = data_B[start]
            start += 1
            out += 1
            continue
        width = escape_width(data_B, start)
        code = _code_of(data_B, start) if width > 2 else np.int64(_MEANT[data_B[start + 1]])
        out = _write_escaped(code, written_O, out)
        start += width
    return out


@leaf
def _write_escaped(code, written_O, out):
    if code >= 0x20 and code != _QUOTE and code != _BACKSLASH:
        return _write_utf8(code, written_O, out)
    written_O[out] = _BACKSLASH
    for short in _SHORT:
        if _MEANT[short] == code:
            written_O[out + 1] = short
            return out + 2
    written_O[out + 1] = _U
    for k in range(4):
        digit = code >> (12 - 4 * k) & 15
        written_O[out + 2 + k] = digit + (0x30 if digit < 10 else 0x57)
    return out + 6
