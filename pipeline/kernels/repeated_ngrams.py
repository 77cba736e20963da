"""The most frequent n-gram of a document, and the characters of n-grams seen before, in code points.

N-grams are first counted by a hash alone: in a slot with others one seems more frequent than it is, never less. Only
those that seem frequent enough are told apart by their bytes, so that everything is exact.

Shapes: W = words of the document, W1 = W + 1, J = bytes of its words, K = places, words where n-grams begin, in order;
T = slots of a hash table.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from pipeline.kernels.chunks import load8, num_chars
from pipeline.kernels.hashing import MULTIPLIER, mix, slot_of, table_bits
from pipeline.kernels.joined_words import cut_key, ngram_key, same_joined, same_words
from pipeline.kernels.leaf import leaf
from pipeline.kernels.words import Bytes, Int32

PREFIX_BYTES = 16
FREE = -1


class Room(NamedTuple):
    """Scratch of `ngram_room` for documents of so many words."""

    slots_K: Int32
    some_K: Int32
    counts_T: Int32
    exact_counts_T: Int32
    first_T: Int32
    seen_T: Bytes
    ngram_slots_K: Int32
    seen_ngrams_T: Bytes


@njit(cache=True, nogil=True)
def ngram_room(num_words):
    """Room for the n-grams of as many words; pages that no document needs cost nothing."""
    num_slots = 1 << table_bits(num_words)
    return Room(
        np.empty(num_words + 1, np.int32),
        np.empty(num_words + 1, np.int32),
        np.empty(2 * num_slots, np.int32),
        np.empty(num_slots, np.int32),
        np.empty(4 * num_slots, np.int32),
        np.empty(8 * num_slots, np.uint8),
        np.empty(num_words + 1, np.int32),
        np.empty(8 * num_slots, np.uint8),
    )


@njit(cache=True, nogil=True, inline="always")
def _slot(key, bits):
    """A slot below 2**bits; folded first, since the high bits of a key are those of a few bytes alone."""
    return np.uint64(slot_of(key ^ key >> np.uint64(32), bits))


@leaf
def count_ngrams(joined, n, places_K, num, room):
    """Count the n-grams at the first `num` places by slot: (the most in one slot, places left).

    Left in places_K, with their slots in room.slots_K, are those whose slot has others.
    """
    shifts_W1, sums_W1 = joined.shifts_W1, joined.sums_W1
    slots_K, counts_T = room.slots_K, room.counts_T
    bits = table_bits(num) + 1  # the emptier, the fewer places are left that need not be
    counts_T[: 1 << bits] = 0
    most = np.int32(0)
    for k in range(np.uint64(num)):
        slot = _slot(ngram_key(shifts_W1, sums_W1, places_K[k], n), bits)
        slots_K[k] = slot
        counts_T[slot] += np.int32(1)
        most = max(most, counts_T[slot])
    left = np.uint64(0)
    for k in range(np.uint64(num)):
        slot = slots_K[k]
        places_K[left], slots_K[left] = places_K[k], slot
        left += np.uint64(counts_T[np.uint64(slot)] > 1)
    return most, np.int64(left)


@leaf
def most_frequent(joined, n, places_K, num, most, room):
    """(first word, count) of the most frequent n-gram, the first met of equals, after `count_ngrams`.

    (0, 1) where none comes back. The fullest slots are looked at first: what comes as often as the best n-gram in them
    may also stand elsewhere, in slots that are as full as that.
    """
    if most == 1:
        return 0, 1
    best, count = _best_of_full_slots(joined, n, places_K, num, most, room)
    if count < most:
        best, count = _best_of_full_slots(joined, n, places_K, num, max(count, 2), room)
    return (best, count) if count > 1 else (0, 1)


@leaf
def _best_of_full_slots(joined, n, places_K, num, least, room):
    """`most_frequent` of the places whose slot has `least` or more."""
    joined_J, at_W1, shifts_W1, sums_W1 = joined
    some_K, first_T, counts_T = room.some_K, room.first_T, room.exact_counts_T
    num = _in_full_slots(places_K, num, room.slots_K, room.counts_T, least, some_K)
    bits = table_bits(num)
    mask = np.uint64((1 << bits) - 1)
    first_T[: 1 << bits] = FREE
    best, count = np.int64(0), np.int32(0)
    for k in range(num):
        i = np.int64(some_K[k])
        slot = _slot(cut_key(at_W1, shifts_W1, sums_W1, i, n), bits)
        while first_T[slot] != FREE and not same_words(joined_J, at_W1, np.int64(first_T[slot]), i, n):
            slot = (slot + np.uint64(1)) & mask
        if first_T[slot] == FREE:
            first_T[slot], counts_T[slot] = i, 0
        counts_T[slot] += 1
        if counts_T[slot] > count or (counts_T[slot] == count and first_T[slot] < best):
            best, count = np.int64(first_T[slot]), counts_T[slot]
    return best, count


@njit(cache=True, nogil=True, inline="always")
def _in_full_slots(places_K, num, slots_K, counts_T, least, some_K):
    some = np.uint64(0)
    for k in range(np.uint64(num)):
        some_K[some] = places_K[k]
        some += np.uint64(counts_T[np.uint64(slots_K[k])] >= least)
    return np.int64(some)


@leaf
def places_left(places_K, num):
    """Keep the places where the n-gram and that of the next word both seem to come back; how many there are.

    Only there can a longer n-gram come back: in prose at one word in five. places_K: what `count_ngrams` left.
    """
    left = np.uint64(0)
    for k in range(np.uint64(max(num - 1, 0))):
        i = places_K[k]
        places_K[left] = i
        left += np.uint64(places_K[k + np.uint64(1)] == i + np.int32(1))
    return np.int64(left)


@leaf
def next_suspects(joined, num_words, min_order, places_K, room):
    """Write to places_K where an n-gram of `min_order` or more words may have a copy; how many there are.

    Equal n-grams begin with equal bytes, so one whose first 16 bytes hash to a slot of their own has no copy; shorter
    ones are suspects. This leaves a fifth of the words of prose.
    """
    joined_J, at_W1, slots_K, seen_T = joined.joined_J, joined.at_W1, room.slots_K, room.seen_T
    bits = table_bits(num_words) + 3
    seen_T[: 1 << bits] = 0
    num_ngrams = np.uint64(max(num_words - min_order + 1, 0))
    one = np.uint64(1)
    for i in range(num_ngrams):
        slot = np.uint64(slot_of(_prefix_key(joined_J, at_W1[i]), bits))
        slots_K[i] = slot
        seen_T[slot] = np.uint64(seen_T[slot]) << one | one
    num = np.uint64(0)
    for i in range(num_ngrams):
        places_K[num] = i
        begins_twice = seen_T[np.uint64(slots_K[i])] > 1
        num += np.uint64(begins_twice | (at_W1[i + np.uint64(min_order)] - at_W1[i] < PREFIX_BYTES))
    return np.int64(num)


@njit(cache=True, nogil=True, inline="always")
def _prefix_key(joined_J, at):
    at = np.uint64(at)
    return mix(load8(joined_J, at) ^ (load8(joined_J, at + np.uint64(8)) * np.uint64(MULTIPLIER)))


@leaf
def duplicate_ngram_chars(joined, num_words, n, places_K, num, room):
    """(code points in n-grams seen before, places left for longer ones), words joined by nothing.

    Counted from left to right without overlap: an n-gram seen before is skipped whole; a new one is remembered, and the
    search moves on by one word. places_K: the first `num` are what `next_suspects` left, or this for a lower order.
    """
    joined_J, at_W1, shifts_W1, sums_W1 = joined
    left, num = _copied_suspects(joined, num_words, n, places_K, num, room)
    some_K, first_T = room.some_K, room.first_T
    bits = table_bits(num) + 1
    mask = np.uint64((1 << bits) - 1)
    first_T[: 1 << bits] = FREE
    chars = k = 0
    while k < num:
        i = np.int64(some_K[k])
        slot = _slot(ngram_key(shifts_W1, sums_W1, i, n), bits)
        while first_T[slot] != FREE and not same_joined(joined_J, at_W1, i, np.int64(first_T[slot]), n):
            slot = (slot + np.uint64(1)) & mask
        if first_T[slot] == FREE:
            first_T[slot] = i
            k += 1
            continue
        chars += num_chars(joined_J, np.int64(at_W1[i]), np.int64(at_W1[i + n]))
        while k < num and some_K[k] < i + n:
            k += 1
    return chars, left


@leaf
def _copied_suspects(joined, num_words, n, places_K, num, room):
    """(places left, how many of them are now in room.some_K): those of n-grams whose key has a slot with another.

    Left are the places where n words begin with bytes that come back, or have fewer bytes than that.
    """
    at_W1, shifts_W1, sums_W1 = joined.at_W1, joined.shifts_W1, joined.sums_W1
    slots_K, some_K, seen_T = room.ngram_slots_K, room.some_K, room.seen_ngrams_T
    while num > 0 and places_K[num - 1] + n > num_words:
        num -= 1
    bits = table_bits(num) + 3
    seen_T[: 1 << bits] = 0
    left = some = np.uint64(0)
    for k in range(np.uint64(num)):
        i = np.uint64(places_K[k])
        begins_twice = room.seen_T[np.uint64(room.slots_K[i])] > 1
        stays = np.uint64(begins_twice | (at_W1[i + np.uint64(n)] - at_W1[i] < PREFIX_BYTES))
        slot = np.uint64(_slot(ngram_key(shifts_W1, sums_W1, i, n), bits))
        places_K[left], slots_K[left] = i, slot
        seen_T[slot] = np.uint64(seen_T[slot]) << stays | stays
        left += stays
    for k in range(left):
        some_K[some] = places_K[k]
        some += np.uint64(seen_T[np.uint64(slots_K[k])] > 1)
    return np.int64(left), np.int64(some)
