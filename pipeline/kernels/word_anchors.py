"""Which documents may hold a pattern of marked text (`keywords.py`), by groups: the others need not be searched.

A pattern is told by its anchor, which stands in the text wherever the pattern does:

h o t END ' ' BEGIN c o o k i e s    the longest word that begins in it, `cookies`, by its first five letters
BEGIN bytes not ASCII                else the first character that is not ASCII

One look at five bytes finds out whether a word of the text may be an anchor; one in 30 may, and there the pattern is
compared as far as it is ASCII. A character outside ASCII whose lower case is ASCII makes its document one that may hold
anything. A group with a pattern without an anchor, as signs alone, may be everywhere.

Shapes: D = documents in the batch, B = UTF-8 bytes of all documents end to end, C = code points, T = slots of the
index, E = entries of the index, F = bytes of all entries end to end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from pipeline.kernels.byte_masks import PAD_BYTES, WIDTH, byte_masks, first_bit, padded, without_first
from pipeline.kernels.chunks import LOW_BITS, load8
from pipeline.kernels.hashing import SEED
from pipeline.kernels.keywords import BEGIN, END, our_reading
from pipeline.kernels.leaf import leaf
from pipeline.kernels.utf8 import decode
from pipeline.kernels.words import Bytes, Int32

KEY_BYTES = 5
_STEP = 56  # of 64 bytes at a time: the five of any word among them are in sight
_SLOT_BITS = 16
_masks = byte_masks(((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)), ((0xC0, 0xFF),))  # letters and digits; first bytes
_BEGIN, _END = bytes([BEGIN]), bytes([END])
_WORD, _NOT_ASCII = re.compile(_BEGIN + rb"([0-9a-z]+)"), re.compile(rb"[\x80-\xfd]+")
_BEGINS, _ENDS = 1, 2


class Anchors(NamedTuple):
    """Slot t lists the entries first_T1[t] to first_T1[t + 1], any where bit t of used_bits is set.

    entries_E5: int32, of each entry its span of letters_F, at which of these the word begins, where the whole must
    border on no word (_BEGINS, _ENDS), and the bit of its group. groups_C: uint8, bits of the groups with a pattern
    that may stand where the character does. everywhere: bits of the groups that any document may hold.
    """

    letters_F: Bytes
    first_T1: Int32
    used_bits: Bytes
    entries_E5: Int32
    groups_C: Bytes
    everywhere: int


class _Word(NamedTuple):
    """The ASCII part of a pattern around a word of it, without marks; the word is the first `num_bytes` at `at`."""

    letters: bytes
    at: int
    num_bytes: int
    borders: int


def anchors_of(groups: Sequence[Sequence[bytes]]) -> Anchors:
    """The anchors of at most eight groups of patterns, marked by `our_reading`; group g is bit 1 << g."""
    words: set[tuple[_Word, int]] = set()
    groups_C = np.zeros(our_reading().lower_C.size, np.uint8)
    everywhere = 0
    for bit, pattern in ((1 << g, pattern) for g, patterns in enumerate(groups) for pattern in patterns):
        word, code = _longest_word(pattern), _first_code(pattern)
        if word is not None:
            words.add((word, bit))
        elif code is not None:
            groups_C[code] |= bit
        else:
            everywhere |= bit
    return Anchors(*_index(sorted(words)), _of_any_case(groups_C, (1 << len(groups)) - 1), everywhere)


def groups_that_may_be(text_B: Bytes, offsets_D1: Int32, anchors: Anchors) -> Bytes:
    """Bits of the groups of which each document may hold a pattern, and of few others: uint8, shape (D,)."""
    return _groups_that_may_be(text_B, offsets_D1, *anchors)


def _longest_word(pattern: bytes) -> _Word | None:
    """The longest ASCII word, or beginning of one, whose first five bytes tell that it may be there."""
    words = [
        _word_at(pattern, found.start(1), found.end(1))
        for found in _WORD.finditer(pattern)
        if found.end(1) < len(pattern) or found.end(1) - found.start(1) >= KEY_BYTES
    ]
    return max(words, key=lambda word: word.num_bytes, default=None)


def _word_at(pattern: bytes, start: int, end: int) -> _Word:
    before, behind = re.split(_NOT_ASCII, pattern[:start])[-1], re.split(_NOT_ASCII, pattern[start:])[0]
    borders = _BEGINS * before.startswith(_BEGIN) | _ENDS * behind.endswith(_END)
    first = before.translate(None, _BEGIN + _END)
    return _Word(first + behind.translate(None, _BEGIN + _END), len(first), min(end - start, KEY_BYTES), borders)


def _first_code(pattern: bytes) -> int | None:
    return next((ord(c) for c in pattern.translate(None, _BEGIN + _END).decode() if not c.isascii()), None)


def _of_any_case(groups_C: Bytes, all_groups: int) -> Bytes:
    lower_C = our_reading().lower_C
    groups_C = groups_C[lower_C]
    groups_C[128:][lower_C[128:] < 128] = all_groups
    return groups_C


def _index(words: list[tuple[_Word, int]]) -> tuple[Bytes, Int32, Bytes, Int32]:
    entries, first = [], 0
    for word, bit in words:
        chunk = np.frombuffer(word.letters[word.at :][:8].ljust(8, b"\0"), np.uint64)
        slot, last = int(_slot_at.py_func(chunk, word.num_bytes)[0]), first + len(word.letters)
        entries.append((slot, first, last, word.at, word.borders, bit))
        first = last
    entries_E6 = np.array(sorted(entries), np.int32).reshape(-1, 6)
    first_T1 = np.searchsorted(entries_E6[:, 0], np.arange((1 << _SLOT_BITS) + 1)).astype(np.int32)
    letters_F = np.frombuffer(b"".join(word.letters for word, _ in words), np.uint8)
    used_bits = np.packbits(np.diff(first_T1) > 0, bitorder="little")
    return letters_F, first_T1, used_bits, np.ascontiguousarray(entries_E6[:, 1:])


@njit(cache=True, nogil=True, inline="always")
def _slot_at(chunk, num):
    """Slot of a word by its first `num` bytes, at most five, in lower case."""
    key = (chunk | np.uint64(0x20 * LOW_BITS)) & ((np.uint64(1) << np.uint64(8 * num)) - np.uint64(1))
    return (key * np.uint64(SEED)) >> np.uint64(64 - _SLOT_BITS)


@njit(cache=True, nogil=True)
def _groups_that_may_be(text_B, offsets_D1, letters_F, first_T1, used_bits, entries_E5, groups_C, everywhere):
    groups_D = np.empty(offsets_D1.size - 1, np.uint8)
    pad_B = np.empty(PAD_BYTES, np.uint8)
    for d in range(groups_D.size):
        start, end = np.int64(offsets_D1[d]), np.int64(offsets_D1[d + 1])
        groups_D[d] = everywhere | _groups_in(
            text_B, start, end, pad_B, letters_F, first_T1, used_bits, entries_E5, groups_C
        )
    return groups_D


@leaf
def _groups_in(text_B, start, end, pad_B, letters_F, first_T1, used_bits, entries_E5, groups_C):
    found = np.int64(0)
    was_word = np.uint64(0)
    inside = np.uint64((1 << _STEP) - 1)
    at = start
    while at < end:
        block_B, first = text_B, at
        if at + PAD_BYTES > text_B.size:
            padded(text_B, at, end, pad_B)
            block_B, first = pad_B, np.int64(0)
        words, leads = _masks(block_B, first)
        known = ~np.uint64(0) >> np.uint64(WIDTH - min(end - at, WIDTH))
        words &= known
        begins = words & ~(words << np.uint64(1) | was_word) & inside
        was_word = (words >> np.uint64(_STEP - 1)) & np.uint64(1)
        while begins:
            i = first_bit(begins)
            begins = without_first(begins)
            num = first_bit(~(words >> np.uint64(i)) | np.uint64(1 << KEY_BYTES))
            slot = _slot_at(load8(block_B, first + i), num)
            if (used_bits[slot >> np.uint64(3)] >> (slot & np.uint64(7))) & np.uint64(1):
                found |= _groups_at(text_B, start, at + i, end, slot, letters_F, first_T1, entries_E5)
        leads &= known & inside
        while leads:
            code, _ = decode(text_B, at + first_bit(leads), end)
            leads = without_first(leads)
            found |= groups_C[code]
        at += _STEP
    return found


@leaf
def _groups_at(text_B, start, begin, end, slot, letters_F, first_T1, entries_E5):
    """Bits of the groups of the slot's entries whose word begins at `begin`."""
    found = np.int64(0)
    for e in range(first_T1[slot], first_T1[slot + np.uint64(1)]):
        first, last, borders = np.int64(entries_E5[e, 0]), np.int64(entries_E5[e, 1]), entries_E5[e, 3]
        at = begin - entries_E5[e, 2]
        behind = at + last - first
        if at < start or behind > end:
            continue
        k = np.int64(0)
        while k < last - first and _lower(text_B[at + k]) == letters_F[first + k]:
            k += 1
        is_cut = (borders & _BEGINS and at > start and _is_letter(text_B[at - 1])) or (
            borders & _ENDS and behind < end and _is_letter(text_B[behind])
        )
        if k == last - first and not is_cut:
            found |= entries_E5[e, 4]
    return found


@njit(cache=True, nogil=True, inline="always")
def _lower(byte):
    return byte | 0x20 if 0x41 <= byte <= 0x5A else byte


@njit(cache=True, nogil=True, inline="always")
def _is_letter(byte):
    """True for a letter or digit of ASCII."""
    return 0x30 <= byte <= 0x39 or 0x61 <= byte | 0x20 <= 0x7A
