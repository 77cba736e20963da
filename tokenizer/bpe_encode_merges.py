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

from tokenizer.bpe_encode_tables import EMPTY, ID_BITS, LANES, NO_BYTE, NO_RANK, RANK_BITS, WORD_BYTES
from tokenizer.pretokenize_masks import first_bit

# Counting references to arrays at each call, in atomic steps, would take longer than a word: none is made here.
leaf = njit(cache=True, nogil=True, _nrt=False)
inline = njit(cache=True, nogil=True, inline="always")

_MIX = np.uint64(0x9E3779B97F4A7C15)
_EMPTY = np.uint64(EMPTY)
_ID_BITS = np.uint64(ID_BITS)
_RANK_BITS = np.uint64(RANK_BITS)
_RANK_MASK = np.uint64((1 << RANK_BITS) - 1)
_BYTE = np.uint64(8)
_HALF = np.uint64(32)
_PLACE_BITS = np.uint64(32)  # of a heap entry: rank above, place in the word below
_PLACE_MASK = np.uint64(0xFFFFFFFF)
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
    if num <= WORD_BYTES:
        return merge_by_scan(num, merges, scratch.ids_N, scratch.ranks_N)
    return merge_by_heap(num, merges, scratch)


@inline
def _first_tokens(text_B, start, end, merges, scratch):
    """How many tokens the word has when all is merged that can be told from neighbours, see `Sure`.

    They and the ranks of their pairs are at the begin of scratch.ids_N and scratch.ranks_N.
    """
    num, before, at = 0, np.int64(NO_BYTE), start
    last_byte = np.int64(-1)  # of the word's last token, where that is one byte
    while at < end:
        byte = np.int64(text_B[at])
        token, rank = merges.byte_ids[byte], np.int32(NO_RANK)
        behind = np.int64(text_B[at + 1]) if at + 1 < end else np.int64(NO_BYTE)
        if behind != NO_BYTE:
            rank = merges.byte_ranks[byte << 8 | behind]
        at += 1
        if rank < merges.before[before << 8 | byte]:
            next_behind = np.int64(text_B[at + 1]) if at + 1 < end else np.int64(NO_BYTE)
            if rank < merges.behind[next_behind << 8 | behind] and merges.sure_M[rank] >= 0:
                token, byte, before, behind = merges.sure_M[rank], np.int64(-1), behind, next_behind
                at += 1
        if byte >= 0:
            before = byte
            if token < 0:
                continue
        while num:
            left = scratch.ids_N[num - 1]
            if (last_byte | byte) >= 0:
                rank = merges.byte_ranks[last_byte << 8 | byte]
            else:
                rank = rank_of(merges.pairs_H, left, token)
            scratch.ranks_N[num - 1] = rank
            if rank == NO_RANK or (num > 1 and rank >= merges.as_right_V[left]) or merges.sure_M[rank] < 0:
                break
            as_left = merges.behind[behind << 8 | byte] if byte >= 0 else merges.as_left_V[token]
            if behind != NO_BYTE and rank >= as_left:
                break
            token, byte, last_byte = merges.sure_M[rank], np.int64(-1), np.int64(-1)
            num -= 1
        scratch.ids_N[num] = token
        last_byte = byte
        num += 1
    return num


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
            ranks_N[at] = _keyed(rank_of(merges.pairs_H, ids_N[at], ids_N[first_bit(after)]), at)
        previous = there & ((np.uint64(1) << np.uint64(at)) - np.uint64(1))
        if previous:
            before = _last_bit(previous)
            ranks_N[before] = _keyed(rank_of(merges.pairs_H, ids_N[before], ids_N[at]), before)
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
            ranks_N[at] = rank_of(merges.pairs_H, ids_N[at], ids_N[behind])
            size = _push(heap, size, ranks_N[at], at)
        if before >= 0:
            ranks_N[before] = rank_of(merges.pairs_H, ids_N[before], ids_N[at])
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
def rank_of(pairs_H, left, right):
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
                ranks[left << 8 | right] = rank_of(pairs_H, byte_ids[left], byte_ids[right])
    return ranks


@njit(cache=True, nogil=True)
def ranks_at_borders(merges_M3, byte_of_V, first_V, last_V):
    """(ranks_before, ranks_behind): see Merges; of an id that is one byte that byte, else -1; bytes at both ends."""
    before = np.full((NO_BYTE + 1) << 8, NO_RANK, np.int32)
    behind = before.copy()
    for m in range(merges_M3.shape[0] - 1, -1, -1):
        left, right = merges_M3[m, 0], merges_M3[m, 1]
        if first_V[left] < 0 or first_V[right] < 0:
            continue  # no text has one of them
        if byte_of_V[right] >= 0:
            before[last_V[left] << 8 | byte_of_V[right]] = m
        if byte_of_V[left] >= 0:
            behind[first_V[right] << 8 | byte_of_V[left]] = m
    return before, behind


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
