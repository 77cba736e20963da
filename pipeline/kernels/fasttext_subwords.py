"""Rows of a token's runs of characters, added to its sum.

A word has a row for each run of `min_chars` to `max_chars` code points of <word>, chosen by the run's hash; < and >
alone are no runs (dictionary.cc, computeSubwords).

    to, 1 to 3 characters:   <t <to   t to to>   o o>

Runs are hashed for many characters at once, of whatever word they are: `owner_C` says it. A word's runs are added in
one order, whatever stands beside it: a window of characters begins with a word, or at a fixed place in a long one.

Shapes: V = tokens, N = numbers per row, R = rows, C = characters of a window, K = pieces of 64 buckets.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.kernels.chunks import HIGH_BITS, load8
from pipeline.kernels.fasttext_buckets import has_row, place_of
from pipeline.kernels.fasttext_tokens import FNV_START, fnv_step
from pipeline.kernels.fasttext_vectors import add_row
from pipeline.kernels.leaf import leaf

WINDOW_CHARS = 2048  # all that is written for them stays in the nearest memory
_SPARE = 8  # characters are written by eights
_EDGE, _OWNER = 1 << 30, (1 << 30) - 1  # of owner_C: a mark of < and >, and the token
_NO_OWNER = -1


@njit(cache=True, nogil=True)
def add_subwords(text_B, starts_V, ends_V, is_word_V, chars, num_buckets, kept_K, before_K, rows_RN, sum_VN, num_V):
    """Add to sum_VN the rows of each word's runs, and to num_V how many; chars: (fewest, most) of a run.

    rows_RN: rows of the buckets, in order of the buckets that have one.
    """
    fewest, most = chars
    room = WINDOW_CHARS + most
    char_C, owner_C = np.empty(room + most + _SPARE, np.uint32), np.empty(room + most + _SPARE, np.int32)
    hash_C, bucket_C, hit_C = np.empty(room, np.uint32), np.empty(room, np.uint32), np.empty(room + 1, np.int32)
    row_C, to_C = np.empty(room, np.int64), np.empty(room, np.int32)
    v, at, num_chars = np.int64(0), np.int64(-1), np.int64(0)
    while v < starts_V.size:
        num_chars, v, at = _read_chars(text_B, starts_V, ends_V, is_word_V, v, at, char_C, owner_C, num_chars, room)
        owner_C[num_chars : num_chars + most] = _NO_OWNER
        num = (
            num_chars if at < 0 else num_chars - (most - 1)
        )  # within a word the last ones begin runs of the next window
        widest = _widest(char_C, np.uint64(num_chars))
        hash_C[:num] = FNV_START
        for n in range(1, most + 1):
            for k in range(widest):
                _hash_bytes(hash_C, char_C, np.uint64(n - 1), np.uint32(8 * k), np.uint64(num))
            if n >= fewest:
                _write_buckets(hash_C, owner_C, np.uint64(n - 1), bucket_C, np.uint64(num_buckets), np.uint64(num))
                num_hits = _write_hits(bucket_C, np.uint64(num_buckets), np.uint64(num), kept_K, hit_C)
                _write_rows(hit_C, num_hits, bucket_C, owner_C, kept_K, before_K, row_C, to_C)
                _add_rows(row_C, to_C, num_hits, rows_RN, sum_VN, num_V)
        for c in range(num_chars - num):
            char_C[c], owner_C[c] = char_C[num + c], owner_C[num + c]
        num_chars -= num


@leaf
def _read_chars(text_B, starts_V, ends_V, is_word_V, v, at, char_C, owner_C, num_chars, room):
    """Add characters to the window from byte `at` of token v on, -1 being its <: (characters, token, byte).

    A character is its bytes, the first one lowest. A word that might not fit begins the next window.
    """
    c = np.uint64(num_chars)
    while v < starts_V.size and c < room:
        start, end = np.int64(starts_V[v]), np.int64(ends_V[v])
        if not is_word_V[v]:
            v += 1
            continue
        if at < 0:
            if c > 0 and np.int64(c) + end - start + 2 > room:
                break
            char_C[c], owner_C[c] = ord("<"), v | _EDGE
            c, at = c + np.uint64(1), start
        while at < end and c < room:
            if at + 8 <= text_B.size and load8(text_B, at) & np.uint64(HIGH_BITS) == 0:
                for k in range(np.uint64(8)):
                    char_C[c + k] = np.uint32(text_B[np.uint64(at) + k])
                    owner_C[c + k] = v
                num = min(end - at, np.int64(room) - np.int64(c), 8)
                c, at = c + np.uint64(num), at + num
                continue
            char, shift = np.uint32(text_B[at]), np.uint32(8)
            at += 1
            while at < end and text_B[at] & 0xC0 == 0x80 and shift < 32:
                char |= np.uint32(text_B[at]) << shift
                at, shift = at + 1, np.uint32(shift + 8)
            char_C[c], owner_C[c] = char, v
            c += np.uint64(1)
        if at == end and c < room:
            char_C[c], owner_C[c] = ord(">"), v | _EDGE
            c, v, at = c + np.uint64(1), v + 1, -1
    return np.int64(c), v, at


@leaf
def _widest(char_C, num):
    """Most bytes of a character."""
    high = np.uint32(0)
    for c in range(num):
        high |= char_C[c]
    widest = 1
    while widest < 4 and high >> np.uint32(8 * widest):
        widest += 1
    return widest


@leaf
def _hash_bytes(hash_C, char_C, ahead, shift, num):
    """Add one byte of the characters `ahead` to the hashes, where they have it: no byte of a token is 0."""
    for c in range(num):
        byte = (char_C[c + ahead] >> shift) & np.uint32(0xFF)
        h = fnv_step(hash_C[c], np.uint8(byte))
        hash_C[c] = h if byte != 0 else hash_C[c]


@leaf
def _write_buckets(hash_C, owner_C, ahead, bucket_C, num_buckets, num):
    """Write hash % num_buckets where the character `ahead` is of the same word, else num_buckets.

    The remainder comes by a product that is at most one below the quotient.
    """
    inverse = np.uint64(1 << 32) // num_buckets
    for c in range(num):
        h = np.uint64(hash_C[c])
        rest = h - ((h * inverse) >> np.uint64(32)) * num_buckets
        owner = owner_C[c]
        is_run = ((owner ^ owner_C[c + ahead]) & _OWNER == 0) & ((owner & _EDGE == 0) | (ahead != 0))
        bucket_C[c] = np.uint32(min(rest, rest - num_buckets)) if is_run else np.uint32(num_buckets)


@leaf
def _write_hits(bucket_C, num_buckets, num, kept_K, hit_C):
    """Write to hit_C where the runs begin that have a row, and return how many.

    Written at every character, counted at a hit only: a branch would be guessed wrong at each.
    """
    num_hits = np.uint64(0)
    for c in range(num):
        hit_C[num_hits] = c
        bucket = np.uint64(bucket_C[c])
        num_hits += has_row(bucket, kept_K) if kept_K.size else np.uint64(bucket != num_buckets)
    return num_hits


@leaf
def _write_rows(hit_C, num_hits, bucket_C, owner_C, kept_K, before_K, row_C, to_C):
    """Write the row of each hit, and the token to whose sum it goes."""
    for i in range(num_hits):
        c = np.uint64(hit_C[i])
        row_C[i] = place_of(np.uint64(bucket_C[c]), kept_K, before_K)
        to_C[i] = owner_C[c] & _OWNER


@leaf
def _add_rows(row_C, to_C, num_hits, rows_RN, sum_VN, num_V):
    for i in range(num_hits):
        num_V[to_C[i]] += 1
        add_row(sum_VN, np.int64(to_C[i]), rows_RN, row_C[i])
