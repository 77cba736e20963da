"""Headers of WET records, as crawls write them: the plain ones, whose fields are spans of bytes.

Plain is a record that every reader of WARC understands alike: `WARC/1.0` or `WARC/1.1`, lines that end in CR LF, names
of letters, digits and hyphens, values of printable ASCII without spaces around them, none of FIELDS twice or in odd
case, a conversion of text/plain, and nothing but line ends behind the stated length.

Shapes: B = bytes of all records end to end, M = records, F = FIELDS.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.kernels.chunks import find_byte
from pipeline.kernels.leaf import leaf

FIELDS = (
    "WARC-Target-URI",
    "WARC-Record-ID",
    "WARC-Date",
    "Content-Type",
    "WARC-Identified-Content-Language",
    "WARC-Type",
    "Content-Length",
)
URL, ID, DATE, CONTENT_TYPE, LANGUAGES, _TYPE, _LENGTH = range(len(FIELDS))
_VERSION = np.frombuffer(b"WARC/1.", np.uint8).copy()
_NAMES = np.frombuffer("".join(FIELDS).encode(), np.uint8).copy()
_NAME_ENDS = np.cumsum([0, *map(len, FIELDS)])
_CONVERSION, _TEXT_PLAIN = (np.frombuffer(one, np.uint8).copy() for one in (b"conversion", b"text/plain"))
_MAX_HEAD_BYTES = 1 << 13
_MAX_DIGITS = 9
_COLON, _HYPHEN, _QUOTE, _BACKSLASH, _LESS, _GREATER = b':-"\\<>'
_OTHER, _ODD = -1, -2


@njit(cache=True, nogil=True)
def plain_heads(data_B, bounds_M1, field_MF2, body_M2):
    """Which records data_B[bounds_M1[m]:bounds_M1[m + 1]] are plain: bool, shape (M,).

    field_MF2, body_M2: filled where they are, with the start and end of each field's value and of the body; a field
    that is not there starts at -1.
    """
    is_plain_M = np.zeros(bounds_M1.size - 1, np.bool_)
    for m in range(is_plain_M.size):
        field_MF2[m, :, :] = -1
        is_plain_M[m] = _is_plain(data_B, bounds_M1[m], bounds_M1[m + 1], field_MF2[m], body_M2[m])
    return is_plain_M


@leaf
def _is_plain(data_B, start, end, field_F2, body_2):
    at, stop = start + _VERSION.size, min(end, start + _MAX_HEAD_BYTES)
    if at + 3 > stop or not _equals(data_B, start, at, _VERSION) or not 0x30 <= data_B[at] <= 0x31:
        return False
    if data_B[at + 1] != 0x0D or data_B[at + 2] != 0x0A:
        return False
    at += 3
    while True:
        line_end = find_byte(data_B, at, stop, 0x0A)
        if line_end in (stop, at) or data_B[line_end - 1] != 0x0D:
            return False
        if line_end == at + 1:
            break
        if not _take_line(data_B, at, line_end - 1, field_F2):
            return False
        at = line_end + 1
    return _take_body(data_B, line_end + 1, end, field_F2, body_2)


@leaf
def _take_body(data_B, start, end, field_F2, body_2):
    """False where the fields are not those of a plain text of the stated length."""
    if not _equals(data_B, field_F2[_TYPE, 0], field_F2[_TYPE, 1], _CONVERSION):
        return False
    kind, size = field_F2[CONTENT_TYPE], field_F2[_LENGTH]
    if kind[0] >= 0 and not _equals(data_B, kind[0], kind[1], _TEXT_PLAIN):
        return False
    if size[0] < 0 or size[1] - size[0] > _MAX_DIGITS:
        return False
    num_bytes = 0
    for b in range(size[0], size[1]):
        if not 0x30 <= data_B[b] <= 0x39:
            return False
        num_bytes = 10 * num_bytes + data_B[b] - 0x30
    if num_bytes > end - start:
        return False
    for b in range(start + num_bytes, end):
        if data_B[b] != 0x0A and data_B[b] != 0x0D:
            return False
    body_2[0], body_2[1] = start, start + num_bytes
    return True


@leaf
def _take_line(data_B, start, end, field_F2):
    """Note the field of one line; False where the line is odd."""
    colon = start
    while colon < end and (_is_alnum(data_B[colon]) or data_B[colon] == _HYPHEN):
        colon += 1
    if colon in (start, end) or data_B[colon] != _COLON:
        return False
    value = colon + 1
    while value < end and data_B[value] == 0x20:
        value += 1
    if value == end or data_B[end - 1] == 0x20:
        return False
    for b in range(value, end):
        if not 0x20 <= data_B[b] <= 0x7E:
            return False
    field = _field_of(data_B, start, colon)
    if field == _OTHER:
        return True
    if field == _ODD or field_F2[field, 0] >= 0 or not _is_clean(data_B, value, end, field):
        return False
    field_F2[field, 0], field_F2[field, 1] = value, end
    return True


@leaf
def _is_clean(data_B, start, end, field):
    """False for a value that would have to be changed: an address in angle brackets, a quote in JSON."""
    for b in range(start, end):
        byte = data_B[b]
        if (byte in (_LESS, _GREATER) and field == URL) or (byte in (_QUOTE, _BACKSLASH) and field != ID):
            return False
    return True


@leaf
def _field_of(data_B, start, end):
    """Number of the field with this name; _ODD where only its case differs, _OTHER for any other name."""
    for f in range(_NAME_ENDS.size - 1):
        first = _NAME_ENDS[f]
        if _NAME_ENDS[f + 1] - first == end - start:
            is_same = is_alike = True
            for k in range(end - start):
                difference = data_B[start + k] ^ _NAMES[first + k]
                is_same &= difference == 0
                is_alike &= difference & 0xDF == 0
            if is_alike:
                return f if is_same else _ODD
    return _OTHER


@leaf
def _is_alnum(byte):
    return 0x30 <= byte <= 0x39 or 0x41 <= byte & 0xDF <= 0x5A


@leaf
def _equals(data_B, start, end, other_B):
    """True where data_B[start:end] is all of `other_B`; a field that is not there equals nothing."""
    if start < 0 or end - start != other_B.size:
        return False
    for k in range(other_B.size):  # noqa: SIM110, a kernel has no generators
        if data_B[start + k] != other_B[k]:
            return False
    return True
