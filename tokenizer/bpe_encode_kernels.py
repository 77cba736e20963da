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
from tokenizer.bpe_encode_tables import LONG_BYTES, LONG_KEY, LONG_RECORD, SHORT_BYTES, SHORT_KEY, SHORT_RECORD

# Counting references to arrays at each call, in atomic steps, would take longer than a word: none is made here.
leaf = njit(cache=True, nogil=True, _nrt=False)
inline = njit(cache=True, nogil=True, inline="always")

AHEAD = 16  # words whose place in the cache is on its way from memory
_MIX = np.uint64(0x9E3779B97F4A7C15)
_MIX2 = np.uint64(0xD6E8FEB86659FD93)
_BYTE = np.uint64(8)
_HALF = np.uint64(32)
_LENGTH_MASK = 0xFF
SHORT_IDS = 2 * (SHORT_RECORD - SHORT_KEY) - 1  # a record has room for
LONG_IDS = 2 * (LONG_RECORD - LONG_KEY) - 1
_FEW, _MORE = 4, 8  # ids that are copied at once
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


def _copier(lanes):
    """A function that copies so many ids, whether they are meant or not, from one place to another."""

    @intrinsic
    def copy(typing_context, from_ids, first, to_ids, at):
        def generate(context, builder, signature, args):
            kind = ir.VectorType(ir.IntType(32), lanes).as_pointer()
            arrays = [context.make_array(signature.args[i])(context, builder, args[i]).data for i in (0, 2)]
            source, target = (
                builder.bitcast(builder.gep(array, [place]), kind)
                for array, place in zip(arrays, args[1::2], strict=True)
            )
            builder.store(builder.load(source, align=4), target, align=4)
            return context.get_dummy_value()

        return types.void(from_ids, types.int64, to_ids, types.int64), generate

    return copy


_copy_few = _copier(_FEW)
_copy_more = _copier(_MORE)


@leaf
def encode_words(text_B, offsets_D1, ends_P, bounds_D1, merges, cache, scratch, ids_T, token_bounds_D1):
    """Write ids of all words of all documents from ids_T[token_bounds_D1[0]] on, and where each document's end.

    Words are as `tokenizer.pretokenize.pretokens` tells them. ids_T has room for a token a byte, and SPARE_IDS more.
    """
    num = np.int64(token_bounds_D1[0])
    for d in range(offsets_D1.size - 1):
        p, last, start = np.int64(bounds_D1[d]), np.int64(bounds_D1[d + 1]), np.int64(offsets_D1[d])
        while p < last:
            p, start, num = _known_words(text_B, start, ends_P, p, last, cache, ids_T, num)
            if p < last:
                end = np.int64(ends_P[p])
                count = merged(text_B, start, end, merges, scratch)
                _remember(text_B, start, end, cache, scratch.ids_N, count)
                for i in range(count):
                    ids_T[num + i] = scratch.ids_N[i]
                start, p, num = end, p + 1, num + count
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
        before, num = num, np.int64(-1)
        if end - start <= SHORT_BYTES:
            num = _short_word(text_B, start, end, cache, ids_T, before)
        if num < 0 and SHORT_IDS < end - start <= LONG_BYTES:
            num = _long_word(text_B, start, end, cache, ids_T, before)
        if num < 0:
            return p, start, before
        start, p = end, p + 1
    return p, start, num


@leaf
def _remember(text_B, start, end, cache, ids_N, count):
    """Put a word and its ids into the cache, where they have room."""
    length = end - start
    if length <= SHORT_BYTES and count <= SHORT_IDS:
        first, more = _sixteen_bytes(text_B, start, end)
        slot = _bucket(cache, length, first, more)
        _make_room(cache.short, slot, SHORT_RECORD)
        cache.short[slot], cache.short[slot + 1] = first, more
        _write(cache.short_ids, 2 * (slot + SHORT_KEY), length, ids_N, count)
    elif length <= LONG_BYTES and count <= LONG_IDS:
        slot = _long_bucket(text_B, start, end, cache)
        _make_room(cache.long, slot, LONG_RECORD)
        for i in range((length + 7) // 8):
            cache.long[slot + i] = _eight_bytes(text_B, min(start + 8 * i, end - 8))
        _write(cache.long_ids, 2 * (slot + LONG_KEY), length, ids_N, count)


@inline
def _make_room(table, bucket, size):
    """The newer word of the bucket becomes the older, which is forgotten."""
    for i in range(size):
        table[bucket + size + i] = table[bucket + i]


@inline
def _write(table_ids, at, length, ids_N, count):
    table_ids[at] = np.int32(length | count << 8)
    for i in range(count):
        table_ids[at + 1 + i] = ids_N[i]


@inline
def _short_word(text_B, start, end, cache, ids_T, num):
    """How many ids there are with those of the word, or -1 where the cache does not have it."""
    length = end - start
    first, more = _sixteen_bytes(text_B, start, end)
    bucket = _bucket(cache, length, first, more)
    for slot in (bucket, bucket + SHORT_RECORD):
        sizes = np.int64(cache.short_ids[2 * (slot + SHORT_KEY)])
        if cache.short[slot] == first and cache.short[slot + 1] == more and sizes & _LENGTH_MASK == length:
            at = 2 * (slot + SHORT_KEY) + 1
            _copy_few(cache.short_ids, at, ids_T, num)
            if sizes >> 8 > _FEW:
                _copy_more(cache.short_ids, at + _FEW, ids_T, num + _FEW)
            return num + (sizes >> 8)
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
    return np.int64((mixed >> _HALF) & np.uint64(cache.short.size // (2 * SHORT_RECORD) - 1)) * (2 * SHORT_RECORD)


@inline
def _fetch_ahead(text_B, start, end, cache):
    """Have the bucket of a word brought from memory, while others are looked up."""
    if end - start <= SHORT_BYTES:
        first, more = _sixteen_bytes(text_B, start, end)
        bucket = _bucket(cache, end - start, first, more)
        _prefetch(cache.short, bucket)
        _prefetch(cache.short, bucket + SHORT_RECORD)
    elif end - start <= LONG_BYTES:
        bucket = _long_bucket(text_B, start, end, cache)
        _prefetch(cache.long, bucket)
        _prefetch(cache.long, bucket + LONG_KEY)


@leaf
def _few_bytes(text_B, start, end):
    word = np.uint64(0)
    for at in range(end - 1, start - 1, -1):
        word = word << _BYTE | np.uint64(text_B[at])
    return word


@inline
def _long_word(text_B, start, end, cache, ids_T, num):
    """As for short words; the bytes are compared eight at a time, the last eight as they end."""
    length = end - start
    bucket = _long_bucket(text_B, start, end, cache)
    for slot in (bucket, bucket + LONG_RECORD):
        sizes = np.int64(cache.long_ids[2 * (slot + LONG_KEY)])
        known = sizes & _LENGTH_MASK == length
        for i in range((length + 7) // 8):
            known &= cache.long[slot + i] == _eight_bytes(text_B, min(start + 8 * i, end - 8))
        if known:
            for i in range(0, sizes >> 8, _MORE):
                _copy_more(cache.long_ids, 2 * (slot + LONG_KEY) + 1 + i, ids_T, num + i)
            return num + (sizes >> 8)
    return np.int64(-1)


@inline
def _long_bucket(text_B, start, end, cache):
    mixed = np.uint64(end - start)
    for i in range((end - start + 7) // 8):
        mixed = (mixed ^ _eight_bytes(text_B, min(start + 8 * i, end - 8))) * _MIX
        mixed ^= mixed >> _HALF
    return np.int64(mixed & np.uint64(cache.long.size // (2 * LONG_RECORD) - 1)) * (2 * LONG_RECORD)
