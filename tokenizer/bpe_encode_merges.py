# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False
"""The merges of byte-level BPE: of all adjacent pairs of a word the one of lowest rank, the leftmost of equals, becomes
one token, until no pair has a rank.

Most of a word is merged while it is read, where neighbours tell that nothing can come between (`Sure`). What is left
is merged in order: up to 64 tokens in place, more of them with a heap.

Shapes: tables and scratch, see bpe_encode_tables.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]  # no stubs
from numba import njit, types
from numba.extending import intrinsic

from tokenizer.bpe_encode_tables import BORDER_BITS, EMPTY, ID_BITS, LANES, NO_BORDER, NO_RANK, RANK_BITS, SCAN_TOKENS
from tokenizer.pretokenize_masks import first_bit

# Counting references to arrays at each call, in atomic steps, would take longer than a word: none is made here.
leaf = njit(cache=True, nogil=True, _nrt=False)
inline = njit(cache=True, nogil=True, inline="always")

_MIX = np.uint64(0x9E3779B97F4A7C15)
_MIX2 = np.uint64(0xD6E8FEB86659FD93)
_LAST_SIX = np.uint64(64 - 6)
_EMPTY = np.uint64(EMPTY)
_ID_BITS = np.uint64(ID_BITS)
_RANK_BITS = np.uint64(RANK_BITS)
_RANK_MASK = np.uint64((1 << RANK_BITS) - 1)
_BYTE = np.uint64(8)
_HALF = np.uint64(32)
_BORDER_BITS = np.uint64(BORDER_BITS)
_NO_BORDER = np.uint64(NO_BORDER)
_NOTHING = ~np.uint64(0)  # borders before and behind a word
_PLACE_BITS = np.uint64(32)  # of a heap entry: rank above, place in the word below
_PLACE_MASK = _LOW_HALF = np.uint64(0xFFFFFFFF)
PLACE_BITS, PLACE_MASK = 6, 63  # the same in the 32 bits that a short word's ranks have


@intrinsic
def _lowest(typing_context, ranks_N, at):
    """The lowest of the 16 numbers of ranks_N from `at` on."""

    def generate(context, builder, signature, args):
        lanes = ir.VectorType(ir.IntType(32), LANES)
        pointer = builder.gep(context.make_array(signature.args[0])(context, builder, args[0]).data, [args[1]])
        vector = builder.load(builder.bitcast(pointer, lanes.as_pointer()), align=4)
        kind = ir.FunctionType(ir.IntType(32), [lanes])
        reduce = builder.module.declare_intrinsic("llvm.vector.reduce.smin.v16i32", fnty=kind)
        return builder.call(reduce, [vector])

    return types.int32(ranks_N, types.int64), generate


@intrinsic
def _last_bit(typing_context, mask):
    """Index of the highest bit that is set."""

    def generate(context, builder, signature, args):
        above = builder.ctlz(args[0], ir.Constant(ir.IntType(1), 0))
        return builder.sub(ir.Constant(ir.IntType(64), 63), above)

    return types.int64(types.uint64), generate


@leaf
def merged(text_B, start, end, merges, scratch):
    """How many tokens the word has; they are put at the begin of scratch.ids_N."""
    if merges.whole_ids_V.size:
        v = whole_word(text_B, start, end, merges.whole_H, merges.whole_B, merges.whole_V1)
        if v >= 0:
            scratch.ids_N[0] = merges.whole_ids_V[v]
            return 1
    num = _first_tokens(text_B, start, end, merges, scratch)
    if num <= SCAN_TOKENS:
        return merge_by_scan(num, merges, scratch.ids_N, scratch.ranks_N)
    return merge_by_heap(num, merges, scratch)


@inline
def _first_tokens(text_B, start, end, merges, scratch):
    """How many tokens the word has when all is merged that can be told from neighbours, see `Sure`.

    They and the ranks of their pairs are at the begin of scratch.ids_N and scratch.ranks_N.
    """
    num, at = 0, start
    last_byte = np.int64(-1)  # of the word's last token, where that is one byte
    border, here = _NOTHING, _border(text_B, start, end, merges)  # before the byte at `at`, and behind it
    while at < end:
        byte = np.int64(text_B[at])
        token, rank = merges.byte_ids[byte], here & _NO_BORDER
        behind = _border(text_B, at + 1, end, merges)
        is_sure = rank < _as_right(border) and rank < _as_left(behind)
        at += 1
        border, here = here, behind
        if is_sure and merges.sure_M[rank] >= 0:
            token, byte = merges.sure_M[rank], np.int64(-1)
            at += 1
            border, here = here, _border(text_B, at, end, merges)
        elif token < 0:
            continue
        while num:
            left = scratch.ids_N[num - 1]
            if (last_byte | byte) >= 0:
                found = merges.borders[last_byte << 8 | byte] & _NO_BORDER
                order = np.int32(NO_RANK) if found == _NO_BORDER else np.int32(found)
            else:
                order = rank_of(merges.pairs_H, merges.filter_F, left, token)
            scratch.ranks_N[num - 1] = order
            if order == NO_RANK or (num > 1 and order >= np.int64(merges.uses_V[left] >> _HALF)):
                break
            if merges.sure_M[order] < 0:
                break
            as_left = _as_left(border) if byte >= 0 else merges.uses_V[token] & _LOW_HALF
            if at < end and order >= np.int64(as_left):
                break
            token, byte, last_byte = merges.sure_M[order], np.int64(-1), np.int64(-1)
            num -= 1
        scratch.ids_N[num] = token
        last_byte = byte
        num += 1
    return num


@inline
def _border(text_B, at, end, merges):
    """What is known of the byte at `at` and the next one, see Sure."""
    if at + 1 >= end:
        return _NOTHING
    return merges.borders[np.int64(text_B[at]) << 8 | np.int64(text_B[at + 1])]


@inline
def _as_right(border):
    return border >> _BORDER_BITS & _NO_BORDER


@inline
def _as_left(border):
    return border >> _BORDER_BITS >> _BORDER_BITS & _NO_BORDER


@inline
def merge_by_scan(num, merges, ids_N, ranks_N):
    """Merges of up to 64 tokens, which stay where they are: bit i of a mask says whether token i is still there.

    For the lowest rank and, of equals, the leftmost place, ranks have the place behind them, 16 to a vector.
    """
    if num < 2:
        return num
    vectors = (num + LANES - 2) // LANES
    for i in range(num - 1):
        ranks_N[i] = _keyed(ranks_N[i], i)
    for i in range(num - 1, vectors * LANES):
        ranks_N[i] = NO_RANK
    there = ~np.uint64(0) >> np.uint64(64 - num)
    while True:
        lowest = _lowest(ranks_N, 0)
        for i in range(1, vectors):
            lowest = min(lowest, _lowest(ranks_N, i * LANES))
        if lowest == NO_RANK:
            break
        at = np.int64(lowest & PLACE_MASK)
        after = there & (~np.uint64(1) << np.uint64(at))
        gone, after = first_bit(after), after & (after - np.uint64(1))
        there ^= np.uint64(1) << np.uint64(gone)
        ids_N[at] = merges.merged_M[lowest >> PLACE_BITS]
        ranks_N[gone] = NO_RANK
        ranks_N[at] = NO_RANK
        if after:
            ranks_N[at] = _keyed(rank_of(merges.pairs_H, merges.filter_F, ids_N[at], ids_N[first_bit(after)]), at)
        previous = there & ((np.uint64(1) << np.uint64(at)) - np.uint64(1))
        if previous:
            before = _last_bit(previous)
            ranks_N[before] = _keyed(rank_of(merges.pairs_H, merges.filter_F, ids_N[before], ids_N[at]), before)
    num = 0
    while there:
        ids_N[num] = ids_N[first_bit(there)]
        there &= there - np.uint64(1)
        num += 1
    return num


@inline
def _keyed(rank, place):
    return np.int32(NO_RANK) if rank == NO_RANK else np.int32(rank << PLACE_BITS | place)


@leaf
def merge_by_heap(num, merges, scratch):
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
            ranks_N[at] = rank_of(merges.pairs_H, merges.filter_F, ids_N[at], ids_N[behind])
            size = _push(heap, size, ranks_N[at], at)
        if before >= 0:
            ranks_N[before] = rank_of(merges.pairs_H, merges.filter_F, ids_N[before], ids_N[at])
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
def rank_of(pairs_H, filter_F, left, right):
    """Rank of the merge of two ids, or NO_RANK."""
    key = np.uint64(left) << _ID_BITS | np.uint64(right)
    if not filter_F[_filter_place(filter_F, key)] >> _filter_bit(key) & np.uint64(1):
        return np.int32(NO_RANK)
    found = pairs_H[_pair_slot(pairs_H, key)]
    return np.int32(NO_RANK) if found == _EMPTY else np.int32(found & _RANK_MASK)


@inline
def _pair_slot(pairs_H, key):
    """Where the key stands in the table, or where it would be put."""
    last = np.uint64(pairs_H.size - 1)
    slot = ((key * _MIX) >> _HALF) & last
    while pairs_H[slot] >> _RANK_BITS != key and pairs_H[slot] != _EMPTY:
        slot = (slot + np.uint64(1)) & last
    return slot


@inline
def _filter_place(filter_F, key):
    return (key * _MIX2) >> _HALF & np.uint64(filter_F.size - 1)


@inline
def _filter_bit(key):
    return (key * _MIX2) >> _LAST_SIX


@leaf
def fill_pairs(pairs_H, filter_F, merges_M3):
    """Put every merge (left id, right id, merged id) into the empty table, its row as the rank, and into the filter."""
    for m in range(merges_M3.shape[0]):
        key = np.uint64(merges_M3[m, 0]) << _ID_BITS | np.uint64(merges_M3[m, 1])
        pairs_H[_pair_slot(pairs_H, key)] = key << _RANK_BITS | np.uint64(m)
        filter_F[_filter_place(filter_F, key)] |= np.uint64(1) << _filter_bit(key)


@njit(cache=True, nogil=True)
def ranks_of_bytes(pairs_H, filter_F, byte_ids):
    """Rank of the merge of each pair of bytes, at left << 8 | right: int32, shape (65536,)."""
    ranks = np.full(1 << 16, NO_RANK, np.int32)
    for left in range(256):
        for right in range(256):
            if byte_ids[left] >= 0 and byte_ids[right] >= 0:
                ranks[left << 8 | right] = rank_of(pairs_H, filter_F, byte_ids[left], byte_ids[right])
    return ranks


@njit(cache=True, nogil=True)
def ranks_at_borders(merges_M3, byte_of_V, first_V, last_V):
    """(as_right, as_left), see Sure; of an id that is one byte that byte, else -1; bytes at both ends of each id."""
    as_right = np.full(1 << 16, NO_RANK, np.int32)
    as_left = as_right.copy()
    for m in range(merges_M3.shape[0] - 1, -1, -1):
        left, right = merges_M3[m, 0], merges_M3[m, 1]
        if first_V[left] < 0 or first_V[right] < 0:
            continue  # no text has one of them
        if byte_of_V[right] >= 0:
            as_right[last_V[left] << 8 | byte_of_V[right]] = m
        if byte_of_V[left] >= 0:
            as_left[byte_of_V[left] << 8 | first_V[right]] = m
    return as_right, as_left


@leaf
def fill_whole(whole_H, whole_B, whole_V1):
    """Put the number of every token into the empty table, by the hash of its bytes."""
    for v in range(whole_V1.size - 1):
        slot = _hash(whole_B, whole_V1[v], whole_V1[v + 1]) & (whole_H.size - 1)
        while whole_H[slot] >= 0:
            slot = (slot + 1) & (whole_H.size - 1)
        whole_H[slot] = v


@leaf
def whole_word(text_B, start, end, whole_H, whole_B, whole_V1):
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
