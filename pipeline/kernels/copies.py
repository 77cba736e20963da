"""Parts of a text, its lines say, that equal an earlier one.

Parts are first counted by a hash of their ends and lengths: most have a slot of their own, and need not be read. The
others are told apart by their bytes, so that the answer is exact.

Shapes: B = UTF-8 bytes of all documents end to end, E = parts of one document, T = slots of a hash table.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from pipeline.kernels.chunks import load8, load_tail, same_bytes
from pipeline.kernels.hashing import MULTIPLIER, quick_key, slot_of, table_bits
from pipeline.kernels.leaf import leaf
from pipeline.kernels.words import Bytes, Int32

FREE = -1


class CopiesRoom(NamedTuple):
    """Scratch of `copies_room` for documents of so many parts."""

    slots_E: Int32
    seen_T: Bytes
    first_T: Int32


@njit(cache=True, nogil=True)
def copies_room(num_parts):
    """Room for as many parts; pages that no document needs cost nothing."""
    num_slots = 1 << table_bits(num_parts)
    return CopiesRoom(
        np.empty(num_parts, np.int32),
        np.empty(4 * num_slots, np.uint8),
        np.empty(num_slots, np.int32),
    )


@leaf
def later_copies(text_B, starts_E, ends_E, num, room, copies_E):
    """How many of the first `num` parts equal an earlier one; these, in order, in copies_E.

    Part e is text_B[starts_E[e]:ends_E[e]]. copies_E has room for `num`.
    """
    slots_E, first_T = room.slots_E, room.first_T
    some = _maybe_copied(text_B, starts_E, ends_E, num, slots_E, room.seen_T, copies_E)
    bits = table_bits(some)
    first_T[: 1 << bits] = FREE
    copies = 0
    for k in range(some):
        e = np.int64(copies_E[k])
        start, end = np.int64(starts_E[e]), np.int64(ends_E[e])
        slot = slot_of(quick_key(text_B, start, end), bits)
        while first_T[slot] != FREE and not _same(text_B, starts_E, ends_E, np.int64(first_T[slot]), start, end):
            slot = (slot + 1) & ((1 << bits) - 1)
        if first_T[slot] == FREE:
            first_T[slot] = e
        else:
            copies_E[copies] = e
            copies += 1
    return copies


@leaf
def _maybe_copied(text_B, starts_E, ends_E, num, slots_E, seen_T, some_E):
    bits = table_bits(num) + 2
    seen_T[: 1 << bits] = 0
    for e in range(num):
        slot = slot_of(_ends_key(text_B, np.int64(starts_E[e]), np.int64(ends_E[e])), bits)
        slots_E[e] = slot
        seen_T[slot] = min(seen_T[slot] + 1, 2)
    some = 0
    for e in range(num):
        some_E[some] = e
        some += seen_T[slots_E[e]] > 1
    return some


@njit(cache=True, nogil=True, inline="always")
def _ends_key(text_B, start, end):
    """Of the length and the first and last eight bytes, which may overlap; below eight bytes of all."""
    if end - start < 8:
        return load_tail(text_B, start, end) + np.uint64(end - start)
    key = load8(text_B, start) * np.uint64(MULTIPLIER) + load8(text_B, end - 8)
    return (key ^ key >> np.uint64(29)) + np.uint64(end - start)


@njit(cache=True, nogil=True, inline="always")
def _same(text_B, starts_E, ends_E, e, start, end):
    other = np.int64(starts_E[e])
    return ends_E[e] - other == end - start and same_bytes(text_B, other, start, end - start)
