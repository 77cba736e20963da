"""DEFLATE (RFC 1951) for a run of small gzip members (RFC 1952), as a crawl has one a document.

A library call for each of them costs as much as inflating it, and libraries differ on what they take: this takes only
what zlib takes, and whatever else a member holds is left to zlib. Codes must be complete, a match must not reach before
its member, and the size must agree. The checksum is left to the caller: zlib's own is the fastest.

Shapes: B = stored bytes, O = bytes of the room to inflate into, M = members. state_4: next stored byte, bits held,
their number, next inflated byte.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.kernels.chunks import load8, store8
from pipeline.kernels.leaf import leaf

DONE, NO_INPUT, NO_ROOM, LEFT_TO_ZLIB = range(4)
MARGIN_BYTES = 1 << 13
"""More than what can be inflated between two looks at how much room is left."""
_HEADER_BYTES, _TRAILER_BYTES = 10, 8
_AT, _BITS, _HELD, _OUT = range(4)
_LITERAL_BITS, _DISTANCE_BITS, _CODE_BITS = 10, 8, 7
_LITERAL_MASK, _DISTANCE_MASK, _CODE_MASK = ((1 << bits) - 1 for bits in (_LITERAL_BITS, _DISTANCE_BITS, _CODE_BITS))
_END_OF_BLOCK, _FIRST_DISTANCE = 256, 288
_LONG = 1 << 8
_MATCH = 1 << 9
_STOP = 1 << 10
_BAD = 1 << 11
_LENGTH_ORDER = np.array([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15], np.int64)
_REVERSED = np.array([int(f"{i:08b}"[::-1], 2) for i in range(256)], np.int64)


def _entries(first_base: int, extra_bits: list[int]) -> list[int]:
    """Table entries of symbols that stand for a range: base in bits 16 to 31, extra bits in 4 to 7."""
    bases = np.cumsum([first_base] + [1 << bits for bits in extra_bits[:-1]])
    return [(int(base) << 16) | (bits << 4) for base, bits in zip(bases, extra_bits, strict=True)]


_LENGTHS = _entries(3, [0] * 8 + [bits for bits in range(1, 6) for _ in range(4)])
_LITERAL_ENTRY = np.array(
    [literal << 16 for literal in range(256)]
    + [_STOP]
    + [one | _MATCH for one in _LENGTHS]
    + [258 << 16 | _MATCH, _BAD, _BAD],
    np.uint32,
)
_DISTANCE_ENTRY = np.array(
    [*_entries(1, [0, 0] + [bits for bits in range(14) for _ in range(2)]), _BAD, _BAD], np.uint32
)
_CODE_ENTRY = np.arange(19, dtype=np.uint32) << 16


@njit(cache=True, nogil=True)
def inflate_members(stored_B, at, stop, room_O, member_M3):
    """Inflate the gzip members that start in stored_B[at:stop], end to end, as many as there is input and room for.

    member_M3: per member, filled here, where it starts and ends in `stored_B`, and where it ends in `room_O`. Returns
    their number and why the next one was not inflated: DONE (`stop` is reached), NO_INPUT, NO_ROOM, LEFT_TO_ZLIB.
    """
    literal_T, distance_T = np.empty(1 << _LITERAL_BITS, np.uint32), np.empty(1 << _DISTANCE_BITS, np.uint32)
    count_2L, symbol_2S = np.empty((2, 16), np.int64), np.empty((2, 304), np.int64)
    length_S = np.empty(320, np.int64)
    state_4 = np.zeros(4, np.uint64)
    num = 0
    while at < stop and num < member_M3.shape[0]:
        why = _member(stored_B, at, room_O, state_4, literal_T, distance_T, count_2L, symbol_2S, length_S)
        if why != DONE:
            return num, why
        member_M3[num, 0], member_M3[num, 1], member_M3[num, 2] = at, np.int64(state_4[_AT]), np.int64(state_4[_OUT])
        at = np.int64(state_4[_AT])
        num += 1
    return num, DONE if at >= stop else NO_ROOM


@leaf
def _member(stored_B, at, room_O, state_4, literal_T, distance_T, count_2L, symbol_2S, length_S):
    """Inflate the member at `at`; state_4 is then behind it. On anything but DONE only the room behind is touched."""
    if at + _HEADER_BYTES + _TRAILER_BYTES > stored_B.size:
        return NO_INPUT
    if stored_B[at] != 0x1F or stored_B[at + 1] != 0x8B or stored_B[at + 2] != 8 or stored_B[at + 3] != 0:
        return LEFT_TO_ZLIB
    begin = state_4[_OUT]
    state_4[_AT], state_4[_BITS], state_4[_HELD] = np.uint64(at + _HEADER_BYTES), np.uint64(0), np.uint64(0)
    is_last, why = False, DONE
    while not is_last and why == DONE:
        if not _hold(stored_B, state_4, 3):
            why = NO_INPUT
            break
        is_last = _take(state_4, 1) == 1
        kind = _take(state_4, 2)
        if kind == 0:
            why = _copy_stored(stored_B, room_O, state_4)
            continue
        if kind == 1:
            _fixed_codes(length_S)
        else:
            why = (
                LEFT_TO_ZLIB if kind == 3 else _read_codes(stored_B, state_4, literal_T, count_2L, symbol_2S, length_S)
            )
        if why == DONE:
            literals, distances = length_S[:_FIRST_DISTANCE], length_S[_FIRST_DISTANCE:]
            if _build(
                literals, literals.size, _LITERAL_ENTRY, literal_T, _LITERAL_BITS, count_2L[0], symbol_2S[0]
            ) and _build(
                distances, distances.size, _DISTANCE_ENTRY, distance_T, _DISTANCE_BITS, count_2L[1], symbol_2S[1]
            ):
                why = _decode(stored_B, room_O, state_4, begin, literal_T, distance_T, count_2L, symbol_2S)
            else:
                why = LEFT_TO_ZLIB
    if why == DONE:
        why = _check_size(stored_B, state_4, begin)
    if why != DONE:
        state_4[_OUT] = begin
    return why


@leaf
def _check_size(stored_B, state_4, begin):
    """Move behind the trailer: checksum and size."""
    at = np.int64(state_4[_AT] - (state_4[_HELD] >> np.uint64(3)))
    if at + _TRAILER_BYTES > stored_B.size:
        return NO_INPUT
    state_4[_AT] = np.uint64(at + _TRAILER_BYTES)
    size = (state_4[_OUT] - begin) & np.uint64(0xFFFFFFFF)
    return DONE if load8(stored_B, at) >> np.uint64(32) == size else LEFT_TO_ZLIB


@leaf
def _hold(stored_B, state_4, num_bits):
    """Hold at least `num_bits` bits, 48 at most; False where the input ends before."""
    if state_4[_HELD] >= np.uint64(num_bits):
        return True
    at, held = state_4[_AT], state_4[_HELD]
    if at + np.uint64(8) > np.uint64(stored_B.size):
        return False
    state_4[_BITS] |= load8(stored_B, at) << held
    state_4[_AT] = at + ((np.uint64(63) - held) >> np.uint64(3))
    state_4[_HELD] = held | np.uint64(56)
    return True


@leaf
def _take(state_4, num_bits):
    """The next bits as a number."""
    value = state_4[_BITS] & ((np.uint64(1) << np.uint64(num_bits)) - np.uint64(1))
    state_4[_BITS] >>= np.uint64(num_bits)
    state_4[_HELD] -= np.uint64(num_bits)
    return np.int64(value)


@leaf
def _copy_stored(stored_B, room_O, state_4):
    at = np.int64(state_4[_AT] - (state_4[_HELD] >> np.uint64(3)))
    if at + 4 > stored_B.size:
        return NO_INPUT
    size = np.int64(stored_B[at]) | np.int64(stored_B[at + 1]) << 8
    if size ^ 0xFFFF != np.int64(stored_B[at + 2]) | np.int64(stored_B[at + 3]) << 8:
        return LEFT_TO_ZLIB
    if at + 4 + size > stored_B.size:
        return NO_INPUT
    out = np.int64(state_4[_OUT])
    if out + size + MARGIN_BYTES > room_O.size:
        return NO_ROOM
    for k in range(size):
        room_O[out + k] = stored_B[at + 4 + k]
    state_4[_AT], state_4[_BITS], state_4[_HELD] = np.uint64(at + 4 + size), np.uint64(0), np.uint64(0)
    state_4[_OUT] = np.uint64(out + size)
    return DONE


@leaf
def _fixed_codes(length_S):
    """Code lengths of RFC 1951, 3.2.6; the distances' from _FIRST_DISTANCE on."""
    for symbol in range(288):
        length_S[symbol] = 8 if symbol < 144 else 9 if symbol < 256 else 7 if symbol < 280 else 8
    length_S[_FIRST_DISTANCE:] = 5


@leaf
def _read_codes(stored_B, state_4, table_T, count_2L, symbol_2S, length_S):
    """Code lengths of a block (3.2.7), the distances' from _FIRST_DISTANCE on."""
    if not _hold(stored_B, state_4, 14):
        return NO_INPUT
    num_literals, num_distances, num_codes = _take(state_4, 5) + 257, _take(state_4, 5) + 1, _take(state_4, 4) + 4
    if num_literals > 286 or num_distances > 30:
        return LEFT_TO_ZLIB
    length_S[:19] = 0
    for k in range(num_codes):
        if not _hold(stored_B, state_4, 3):
            return NO_INPUT
        length_S[_LENGTH_ORDER[k]] = _take(state_4, 3)
    if not _build(length_S, 19, _CODE_ENTRY, table_T, _CODE_BITS, count_2L[0], symbol_2S[0]):
        return LEFT_TO_ZLIB
    length_S[:] = 0
    s, previous, num = 0, -1, num_literals + num_distances
    while s < num:
        if not _hold(stored_B, state_4, 14):
            return NO_INPUT
        entry = np.int64(table_T[state_4[_BITS] & np.uint64(_CODE_MASK)])
        _take(state_4, entry & 15)
        code, repeat = int(entry >> 16), 1
        if code < 16:
            previous = code
        elif code == 16:
            repeat = 3 + _take(state_4, 2)
        else:
            previous, repeat = 0, (3 + _take(state_4, 3) if code == 17 else 11 + _take(state_4, 7))
        if s + repeat > num or previous < 0:
            return LEFT_TO_ZLIB
        for _ in range(repeat):
            length_S[s if s < num_literals else _FIRST_DISTANCE + s - num_literals] = previous
            s += 1
    return DONE if length_S[_END_OF_BLOCK] else LEFT_TO_ZLIB


@leaf
def _build(length_S, num, entry_S, table_T, bits, count_L, symbol_S):
    """Table of a code by its next `bits` bits; False where it is not complete. Longer ones are left to `_long_code`.

    count_L, symbol_S: codes per length, and their symbols in the order of the codes.
    """
    count_L[:] = 0
    for s in range(num):
        count_L[length_S[s]] += 1
    count_L[0], left, begin_L = 0, 1, symbol_S[num:]
    for length in range(1, 16):
        begin_L[length] = begin_L[length - 1] + count_L[length - 1] if length > 1 else 0
        left = 2 * left - count_L[length]
        if left < 0:
            return False
    for s in range(num):
        if length_S[s]:
            symbol_S[begin_L[length_S[s]]] = s
            begin_L[length_S[s]] += 1
    if left == 0:
        _fill(count_L, symbol_S, entry_S, table_T, bits)
    return left == 0


@leaf
def _fill(count_L, symbol_S, entry_S, table_T, bits):
    code = n = 0
    for length in range(1, 16):
        code <<= 1
        for _ in range(count_L[length]):
            turned = (_REVERSED[code & 0xFF] << 8 | _REVERSED[code >> 8]) >> (16 - length)
            if length > bits:
                table_T[turned & ((1 << bits) - 1)] = _LONG
            else:
                entry = entry_S[symbol_S[n]] | np.uint32(length)
                for slot in range(turned, 1 << bits, 1 << length):
                    table_T[slot] = entry
            code += 1
            n += 1


@leaf
def _long_code(bits, count_L, symbol_S, entry_S):
    """Entry of a code that is longer than the table's, one bit after the other."""
    code = first = n = 0
    for length in range(1, 16):
        code |= int((bits >> np.uint64(length - 1)) & np.uint64(1))
        if code - first < count_L[length]:
            return np.uint64(entry_S[symbol_S[n + code - first]] | np.uint32(length))
        n += count_L[length]
        first = (first + count_L[length]) << 1
        code <<= 1
    return np.uint64(_BAD)


@leaf
def _decode(stored_B, room_O, state_4, begin, literal_T, distance_T, count_2L, symbol_2S):
    """Inflate a block up to its end."""
    at, bits, held, out = state_4[_AT], state_4[_BITS], state_4[_HELD], state_4[_OUT]
    last_at, last_out = np.uint64(max(stored_B.size - 8, 0)), np.uint64(max(room_O.size - MARGIN_BYTES, 0))
    while True:
        if held < np.uint64(48):
            if at > last_at:
                return NO_INPUT
            if out > last_out:
                return NO_ROOM
            bits |= load8(stored_B, at) << held
            at += (np.uint64(63) - held) >> np.uint64(3)
            held |= np.uint64(56)
        entry = np.uint64(literal_T[bits & np.uint64(_LITERAL_MASK)])
        if entry & np.uint64(_LONG):
            entry = _long_code(bits, count_2L[0], symbol_2S[0], _LITERAL_ENTRY)
        bits >>= entry & np.uint64(15)
        held -= entry & np.uint64(15)
        if not entry & np.uint64(_MATCH | _STOP | _BAD):
            room_O[out] = np.uint8(entry >> np.uint64(16))
            out += np.uint64(1)
            continue
        if not entry & np.uint64(_MATCH):
            break
        extra = (entry >> np.uint64(4)) & np.uint64(15)
        length = (entry >> np.uint64(16)) + (bits & ((np.uint64(1) << extra) - np.uint64(1)))
        bits >>= extra
        held -= extra
        entry = np.uint64(distance_T[bits & np.uint64(_DISTANCE_MASK)])
        if entry & np.uint64(_LONG):
            entry = _long_code(bits, count_2L[1], symbol_2S[1], _DISTANCE_ENTRY)
        bits >>= entry & np.uint64(15)
        extra = (entry >> np.uint64(4)) & np.uint64(15)
        distance = (entry >> np.uint64(16)) + (bits & ((np.uint64(1) << extra) - np.uint64(1)))
        bits >>= extra
        held -= (entry & np.uint64(15)) + extra
        if entry & np.uint64(_BAD) or distance > out - begin:
            return LEFT_TO_ZLIB
        _copy_match(room_O, out, distance, length)
        out += length
    state_4[_AT], state_4[_BITS], state_4[_HELD], state_4[_OUT] = at, bits, held, out
    return LEFT_TO_ZLIB if entry & np.uint64(_BAD) else DONE


@njit(cache=True, nogil=True, inline="always")
def _copy_match(room_O, out, distance, length):
    """Copy `length` bytes from `distance` before `out`; up to 7 more are written behind them."""
    if distance >= np.uint64(8):
        k = np.uint64(0)
        while k < length:
            store8(room_O, out + k, load8(room_O, out - distance + k))
            k += np.uint64(8)
    else:
        for i in range(length):
            room_O[out + np.uint64(i)] = room_O[out - distance + np.uint64(i)]
