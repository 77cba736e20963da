"""Repeated runs of words in one document: the most frequent n-grams, and n-grams seen before, in code points.

Everything is exact: equal hashes are believed only after the bytes were compared. A hash table's owners hold `base`
plus the index of an item; smaller values are left over from earlier uses, so a table is never cleared: the caller
raises `base` by the number of items after each use.

Shapes: W = words of the document, W1 = W + 1, N = orders, T = slots of the hash table, J = bytes of the words joined.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.kernels.chunks import load8, load_tail, num_continuations, same_bytes, store8
from pipeline.kernels.hashing import bytes_hash, mix

PREFIX_BYTES = 16
MULTIPLIER = 0xD1342543DE82EF95  # odd, bits well mixed


@njit(cache=True, nogil=True)
def table_bits(num_items):
    """log2 of the slots of a hash table that stays at most half full."""
    bits = 1
    while (1 << bits) < 2 * num_items:
        bits += 1
    return bits


@njit(cache=True, nogil=True)
def first_equals(text_B, starts_W, ends_W, keys_T, owner_T, base, first_W, counts_W):
    """Write to first_W the index of the first equal text, itself where new, and there to counts_W how many."""
    mask = (1 << table_bits(starts_W.size)) - 1
    for w in range(starts_W.size):
        start, end = int(starts_W[w]), int(ends_W[w])
        key = bytes_hash(text_B, start, end)
        slot = np.int64(key) & mask
        # Hashes of up to 7 bytes are equal for equal bytes alone.
        while owner_T[slot] >= base and (
            keys_T[slot] != key
            or (end - start >= 8 and not _same_text(text_B, starts_W, ends_W, owner_T[slot] - base, w))
        ):
            slot = (slot + 1) & mask
        # New or not is a coin toss, so nothing branches on it.
        first = owner_T[slot] - base if owner_T[slot] >= base else w
        keys_T[slot], owner_T[slot] = key, base + first
        first_W[w], counts_W[w] = first, 0
        counts_W[first] += 1


@njit(cache=True, nogil=True, inline="always")
def _same_text(text_B, starts_W, ends_W, v, w):
    num_bytes = int(ends_W[v]) - int(starts_W[v])
    return num_bytes == ends_W[w] - starts_W[w] and same_bytes(text_B, int(starts_W[v]), int(starts_W[w]), num_bytes)


@njit(cache=True, nogil=True)
def next_ngrams(words_W, n, keys_T, owner_T, base, first_W, counts_W, new_counts_W):
    """From the first occurrences of (n - 1)-grams to those of n-grams, in place; counts into new_counts_W.

    An n-gram is the pair of its first n - 1 words and its last, both known by an index: a key that can't collide. Where
    the n - 1 words occur once, so does the n-gram, and there is nothing to look up.
    """
    mask = (1 << table_bits(first_W.size)) - 1
    for i in range(first_W.size - n + 1):
        if counts_W[first_W[i]] == 1:
            first_W[i], new_counts_W[i] = i, 1
            continue
        key = np.uint64(first_W[i]) << np.uint64(32) | np.uint64(words_W[i + n - 1])
        slot = np.int64(mix(key)) & mask
        while owner_T[slot] >= base and keys_T[slot] != key:
            slot = (slot + 1) & mask
        first = owner_T[slot] - base if owner_T[slot] >= base else i
        keys_T[slot], owner_T[slot] = key, base + first
        first_W[i], new_counts_W[i] = first, 0
        new_counts_W[first] += 1


@njit(cache=True, nogil=True)
def top_ngram_chars(n, first_W, counts_W, chars_W1):
    """Length of the most frequent n-gram, its words joined by spaces, times its count; the first met among equals.

    0 where there are fewer than n words. An n-gram that occurs once counts too.
    """
    best_count, best = 0, 0
    for i in range(first_W.size - n + 1):
        if counts_W[i] > best_count and first_W[i] == i:
            best_count, best = counts_W[i], i
    if best_count == 0:
        return 0
    return best_count * (chars_W1[best + n] - chars_W1[best] + n - 1)


@njit(cache=True, nogil=True)
def join_words(text_B, starts_W, ends_W, joined_J, at_W1, chars_W1):
    """Copy the words end to end into joined_J; where each starts, and the code points before it.

    Copies eight bytes at a time and overwrites what is too much, so joined_J has 8 bytes to spare.
    """
    at = num_chars = 0
    at_W1[0] = chars_W1[0] = 0
    for w in range(starts_W.size):
        start, end = int(starts_W[w]), int(ends_W[w])
        num_chars += end - start
        while start < end:
            width = min(end - start, 8)
            chunk = load8(text_B, start) if width == 8 else load_tail(text_B, start, end)
            store8(joined_J, at, chunk)
            num_chars -= num_continuations(chunk)
            start, at = start + width, at + width
        at_W1[w + 1], chars_W1[w + 1] = at, num_chars


@njit(cache=True, nogil=True)
def next_suspects(joined_J, at_W1, min_order, repeats_T, bits, next_W1):
    """For each word, the first at or behind it where an n-gram of `min_order` or more words may have a copy.

    Equal n-grams begin with equal bytes, so one whose first 16 bytes hash to a slot of their own has no copy; shorter
    ones and those near the end are suspects. This leaves about a tenth of the words of prose for the exact search.
    """
    num_words = at_W1.size - 1
    repeats_T[: 1 << bits] = 0
    last = at_W1[num_words] - PREFIX_BYTES
    shift = np.uint64(64 - bits)
    for i in range(num_words):
        if at_W1[i] <= last:
            slot = _prefix_key(joined_J, at_W1[i]) >> shift
            repeats_T[slot] += repeats_T[slot] < 2
    next_W1[num_words] = num_words
    for i in range(num_words - 1, -1, -1):
        is_short = at_W1[i] > last or at_W1[min(i + min_order, num_words)] - at_W1[i] < PREFIX_BYTES
        suspect = is_short or repeats_T[_prefix_key(joined_J, at_W1[i]) >> shift] > 1
        next_W1[i] = i if suspect else next_W1[i + 1]


@njit(cache=True, nogil=True, inline="always")
def _prefix_key(joined_J, at):
    return mix(load8(joined_J, at) ^ (load8(joined_J, at + 8) * np.uint64(MULTIPLIER)))


@njit(cache=True, nogil=True)
def duplicate_ngram_chars(joined_J, at_W1, chars_W1, n, next_W1, keys_T, owner_T, base):
    """Code points in n-grams seen before, counted from left to right without overlap; words joined by nothing.

    An n-gram seen before is skipped whole; a new one is remembered, and the search moves on by one word.
    """
    num_words = at_W1.size - 1
    bits = table_bits(num_words)
    mask, shift = (1 << bits) - 1, np.uint64(64 - bits)
    num_chars = 0
    i = next_W1[0]
    while i + n <= num_words:
        start, num_bytes = at_W1[i], at_W1[i + n] - at_W1[i]
        key = _span_key(joined_J, start, start + num_bytes)
        slot = np.int64(key >> shift)
        found = False
        while owner_T[slot] >= base and not found:
            other = owner_T[slot] - base
            found = (
                keys_T[slot] == key
                and at_W1[other + n] - at_W1[other] == num_bytes
                and same_bytes(joined_J, at_W1[other], start, num_bytes)
            )
            slot = slot if found else (slot + 1) & mask
        if found:
            num_chars += chars_W1[i + n] - chars_W1[i]
            i = next_W1[i + n]
        else:
            keys_T[slot], owner_T[slot] = key, base + i
            i = next_W1[i + 1]
    return num_chars


@njit(cache=True, nogil=True, inline="always")
def _span_key(joined_J, start, end):
    """Hash of a span whose high bits are good: a polynomial over its 64-bit chunks."""
    key, power = np.uint64(end - start), np.uint64(MULTIPLIER)
    at = start
    while end - at >= 8:
        key += load8(joined_J, at) * power
        power *= np.uint64(MULTIPLIER)
        at += 8
    return (key + load_tail(joined_J, at, end) * power) * np.uint64(MULTIPLIER)
