"""Lines of JSON that are plain objects, told apart from all others: where their fields are, and the rest as `meta`.

Plain is an object of one level with ASCII names in which nothing is escaped and none stands twice, at most MAX_FIELDS
of them; values are strings, literals and numbers that are written as Python writes them. What another JSON reader
might see otherwise is not plain: such a line goes to Python's.

Shapes: B = bytes of the lines, L = lines, K = wanted fields, P = pairs of one object, F = fractional numbers,
O = bytes of all `meta`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.kernels.chunks import find_byte, first_marked, has_below, has_byte, load8
from pipeline.kernels.json_strings import copy_meta_string, escape_width
from pipeline.kernels.leaf import leaf

BLANK, PLAIN, ODD = range(3)
ABSENT, STRING, INTEGER, FRACTION, BOOLEAN = range(5)
MAX_FIELDS = 64
MAX_DIGITS = 15
"""More digits than that may not fit a float64."""
_NULL, _BAD = 5, -1
_NOT_WANTED = -1
_QUOTE, _BACKSLASH, _COMMA, _COLON, _OPEN, _CLOSE, _MINUS, _PLUS, _DOT, _ZERO, _NINE = b'"\\,:{}-+.09'
_TRUE, _FALSE, _NULL_WORD = (np.frombuffer(word, np.uint8).copy() for word in (b"true", b"false", b"null"))
_START, _END, _TAG, _KEY, _KEY_END = range(5)


@njit(cache=True, nogil=True)
def plain_lines(data_B, names_B, name_ends_K1, line_L3, value_LK3, meta_O, meta_L1, fraction_F3):
    """Lines of `data_B`: their number, and that of fractions. An empty one at its end is none.

    line_L3: where each starts and ends, and BLANK, PLAIN or ODD. value_LK3: start, end and type of each wanted field of
    plain lines, strings without their quotes; null is ABSENT. meta_O[meta_L1[l]:meta_L1[l + 1]]: the other fields as
    JSON with sorted names, nothing where there are none. fraction_F3: line, start and end of each number that is no
    integer, whose line is only plain where Python writes it so.
    """
    pair_P5 = np.empty((MAX_FIELDS, 5), np.int64)
    start = num = num_fractions = 0
    meta_L1[0] = 0
    most_fractions = fraction_F3.shape[0] - MAX_FIELDS - value_LK3.shape[1]
    while start < data_B.size:
        status, at, num_pairs = _object(data_B, start, names_B, name_ends_K1, value_LK3[num], pair_P5)
        end = find_byte(data_B, at, data_B.size, 0x0A) if status == ODD else at
        meta_L1[num + 1] = meta_L1[num]
        if status == PLAIN:
            _sort(data_B, pair_P5, num_pairs)
            if _stands_twice(data_B, pair_P5, num_pairs) or num_fractions > most_fractions:
                status = ODD
            else:
                meta_L1[num + 1] = _write_meta(data_B, pair_P5, num_pairs, meta_O, meta_L1[num])
                num_fractions = _note_fractions(value_LK3[num], pair_P5, num_pairs, num, fraction_F3, num_fractions)
        line_L3[num, 0], line_L3[num, 1], line_L3[num, 2] = start, end, status
        num += 1
        start = end + 1
    return num, num_fractions


@leaf
def _object(data_B, start, names_B, name_ends_K1, value_K3, pair_P5):
    """(BLANK, PLAIN or ODD, end of the line, number of pairs) of the line at `start`; of an odd one a place in it."""
    value_K3[:, :] = ABSENT
    end, num = data_B.size, 0
    at = _behind_space(data_B, start)
    if at == end or data_B[at] == 0x0A:
        return BLANK, at, 0
    if data_B[at] != _OPEN:
        return ODD, at, 0
    at = _behind_space(data_B, at + 1)
    while at < end and data_B[at] == _QUOTE:
        is_plain, at, num = _pair(data_B, at, names_B, name_ends_K1, value_K3, pair_P5, num)
        if not is_plain or at == end or data_B[at] != _COMMA:
            break
        comma = at
        at = _behind_space(data_B, at + 1)
        if at == end or data_B[at] != _QUOTE:
            return ODD, comma, num
    if at == end or data_B[at] != _CLOSE:
        return ODD, start, num
    at = _behind_space(data_B, at + 1)
    return PLAIN if at == end or data_B[at] == 0x0A else ODD, at, num


@leaf
def _pair(data_B, at, names_B, name_ends_K1, value_K3, pair_P5, num):
    """(True, what stands behind it, number of pairs) of the name and value at `at`; (False, `at`) where it is odd."""
    key, (after, tag) = at + 1, _string(data_B, at)
    key_end = after - 1
    if tag != STRING or num == MAX_FIELDS or not _is_plain_name(data_B, key, key_end):
        return False, at, num
    after = _behind_space(data_B, after)
    if after == data_B.size or data_B[after] != _COLON:
        return False, at, num
    value = _behind_space(data_B, after + 1)
    after, tag = _value(data_B, value)
    quote = np.int64(tag == STRING)
    wanted = _wanted(data_B, key, key_end, names_B, name_ends_K1)
    if tag == _BAD or (wanted != _NOT_WANTED and value_K3[wanted, _START]):
        return False, at, num
    if wanted == _NOT_WANTED:
        pair_P5[num, _START], pair_P5[num, _END], pair_P5[num, _TAG] = value + quote, after - quote, tag
        pair_P5[num, _KEY], pair_P5[num, _KEY_END] = key, key_end
    else:
        value_K3[wanted, _START], value_K3[wanted, _END] = value + quote, after - quote
        value_K3[wanted, _TAG] = ABSENT if tag == _NULL else tag
    return True, _behind_space(data_B, after), num + (wanted == _NOT_WANTED)


@njit(cache=True, nogil=True, inline="always")
def _behind_space(data_B, at):
    while at < data_B.size and (data_B[at] == 0x20 or data_B[at] == 0x09 or data_B[at] == 0x0D):
        at += 1
    return at


@leaf
def _string(data_B, at):
    """(index behind it, STRING or _BAD) of the string whose quote is at `at`."""
    at += 1
    while True:
        if at + 8 <= data_B.size:
            chunk = load8(data_B, at)
            marks = has_byte(chunk, _QUOTE) | has_byte(chunk, _BACKSLASH) | has_below(chunk, 0x20)
            if not marks:
                at += 8
                continue
            at += first_marked(marks)
        elif at >= data_B.size:
            return at, _BAD
        byte = data_B[at]
        if byte == _QUOTE:
            return at + 1, STRING
        if byte == _BACKSLASH:
            width = escape_width(data_B, at)
            if not width:
                return at, _BAD
            at += width
        elif byte < 0x20:
            return at, _BAD
        else:
            at += 1


@leaf
def _value(data_B, at):
    """(index behind it, type) of the value at `at`; _BAD where it is not a plain one."""
    if at >= data_B.size:
        return at, _BAD
    byte = data_B[at]
    if byte == _QUOTE:
        return _string(data_B, at)
    if byte == _MINUS or _is_digit(data_B, at):
        return _number(data_B, at)
    if _is_word(data_B, at, _TRUE):
        return at + 4, BOOLEAN
    if _is_word(data_B, at, _FALSE):
        return at + 5, BOOLEAN
    return at + 4, _NULL if _is_word(data_B, at, _NULL_WORD) else _BAD


@leaf
def _number(data_B, at):
    """(index behind it, type) of a number; integers of more than MAX_DIGITS and minus zero are not plain."""
    start = at + (data_B[at] == _MINUS)
    at = _behind_digits(data_B, start)
    if at == start or (data_B[start] == _ZERO and at > start + 1):
        return at, _BAD
    tag = INTEGER
    if at < data_B.size and data_B[at] == _DOT:
        digits = at + 1
        at, tag = _behind_digits(data_B, digits), FRACTION
        if at == digits:
            return at, _BAD
    if at < data_B.size and data_B[at] | 0x20 == 0x65:
        digits = at + 1
        if digits < data_B.size and (data_B[digits] == _MINUS or data_B[digits] == _PLUS):
            digits += 1
        at, tag = _behind_digits(data_B, digits), FRACTION
        if at == digits:
            return at, _BAD
    if tag == INTEGER and (at - start > MAX_DIGITS or (data_B[start] == _ZERO and data_B[start - 1] == _MINUS)):
        return at, _BAD
    return at, tag


@leaf
def _behind_digits(data_B, at):
    while _is_digit(data_B, at):
        at += 1
    return at


@njit(cache=True, nogil=True, inline="always")
def _is_digit(data_B, at):
    return at < data_B.size and _ZERO <= data_B[at] <= _NINE


@leaf
def _is_word(data_B, at, word_B):
    if at + word_B.size > data_B.size:
        return False
    for k in range(word_B.size):  # noqa: SIM110, a kernel has no generators
        if data_B[at + k] != word_B[k]:
            return False
    return True


@leaf
def _is_plain_name(data_B, start, end):
    for b in range(start, end):  # noqa: SIM110
        if data_B[b] == _BACKSLASH or data_B[b] >= 0x80:
            return False
    return True


@leaf
def _wanted(data_B, start, end, names_B, name_ends_K1):
    """Number of the wanted field with this name, or _NOT_WANTED."""
    for k in range(name_ends_K1.size - 1):
        first = name_ends_K1[k]
        if name_ends_K1[k + 1] - first == end - start:
            same = True
            for i in range(end - start):
                same &= data_B[start + i] == names_B[first + i]
            if same:
                return k
    return _NOT_WANTED


@leaf
def _is_after(data_B, one_5, other_5):
    """True where the name of one pair comes behind that of the other, or is the same."""
    a, b = one_5[_KEY], other_5[_KEY]
    while a < one_5[_KEY_END] and b < other_5[_KEY_END]:
        if data_B[a] != data_B[b]:
            return data_B[a] > data_B[b]
        a += 1
        b += 1
    return b == other_5[_KEY_END]


@leaf
def _sort(data_B, pair_P5, num):
    """Pairs by name, by insertion."""
    for n in range(1, num):
        p = n
        while p > 0 and not _is_after(data_B, pair_P5[p], pair_P5[p - 1]):
            for k in range(5):
                pair_P5[p, k], pair_P5[p - 1, k] = pair_P5[p - 1, k], pair_P5[p, k]
            p -= 1


@leaf
def _stands_twice(data_B, pair_P5, num):
    for p in range(1, num):  # noqa: SIM110
        if _is_after(data_B, pair_P5[p - 1], pair_P5[p]):
            return True
    return False


@leaf
def _write_meta(data_B, pair_P5, num, meta_O, out):
    """Write the pairs as JSON, as Python's `json` does it with sorted names and Unicode as it is; the end."""
    for p in range(num):
        meta_O[out], meta_O[out + 1] = _COMMA if p else _OPEN, 0x20
        out += 2 if p else 1
        meta_O[out] = _QUOTE
        out = _copy(data_B, pair_P5[p, _KEY], pair_P5[p, _KEY_END], meta_O, out + 1)
        meta_O[out], meta_O[out + 1], meta_O[out + 2] = _QUOTE, _COLON, 0x20
        out += 3
        start, end = pair_P5[p, _START], pair_P5[p, _END]
        if pair_P5[p, _TAG] == STRING:
            meta_O[out] = _QUOTE
            out = copy_meta_string(data_B, start, end, meta_O, out + 1)
            meta_O[out] = _QUOTE
            out += 1
        else:
            out = _copy(data_B, start, end, meta_O, out)
    if num:
        meta_O[out] = _CLOSE
        out += 1
    return out


@leaf
def _copy(data_B, start, end, meta_O, out):
    for b in range(start, end):
        meta_O[out + b - start] = data_B[b]
    return out + end - start


@leaf
def _note_fractions(value_K3, pair_P5, num_pairs, line, fraction_F3, num):
    for k in range(value_K3.shape[0]):
        if value_K3[k, _TAG] == FRACTION:
            fraction_F3[num, 0], fraction_F3[num, 1], fraction_F3[num, 2] = line, value_K3[k, _START], value_K3[k, _END]
            num += 1
    for p in range(num_pairs):
        if pair_P5[p, _TAG] == FRACTION:
            fraction_F3[num, 0], fraction_F3[num, 1], fraction_F3[num, 2] = line, pair_P5[p, _START], pair_P5[p, _END]
            num += 1
    return num
