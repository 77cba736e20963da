"""What the encoding kernels look up: merges by pair, ids by bytes, and the words met before.

Shapes: M = merges, V = tokens whose bytes are known, H = slots of an open-addressing table (a power of two),
F = sixty-fours of the filter's bits, N = bytes of the longest document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

ID_BITS = 21
RANK_BITS = 64 - 2 * ID_BITS
BORDER_BITS = 21  # of each of three ranks in one number
MAX_IDS = (1 << ID_BITS) - 1
MAX_MERGES = NO_BORDER = (1 << BORDER_BITS) - 1
EMPTY = (1 << 64) - 1
NO_RANK = (1 << 31) - 1

SHORT_BYTES = 16  # words up to here have one cache line each in the cache
LANES = 16  # ranks that are compared at once
SCAN_TOKENS = 64  # words of more are merged with a heap
LONG_BYTES = 128  # longer words are not remembered: rules of dashes are shorter
SHORT_KEY, SHORT_RECORD = SHORT_BYTES // 8, 8  # uint64 of a word's bytes, and of all that is known of it
LONG_KEY, LONG_RECORD = LONG_BYTES // 8, 40
SHORT_BITS = 17  # buckets of two words: 16 MiB
LONG_BITS = 15  # 20 MiB
SPARE_IDS = 16  # room behind ids: they are copied several at once
BUCKET_BYTES = 128

Ids = npt.NDArray[np.int32]
Words = npt.NDArray[np.uint64]


class Merges(NamedTuple):
    """pairs_H: left id, right id and rank in one number, or EMPTY; found by the hash of the two ids.
    filter_F: a bit for each of many hashes, set where a merge has it: most pairs have none, and are told so by a table
    that stays near the processor. byte_ids: id of each of the 256 bytes, -1 where it has none and is left out.
    merged_M: id that the merge of a rank makes. whole_*: tokens that a word is when it has their bytes, whatever the
    merges say (`ignore_merges`): token v is whole_B[whole_V1[v]:whole_V1[v + 1]]. borders and the rest: see `Sure`.
    """

    pairs_H: Words
    filter_F: Words
    byte_ids: Ids
    merged_M: Ids
    whole_H: Ids
    whole_B: npt.NDArray[np.uint8]
    whole_V1: npt.NDArray[np.int64]
    whole_ids_V: Ids
    borders: Words
    uses_V: Words
    sure_M: Ids


class Sure(NamedTuple):
    """What tells that two tokens are merged whatever the rest of the word is, so at once.

    Their rank must be lower than that of any merge that could take the left one as its right token, or the right one
    as its left: nothing can part them before it is their turn. And what they make must not be part of a merge of lower
    rank, which would come too early.

    borders: three ranks for each pair of neighbouring bytes, at left << 8 | right, from the lowest bits up: of their
    own merge; the lowest of merges that take the right one as the right token, with the left one before it; the lowest
    of those that take the left one as the left token, with the right one behind it. uses_V: lowest rank of merges that
    take a token as the left one, and, 32 bits up, as the right one. sure_M: merged_M, or -1 where a merge of lower rank
    takes it.
    """

    borders: Words
    uses_V: Words
    sure_M: Ids


class WordCache(NamedTuple):
    """Words met before. Nothing is cleared: a new word takes the place of an older one of its bucket.

    short: buckets of two records of a word's bytes (SHORT_KEY numbers, zeros behind the word), length | tokens << 8 in
    32 bits, and ids, 32 bits each; short_ids: the same memory as 32-bit numbers. long: records of LONG_KEY numbers for
    the bytes, the last eight as the word ends.
    """

    short: Words
    short_ids: Ids
    long: Words
    long_ids: Ids


class Scratch(NamedTuple):
    """Room for the merges of one word of up to N bytes: ids, ranks of pairs, links to both sides, and a heap."""

    ids_N: Ids
    ranks_N: Ids
    next_N: Ids
    previous_N: Ids
    heap: Words


def merges_of(
    merges: Sequence[tuple[int, int, int]], byte_ids: Sequence[int], whole: Mapping[bytes, int] | None
) -> Merges:
    """Tables of merges (left id, right id, merged id) in order of rank; of a pair that comes twice the last counts."""
    from tokenizer.bpe_encode_merges import fill_pairs, fill_whole  # Numba, at first use

    merges_M3 = np.array(merges, np.int64).reshape(-1, 3)
    pairs_H = np.full(_slots(len(merges)), EMPTY, np.uint64)
    filter_F = np.zeros(max(1, pairs_H.size // 16), np.uint64)  # 8 to 16 bits a merge
    fill_pairs(pairs_H, filter_F, merges_M3)
    ids = np.array(byte_ids, np.int32)
    words = whole or {}
    whole_B = np.frombuffer(b"".join(words), np.uint8)
    whole_V1 = np.cumsum([0, *map(len, words)], dtype=np.int64)
    whole_H = np.full(_slots(len(words)), -1, np.int32)
    fill_whole(whole_H, whole_B, whole_V1)
    merged_M = merges_M3[:, 2].astype(np.int32)
    whole_ids_V = np.fromiter(words.values(), np.int32, len(words))
    whole_tables = (whole_H, whole_B, whole_V1, whole_ids_V)
    sure = _sure(pairs_H, filter_F, merges_M3, ids)
    return Merges(pairs_H, filter_F, ids, merged_M, *whole_tables, sure.borders, sure.uses_V, sure.sure_M)


def _sure(pairs_H: Words, filter_F: Words, merges_M3: npt.NDArray[np.int64], byte_ids: Ids) -> Sure:
    """The bounds; a file's order of merges need not be one that training makes."""
    from tokenizer.bpe_encode_merges import ranks_at_borders, ranks_of_bytes  # Numba, at first use

    left_M, right_M, merged_M = merges_M3.T
    size = int(max(merges_M3.max(initial=0), byte_ids.max())) + 1
    as_left_V, as_right_V = np.full(size, NO_RANK, np.int32), np.full(size, NO_RANK, np.int32)
    rank_M = np.arange(len(merges_M3), dtype=np.int32)
    np.minimum.at(as_left_V, left_M, rank_M)
    np.minimum.at(as_right_V, right_M, rank_M)
    used_M = np.minimum(as_left_V, as_right_V)[merged_M]
    first_V, last_V = np.full(size, -1), np.full(size, -1)
    known = np.flatnonzero(byte_ids >= 0)
    first_V[byte_ids[known]] = last_V[byte_ids[known]] = known
    byte_of_V = first_V.copy()
    while (new_M := (first_V[merged_M] < 0) & (first_V[left_M] >= 0) & (first_V[right_M] >= 0)).any():
        first_V[merged_M[new_M]], last_V[merged_M[new_M]] = first_V[left_M[new_M]], last_V[right_M[new_M]]
    own = ranks_of_bytes(pairs_H, filter_F, byte_ids)
    as_right, as_left = ranks_at_borders(merges_M3, byte_of_V, first_V, last_V)
    as_right.reshape(256, 256)[byte_ids < 0] = 0  # it is left out, and others come to stand there
    as_left.reshape(256, 256)[:, byte_ids < 0] = 0
    borders = np.zeros(own.size, np.uint64)
    for i, ranks in enumerate((own, as_right, as_left)):
        borders |= np.minimum(ranks, NO_BORDER).astype(np.uint64) << np.uint64(i * BORDER_BITS)
    uses_V = as_left_V.astype(np.uint64) | as_right_V.astype(np.uint64) << np.uint64(32)
    return Sure(borders, uses_V, np.where(used_M > rank_M, merged_M, -1).astype(np.int32))


def _slots(entries: int) -> int:
    return 1 << max(4, (2 * entries - 1).bit_length())


def word_cache(short_bits: int = SHORT_BITS, long_bits: int = LONG_BITS) -> WordCache:
    """An empty cache of 2 ** short_bits buckets of short words and 2 ** long_bits of longer ones."""
    short, long = _aligned((2 * SHORT_RECORD) << short_bits), _aligned((2 * LONG_RECORD) << long_bits)
    return WordCache(short, short.view(np.int32), long, long.view(np.int32))


def _aligned(size: int) -> Words:
    """Zeros that begin where a bucket may; a number behind them may be read."""
    room: Words = np.zeros(size + BUCKET_BYTES // 8, np.uint64)
    first = -room.ctypes.data % BUCKET_BYTES // 8
    return room[first : first + size]


def scratch(longest: int) -> Scratch:
    """Room for words of `longest` bytes; pages never written cost no memory."""
    size = max(longest, SCAN_TOKENS) + 1
    ids, ranks, behind, before = (np.empty(size, np.int32) for _ in range(4))
    return Scratch(ids, ranks, behind, before, np.empty(2 * size, np.uint64))
