# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False
"""Words to token ids: a look into the cache, or the merges of byte-level BPE, which depend on a word's bytes alone.

Shapes: B = UTF-8 bytes of all documents end to end, D = documents, P = pretokens (words), T = tokens. Tables and
scratch: see bpe_encode_tables.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]  # no stubs
from numba import njit, types
from numba.extending import intrinsic

from tokenizer.bpe_encode_merges import merged
from tokenizer.bpe_encode_tables import SHORT_BYTES, SLOT, WORD_BYTES

# Counting references to arrays at each call, in atomic steps, would take longer than a word: none is made here.
leaf = njit(cache=True, nogil=True, _nrt=False)
inline = njit(cache=True, nogil=True, inline="always")

AHEAD = 6  # words whose place in the cache is on its way from memory
_MIX = np.uint64(0x9E3779B97F4A7C15)
_MIX2 = np.uint64(0xD6E8FEB86659FD93)
_BYTE = np.uint64(8)
_HALF = np.uint64(32)
_ID_MASK = np.uint64(0xFFFFFFFF)
_LENGTH_MASK = np.uint64(0xFF)
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


@intrinsic
def _prefetch(typing_context, words, at):
    """Nothing; what lies around words[at] comes nearer to the processor."""

    def generate(context, builder, signature, args):
        pointer = builder.gep(context.make_array(signature.args[0])(context, builder, args[0]).data, [args[1]])
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(8).as_pointer(), *[ir.IntType(32)] * 3])
        prefetch = builder.module.declare_intrinsic("llvm.prefetch.p0", fnty=kind)
        numbers = [ir.Constant(ir.IntType(32), number) for number in (0, 3, 1)]  # to read, soon, as data
        builder.call(prefetch, [builder.bitcast(pointer, ir.IntType(8).as_pointer()), *numbers])
        return context.get_dummy_value()

    return types.void(words, types.int64), generate


@leaf
def encode_words(text_B, offsets_D1, ends_P, bounds_D1, merges, cache, scratch, ids_T, token_bounds_D1):
    """Write ids of all words of all documents from ids_T[token_bounds_D1[0]] on, and where each document's end.

    Words are as `tokenizer.pretokenize.pretokens` tells them. ids_T has room for a token a byte, and one more.
    """
    num = np.int64(token_bounds_D1[0])
    for d in range(offsets_D1.size - 1):
        p, last, start = np.int64(bounds_D1[d]), np.int64(bounds_D1[d + 1]), np.int64(offsets_D1[d])
        while p < last:
            p, start, num = _known_words(text_B, start, ends_P, p, last, cache, ids_T, num)
            if p < last:
                end = np.int64(ends_P[p])
                count = merged(text_B, start, end, merges, scratch)
                num = _remember(text_B, start, end, cache, scratch.ids_N, count, ids_T, num)
                start, p = end, p + 1
        token_bounds_D1[d + 1] = num


@leaf
def _known_words(text_B, start, ends_P, p, last, cache, ids_T, num):
    """(p, start, num) behind the words from p on whose ids the cache has, and which are written: `last` if it has all.

    Nothing that merges is called from here, which would fill the registers.
    """
    while p < last:
        if p + AHEAD < last:
            _fetch_ahead(text_B, np.int64(ends_P[p + AHEAD - 1]), np.int64(ends_P[p + AHEAD]), cache)
        end = np.int64(ends_P[p])
        before = num
        if end - start <= SHORT_BYTES:
            num = _short_word(text_B, start, end, cache, ids_T, num)
        elif end - start <= WORD_BYTES:
            num = _long_word(text_B, start, end, cache, ids_T, num)
        else:
            num = np.int64(-1)
        if num < 0:
            return p, start, before
        start, p = end, p + 1
    return p, start, num


@leaf
def _remember(text_B, start, end, cache, ids_N, count, ids_T, num):
    """Put a word and its ids into the cache, and the ids into ids_T: how many are there then."""
    length = end - start
    if length <= SHORT_BYTES:
        _remember_short(text_B, start, end, cache, ids_N, count)
    elif length <= WORD_BYTES:
        slot = _long_slot(text_B, start, end, cache)
        for i in range((length + 7) // 8):
            cache.long[slot * (WORD_BYTES // 8) + i] = _eight_bytes(text_B, min(start + 8 * i, end - 8))
        cache.long_sizes[slot] = np.uint64(length) | np.uint64(count) << _BYTE
        _copy(ids_N, 0, count, cache.long_ids, slot * WORD_BYTES)
    return _copy(ids_N, 0, count, ids_T, num)


@inline
def _remember_short(text_B, start, end, cache, ids_N, count):
    """The newer word of the bucket becomes the older, which is forgotten."""
    first, more = _sixteen_bytes(text_B, start, end)
    bucket = _bucket(cache, end - start, first, more)
    room, rooms = bucket * (SHORT_BYTES // SLOT), SHORT_BYTES
    for i in range(SLOT):
        cache.short[bucket + SLOT + i] = cache.short[bucket + i]
    for i in range(2, np.int64(cache.short[bucket + 2] >> _BYTE)):
        cache.more_ids[room + rooms + i] = cache.more_ids[room + i]
    ids = np.uint64(ids_N[0]) if count else np.uint64(0)
    if count > 1:
        ids |= np.uint64(ids_N[1]) << _HALF
    cache.short[bucket] = first
    cache.short[bucket + 1] = more
    cache.short[bucket + 2] = np.uint64(end - start) | np.uint64(count) << _BYTE
    cache.short[bucket + 3] = ids
    for i in range(2, count):
        cache.more_ids[room + i] = ids_N[i]


@inline
def _short_word(text_B, start, end, cache, ids_T, num):
    """How many ids there are with those of the word, or -1 where the cache does not have it."""
    length = end - start
    first, more = _sixteen_bytes(text_B, start, end)
    bucket = _bucket(cache, length, first, more)
    for slot in (bucket, bucket + SLOT):
        sizes = cache.short[slot + 2]
        if cache.short[slot] == first and cache.short[slot + 1] == more and sizes & _LENGTH_MASK == np.uint64(length):
            ids = cache.short[slot + 3]
            ids_T[num] = np.int32(ids & _ID_MASK)
            ids_T[num + 1] = np.int32(ids >> _HALF)  # written over, where the word has one token
            count = np.int64(sizes >> _BYTE)
            for i in range(2, count):
                ids_T[num + i] = cache.more_ids[slot * (SHORT_BYTES // SLOT) + i]
            return num + count
    return np.int64(-1)


@inline
def _sixteen_bytes(text_B, start, end):
    """The word's first 8 bytes and the next 8, as numbers, with zeros behind it."""
    length = end - start
    if start + SHORT_BYTES <= text_B.size:
        return _eight_bytes(text_B, start) & _FIRST[length], _eight_bytes(text_B, start + 8) & _NEXT[length]
    return _few_bytes(text_B, start, min(start + 8, end)), _few_bytes(text_B, start + 8, end)


@inline
def _bucket(cache, length, first, more):
    mixed = (first ^ np.uint64(length)) * _MIX
    mixed = (mixed ^ (mixed >> _HALF) ^ more) * _MIX2
    return np.int64((mixed >> _HALF) & np.uint64(cache.short.size // (2 * SLOT) - 1)) * (2 * SLOT)


@inline
def _fetch_ahead(text_B, start, end, cache):
    """Have the bucket of a short word brought from memory, while others are looked up."""
    if end - start <= SHORT_BYTES:
        first, more = _sixteen_bytes(text_B, start, end)
        _prefetch(cache.short, _bucket(cache, end - start, first, more))


@leaf
def _few_bytes(text_B, start, end):
    word = np.uint64(0)
    for at in range(end - 1, start - 1, -1):
        word = word << _BYTE | np.uint64(text_B[at])
    return word


@inline
def _long_word(text_B, start, end, cache, ids_T, num):
    """As for short words, with a slot a hash; the bytes are compared eight at a time, the last eight as they end."""
    length = end - start
    slot = _long_slot(text_B, start, end, cache)
    known = cache.long_sizes[slot] & _LENGTH_MASK == np.uint64(length)
    for i in range((length + 7) // 8):
        known &= cache.long[slot * (WORD_BYTES // 8) + i] == _eight_bytes(text_B, min(start + 8 * i, end - 8))
    if not known:
        return np.int64(-1)
    return _copy(cache.long_ids, slot * WORD_BYTES, np.int64(cache.long_sizes[slot] >> _BYTE), ids_T, num)


@inline
def _long_slot(text_B, start, end, cache):
    mixed = np.uint64(end - start)
    for i in range((end - start + 7) // 8):
        mixed = (mixed ^ _eight_bytes(text_B, min(start + 8 * i, end - 8))) * _MIX
        mixed ^= mixed >> _HALF
    return np.int64(mixed & np.uint64(cache.long_sizes.size - 1))


@inline
def _copy(from_ids, first, count, to_ids, num):
    for i in range(count):
        to_ids[num + i] = from_ids[first + i]
    return num + count
