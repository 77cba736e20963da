# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False
"""Words to token ids: a look into the cache, or the merges of byte-level BPE.

The merges of a word: of all adjacent pairs the one of lowest rank, the leftmost of equals, becomes one token, until no
pair has a rank. So the ids of a word depend on its bytes alone.

Shapes: B = UTF-8 bytes of all documents end to end, D = documents, P = pretokens (words), T = tokens. Tables and
scratch: see bpe_encode_tables.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]  # no stubs
from numba import njit, types
from numba.extending import intrinsic

from tokenizer.bpe_encode_tables import EMPTY, ID_BITS, NO_RANK, RANK_BITS, SHORT_BYTES, SLOT, WORD_BYTES

# Counting references to arrays at each call, in atomic steps, would take longer than a word: none is made here.
leaf = njit(cache=True, nogil=True, _nrt=False)
inline = njit(cache=True, nogil=True, inline="always")

_MIX = np.uint64(0x9E3779B97F4A7C15)
_MIX2 = np.uint64(0xD6E8FEB86659FD93)
_EMPTY = np.uint64(EMPTY)
_ID_BITS = np.uint64(ID_BITS)
_RANK_BITS = np.uint64(RANK_BITS)
_RANK_MASK = np.uint64((1 << RANK_BITS) - 1)
_BYTE = np.uint64(8)
_HALF = np.uint64(32)
_LENGTH_MASK = np.uint64(0xFF)
_PLACE_BITS = np.uint64(32)  # of a heap entry: rank above, place in the word below
_PLACE_MASK = np.uint64(0xFFFFFFFF)
# What of the first 8 and the next 8 bytes belongs to a word of 0 to 16 bytes.
_FIRST = np.array([(1 << 8 * min(size, 8)) - 1 for size in range(SHORT_BYTES + 1)], np.uint64)
_NEXT = np.array([(1 << 8 * max(size - 8, 0)) - 1 for size in range(SHORT_BYTES + 1)], np.uint64)


@intrinsic
def _eight_bytes(typing_context, text_B, at):
    """The 8 bytes of text_B from `at` as one number, the first the lowest."""

    def generate(context, builder, signature, args):
        pointer = builder.gep(context.make_array(signature.args[0])(context, builder, args[0]).data, [args[1]])
        return builder.load(builder.bitcast(pointer, ir.IntType(64).as_pointer()), align=1)

    return types.uint64(text_B, types.int64), generate


@leaf
def encode_words(text_B, offsets_D1, ends_P, bounds_D1, merges, cache, scratch, ids_T, token_bounds_D1):
    """Write ids of all words of all documents from ids_T[token_bounds_D1[0]] on, and where each document's end.

    Words are as `tokenizer.pretokenize.pretokens` tells them. ids_T has room for a token a byte, and one more.
    """
    num = np.int64(token_bounds_D1[0])
    for d in range(offsets_D1.size - 1):
        start = np.int64(offsets_D1[d])
        for p in range(bounds_D1[d], bounds_D1[d + 1]):
            end = np.int64(ends_P[p])
            length = end - start
            if length <= SHORT_BYTES:
                num = _short_word(text_B, start, end, merges, cache, scratch, ids_T, num)
            elif length <= WORD_BYTES:
                num = _long_word(text_B, start, end, merges, cache, scratch, ids_T, num)
            else:
                num = _copy(scratch.ids_N, 0, _merged(text_B, start, end, merges, scratch), ids_T, num)
            start = end
        token_bounds_D1[d + 1] = num


@inline
def _short_word(text_B, start, end, merges, cache, scratch, ids_T, num):
    length = end - start
    if start + SHORT_BYTES <= text_B.size:
        first = _eight_bytes(text_B, start) & _FIRST[length]
        more = _eight_bytes(text_B, start + 8) & _NEXT[length]
    else:
        first, more = _few_bytes(text_B, start, min(start + 8, end)), _few_bytes(text_B, start + 8, end)
    mixed = (first ^ np.uint64(length)) * _MIX
    mixed = (mixed ^ (mixed >> _HALF) ^ more) * _MIX2
    bucket = np.int64((mixed >> _HALF) & np.uint64(cache.short.size // (2 * SLOT) - 1)) * (2 * SLOT)
    for slot in (bucket, bucket + SLOT):
        sizes = cache.short[slot + 2]
        if cache.short[slot] == first and cache.short[slot + 1] == more and sizes & _LENGTH_MASK == np.uint64(length):
            ids = cache.short[slot + 3]
            ids_T[num] = np.int32(ids & _PLACE_MASK)
            ids_T[num + 1] = np.int32(ids >> _HALF)  # written over, where the word has one token
            count = np.int64(sizes >> _BYTE)
            for i in range(2, count):
                ids_T[num + i] = cache.more_ids[slot * (SHORT_BYTES // SLOT) + i]
            return num + count
    return _new_short_word(text_B, start, end, merges, cache, scratch, ids_T, num, bucket, first, more)


@leaf
def _few_bytes(text_B, start, end):
    word = np.uint64(0)
    for at in range(end - 1, start - 1, -1):
        word = word << _BYTE | np.uint64(text_B[at])
    return word


@leaf
def _new_short_word(text_B, start, end, merges, cache, scratch, ids_T, num, bucket, first, more):
    """Merge the word, and remember it: the newer word of its bucket becomes the older, which is forgotten."""
    count = _merged(text_B, start, end, merges, scratch)
    room, rooms = bucket * (SHORT_BYTES // SLOT), SHORT_BYTES
    for i in range(SLOT):
        cache.short[bucket + SLOT + i] = cache.short[bucket + i]
    for i in range(2, np.int64(cache.short[bucket + 2] >> _BYTE)):
        cache.more_ids[room + rooms + i] = cache.more_ids[room + i]
    ids = np.uint64(scratch.ids_N[0]) if count else np.uint64(0)
    if count > 1:
        ids |= np.uint64(scratch.ids_N[1]) << _HALF
    cache.short[bucket] = first
    cache.short[bucket + 1] = more
    cache.short[bucket + 2] = np.uint64(end - start) | np.uint64(count) << _BYTE
    cache.short[bucket + 3] = ids
    for i in range(2, count):
        cache.more_ids[room + i] = scratch.ids_N[i]
    return _copy(scratch.ids_N, 0, count, ids_T, num)


@leaf
def _long_word(text_B, start, end, merges, cache, scratch, ids_T, num):
    """As for short words, with a slot a hash; the bytes are compared eight at a time, the last eight as they end."""
    length = end - start
    parts = (length + 7) // 8
    mixed = np.uint64(length)
    for i in range(parts):
        mixed = (mixed ^ _eight_bytes(text_B, min(start + 8 * i, end - 8))) * _MIX
        mixed ^= mixed >> _HALF
    slot = np.int64(mixed & np.uint64(cache.long_sizes.size - 1))
    key, room = slot * (WORD_BYTES // 8), slot * WORD_BYTES
    known = cache.long_sizes[slot] & _LENGTH_MASK == np.uint64(length)
    for i in range(parts):
        known &= cache.long[key + i] == _eight_bytes(text_B, min(start + 8 * i, end - 8))
    if known:
        return _copy(cache.long_ids, room, np.int64(cache.long_sizes[slot] >> _BYTE), ids_T, num)
    count = _merged(text_B, start, end, merges, scratch)
    for i in range(parts):
        cache.long[key + i] = _eight_bytes(text_B, min(start + 8 * i, end - 8))
    cache.long_sizes[slot] = np.uint64(length) | np.uint64(count) << _BYTE
    _copy(scratch.ids_N, 0, count, cache.long_ids, room)
    return _copy(scratch.ids_N, 0, count, ids_T, num)


@inline
def _copy(from_ids, first, count, to_ids, num):
    for i in range(count):
        to_ids[num + i] = from_ids[first + i]
    return num + count


@leaf
def _merged(text_B, start, end, merges, scratch):
    """How many tokens the word has; they are put at the begin of scratch.ids_N."""
    if merges.whole_ids_V.size:
        v = _whole(text_B, start, end, merges.whole_H, merges.whole_B, merges.whole_V1)
        if v >= 0:
            scratch.ids_N[0] = merges.whole_ids_V[v]
            return 1
    num, left = 0, np.int64(0)
    for at in range(start, end):
        right = np.int64(text_B[at])
        if merges.byte_ids[right] >= 0:
            scratch.ids_N[num] = merges.byte_ids[right]
            if num:
                scratch.ranks_N[num - 1] = merges.byte_ranks[left << 8 | right]
            left = right
            num += 1
    if num <= WORD_BYTES:
        return _merge_by_scan(num, merges, scratch.ids_N, scratch.ranks_N)
    return _merge_by_heap(num, merges, scratch)


@leaf
def _merge_by_scan(num, merges, ids_N, ranks_N):
    """Merges of a few tokens, which lie end to end: the lowest rank is looked for anew each time."""
    while num > 1:
        lowest = np.int32(NO_RANK)
        for i in range(num - 1):
            lowest = min(lowest, ranks_N[i])
        if lowest == NO_RANK:
            break
        at = 0
        while ranks_N[at] != lowest:
            at += 1
        num -= 1
        for i in range(at + 1, num):
            ids_N[i] = ids_N[i + 1]
        for i in range(at + 1, num - 1):
            ranks_N[i] = ranks_N[i + 1]
        ids_N[at] = merges.merged_M[lowest]
        if at:
            ranks_N[at - 1] = _rank(merges.pairs_H, ids_N[at - 1], ids_N[at])
        if at < num - 1:
            ranks_N[at] = _rank(merges.pairs_H, ids_N[at], ids_N[at + 1])
    return num


@leaf
def _merge_by_heap(num, merges, scratch):
    """Merges of many tokens, as a linked list with a heap of (rank, place): n log n steps, whatever the text."""
    ids_N, ranks_N, next_N, previous_N, heap = scratch
    size = 0
    for i in range(num):
        next_N[i], previous_N[i] = i + 1, i - 1
    ranks_N[num - 1] = NO_RANK
    for i in range(num - 1):
        size = _push(heap, size, ranks_N[i], i)
    while size:
        rank, at = np.int32(heap[0] >> _PLACE_BITS), np.int64(heap[0] & _PLACE_MASK)
        size = _pop(heap, size)
        if ranks_N[at] != rank:  # merged or changed since
            continue
        gone, before = np.int64(next_N[at]), np.int64(previous_N[at])
        behind = np.int64(next_N[gone])
        ids_N[at], next_N[at] = merges.merged_M[rank], behind
        ranks_N[gone], ranks_N[at] = NO_RANK, NO_RANK
        if behind < num:
            previous_N[behind] = at
            ranks_N[at] = _rank(merges.pairs_H, ids_N[at], ids_N[behind])
            size = _push(heap, size, ranks_N[at], at)
        if before >= 0:
            ranks_N[before] = _rank(merges.pairs_H, ids_N[before], ids_N[at])
            size = _push(heap, size, ranks_N[before], before)
    left, at = 0, np.int64(0)
    while at < num:
        ids_N[left] = ids_N[at]
        left += 1
        at = np.int64(next_N[at])
    return left


@inline
def _push(heap, size, rank, place):
    """Size of the heap with (rank, place) in it; a pair without a rank is not put in."""
    if rank == NO_RANK:
        return size
    entry = np.uint64(rank) << _PLACE_BITS | np.uint64(place)
    at = size
    while at and heap[(at - 1) >> 1] > entry:
        heap[at] = heap[(at - 1) >> 1]
        at = (at - 1) >> 1
    heap[at] = entry
    return size + 1


@leaf
def _pop(heap, size):
    """Size of the heap without its lowest entry."""
    size -= 1
    entry, at, child = heap[size], 0, 1
    while child < size:
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= entry:
            break
        heap[at] = heap[child]
        at, child = child, 2 * child + 1
    heap[at] = entry
    return size


@inline
def _rank(pairs_H, left, right):
    """Rank of the merge of two ids, or NO_RANK."""
    key = np.uint64(left) << _ID_BITS | np.uint64(right)
    slot = _pair_slot(pairs_H, key)
    found = pairs_H[slot]
    return np.int32(NO_RANK) if found == _EMPTY else np.int32(found & _RANK_MASK)


@inline
def _pair_slot(pairs_H, key):
    """Where the key stands in the table, or where it would be put."""
    last = np.uint64(pairs_H.size - 1)
    slot = ((key * _MIX) >> _HALF) & last
    while pairs_H[slot] >> _RANK_BITS != key and pairs_H[slot] != _EMPTY:
        slot = (slot + np.uint64(1)) & last
    return slot


@leaf
def fill_pairs(pairs_H, merges_M3):
    """Put every merge (left id, right id, merged id) into the empty table, its row as the rank."""
    for m in range(merges_M3.shape[0]):
        key = np.uint64(merges_M3[m, 0]) << _ID_BITS | np.uint64(merges_M3[m, 1])
        pairs_H[_pair_slot(pairs_H, key)] = key << _RANK_BITS | np.uint64(m)


@njit(cache=True, nogil=True)
def ranks_of_bytes(pairs_H, byte_ids):
    """Rank of the merge of each pair of bytes, at left << 8 | right: int32, shape (65536,)."""
    ranks = np.full(1 << 16, NO_RANK, np.int32)
    for left in range(256):
        for right in range(256):
            if byte_ids[left] >= 0 and byte_ids[right] >= 0:
                ranks[left << 8 | right] = _rank(pairs_H, byte_ids[left], byte_ids[right])
    return ranks


@leaf
def fill_whole(whole_H, whole_B, whole_V1):
    """Put the number of every token into the empty table, by the hash of its bytes."""
    for v in range(whole_V1.size - 1):
        slot = _hash(whole_B, whole_V1[v], whole_V1[v + 1]) & (whole_H.size - 1)
        while whole_H[slot] >= 0:
            slot = (slot + 1) & (whole_H.size - 1)
        whole_H[slot] = v


@leaf
def _whole(text_B, start, end, whole_H, whole_B, whole_V1):
    """Number of the token with these bytes, or -1."""
    slot = _hash(text_B, start, end) & (whole_H.size - 1)
    while whole_H[slot] >= 0:
        v = whole_H[slot]
        if whole_V1[v + 1] - whole_V1[v] == end - start:
            i = 0
            while i < end - start and whole_B[whole_V1[v] + i] == text_B[start + i]:
                i += 1
            if i == end - start:
                return np.int64(v)
        slot = (slot + 1) & (whole_H.size - 1)
    return np.int64(-1)


@leaf
def _hash(text_B, start, end):
    mixed = np.uint64(end - start)
    for at in range(start, end):
        mixed = (mixed ^ np.uint64(text_B[at])) * _MIX
        mixed ^= mixed >> _HALF
    return np.int64(mixed >> _BYTE)
