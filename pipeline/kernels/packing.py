"""Which pieces share a row: best-fit-decreasing, planned from the histogram of lengths alone.

Best fit puts a piece into the fullest row that still takes it, longest pieces first. Which piece it is never matters,
only its length; so rows with equal room are interchangeable, whole groups of them are filled in one step, and a plan
costs as many steps as there are distinct lengths, however many pieces there are. The result has exactly as many rows
as best-fit-decreasing piece by piece (Ding et al. 2024, Fewer Truncations Improve Language Modeling, section 3).
Pieces then take the places of their length in an order that a seed decides.

    context_len 8, lengths 5 5 3 2 2 2        patterns: [5 3] x 1, [5 2] x 1, [2 2] x 1

Shapes: S = pieces, R = rows, G = row patterns, E = entries of all patterns, L = context_len + 1.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class RowPlan:
    """Row patterns: multiplicity_G[g] rows hold, for each entry e of g, counts_E[e] pieces of lengths_E[e] tokens.

    The entries of g are bounds_G1[g] to bounds_G1[g + 1].
    """

    lengths_E: Ints
    counts_E: Ints
    bounds_G1: Ints
    multiplicity_G: Ints

    @property
    def num_rows(self) -> int:
        """Rows of all patterns."""
        return int(self.multiplicity_G.sum())


class _Entry(NamedTuple):
    """The newest pieces of a pattern, and the entry before them."""

    length: int
    times: int
    before: _Entry | None


def plan_rows(count_L: Ints, context_len: int) -> RowPlan:
    """Plan for count_L[n] pieces of n tokens, n from 0 to `context_len`; every piece gets a place, no row overflows.

    Raises ValueError where a piece is longer than a row or has no tokens.
    """
    if count_L.size > context_len + 1 and count_L[context_len + 1 :].any():
        raise ValueError(f"pieces of up to {np.flatnonzero(count_L)[-1]} tokens don't fit rows of {context_len}")
    if count_L.size and count_L[0]:
        raise ValueError(f"{count_L[0]} pieces have no tokens")
    rooms = _Rooms()
    for length in np.flatnonzero(count_L)[::-1].tolist():
        _place(rooms, length, int(count_L[length]), context_len)
    return _row_plan(rooms)


class _Rooms:
    """Groups of equal rows by the room left in them."""

    def __init__(self) -> None:
        self.groups: dict[int, list[tuple[int, _Entry]]] = {}
        self._sizes: list[int] = []  # sorted keys of `groups`

    def add(self, room: int, multiplicity: int, entry: _Entry) -> None:
        if room not in self.groups:
            self.groups[room] = []
            insort(self._sizes, room)
        self.groups[room].append((multiplicity, entry))

    def take_tightest(self, length: int) -> tuple[int, int, _Entry] | None:
        """Remove and return (room, multiplicity, pattern) of one group with the least room for `length`, if any."""
        at = bisect_left(self._sizes, length)
        if at == len(self._sizes):
            return None
        room = self._sizes[at]
        multiplicity, entry = self.groups[room].pop()
        if not self.groups[room]:
            del self.groups[room], self._sizes[at]
        return room, multiplicity, entry


def _place(rooms: _Rooms, length: int, count: int, context_len: int) -> None:
    """Place `count` pieces of one length. A row is filled up before the next is begun, as best fit does."""
    while count:
        room, rows, entry = rooms.take_tightest(length) or (context_len, count, None)
        each = room // length
        full = min(rows, count // each)
        rest = count - full * each if full < rows else 0  # fewer than `each`: they begin one more row
        if full:
            rooms.add(room - each * length, full, _Entry(length, each, entry))
        if rest:
            rooms.add(room - rest * length, 1, _Entry(length, rest, entry))
        if entry is not None and rows > full + (rest > 0):
            rooms.add(room, rows - full - (rest > 0), entry)
        count -= full * each + rest


def _row_plan(rooms: _Rooms) -> RowPlan:
    patterns = [pattern for room in sorted(rooms.groups) for pattern in rooms.groups[room]]
    lengths: list[int] = []
    counts: list[int] = []
    bounds = [0]
    for _, newest in patterns:
        entry: _Entry | None = newest
        while entry is not None:
            lengths.append(entry.length)
            counts.append(entry.times)
            entry = entry.before
        bounds.append(len(lengths))
    multiplicity = [rows for rows, _ in patterns]
    return RowPlan(*(np.array(values, np.int64) for values in (lengths, counts, bounds, multiplicity)))


class Assignment(NamedTuple):
    """Row r holds the pieces order_S[bounds_R1[r]:bounds_R1[r + 1]], in this order."""

    order_S: Ints
    bounds_R1: Ints


def assign_pieces(plan: RowPlan, length_S: Ints, key_S: Keys, *, seed: int) -> Assignment:
    """Give every piece a place of its length. Keys are 64-bit hashes that name the pieces; only they, the lengths and
    the seed decide, so the order in which pieces are listed does not matter (equal keys aside).

    Rows come in a seeded order, and pieces in a row in that of their mixed keys: long pieces don't always stand first.
    """
    mixed_S = mix64(key_S ^ _salt(seed))
    by_key_S = stable_order(mixed_S)
    pieces_S = by_key_S[stable_order(length_S[by_key_S])]
    place_length_S, place_row_S = _places(plan)
    places_S = stable_order(place_length_S)
    row_S = np.empty(length_S.size, np.int64)
    row_S[pieces_S] = _shuffled(plan.num_rows, seed)[place_row_S[places_S]]
    order_S = by_key_S[stable_order(row_S[by_key_S])]
    bounds_R1 = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.bincount(row_S, minlength=plan.num_rows))])
    return Assignment(order_S, bounds_R1)


def _places(plan: RowPlan) -> tuple[Ints, Ints]:
    """Length and row of every place, rows in the order of the patterns."""
    entries_G = np.diff(plan.bounds_G1)
    multiplicity_E = np.repeat(plan.multiplicity_G, entries_G)
    first_row_E = np.repeat(np.cumsum(plan.multiplicity_G) - plan.multiplicity_G, entries_G)
    rows_V = run_indices(first_row_E, multiplicity_E)  # V = (entry, row) pairs
    count_V = np.repeat(plan.counts_E, multiplicity_E)
    return np.repeat(np.repeat(plan.lengths_E, multiplicity_E), count_V), np.repeat(rows_V, count_V)


def _shuffled(num_rows: int, seed: int) -> Ints:
    """New number of every row: a permutation that the seed decides, the same on every machine and NumPy version."""
    keys_R = mix64(np.arange(num_rows, dtype=np.uint64) + _salt(~seed))
    rank_R = np.empty(num_rows, np.int64)
    rank_R[stable_order(keys_R)] = np.arange(num_rows)
    return rank_R


def stable_order(values: Ints | Keys) -> Ints:
    """Stable argsort of whole numbers >= 0 in linear time, 16 bits at a time: there NumPy's own counts.

    Three times as fast as NumPy's stable sort at a million values; its unstable one may order ties by CPU type.
    """
    order = np.argsort(_digit(values, 0), kind="stable")
    for shift in range(16, int(values.max(initial=0)).bit_length(), 16):
        order = order[np.argsort(_digit(values, shift)[order], kind="stable")]
    return order


def _digit(values: Ints | Keys, shift: int) -> npt.NDArray[np.uint16]:
    return ((values >> values.dtype.type(shift)) & values.dtype.type(0xFFFF)).astype(np.uint16)


def mix64(values: Keys) -> Keys:
    """The finaliser of splitmix64 (Steele et al. 2014): a bijection on 64 bits that scatters neighbours."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _salt(seed: int) -> Keys:
    return mix64(np.array([seed % 2**64], np.uint64))


def run_indices(start_S: Ints, length_S: Ints) -> Ints:
    """Indices of runs end to end: run s is start_S[s] to start_S[s] + length_S[s].

    >>> run_indices(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    before_S = np.cumsum(length_S) - length_S
    return np.repeat(start_S - before_S, length_S) + np.arange(int(length_S.sum()), dtype=np.int64)
