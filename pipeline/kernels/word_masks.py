"""Which of 64 bytes are of words, as masks of 64 bits, for use inside other kernels; words: see `words`.

Bit i of a mask is byte i from the lowest on. ASCII is told by vector instructions, other characters one by one, each
with all its bytes.

    text     rock'n'roll -- the
    word     1111.1.1111....111
    joiner   ....1.1.....11....
    in_word  11111111111....111

Shapes: B = UTF-8 bytes of all documents end to end, C = code points.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.kernels.byte_masks import WIDTH, byte_masks, first_bit, num_bits, padded, without_first
from pipeline.kernels.leaf import leaf
from pipeline.kernels.unicode_tables import ALONE, JOINER, WORD
from pipeline.kernels.utf8 import decode

AT_ONCE = 8  # bits are written by eights, since the end of a loop over each would be guessed wrong
_ALL = 2**64 - 1

_ascii_masks = byte_masks(
    ((ord("0"), ord("9")), (ord("A"), ord("Z")), (ord("a"), ord("z"))),
    ((ord("'"), ord("'")), (ord("-"), ord("-"))),
    ((0x80, 0xFF),),
)


@leaf
def word_masks(text_B, at, end, class_C, before, pad_B):
    """(num, word, in_word) of the characters in the first `num` bytes of text_B[at:end]: masks of those that are word
    characters, and of those that are in a word.

    before: 1 where a word character stands before `at`, else 0. num is 64, or less at the end of the text, before a
    character that goes on and before a joiner whose next character is not in sight; 0 where a character is a word of
    its own. pad_B: room of PAD_BYTES.
    """
    num = min(end - at, np.int64(WIDTH))
    if at + WIDTH <= text_B.size:
        word, joiner, other = _ascii_masks(text_B, at)
    else:
        padded(text_B, at, end, pad_B)
        word, joiner, other = _ascii_masks(pad_B, 0)
    mine = first_bits(num)
    word, joiner, other = word & mine, joiner & mine, other & mine
    if other:
        num, word, joiner = _with_others(text_B, at, end, num, class_C, word, joiner, other)
    in_word = word
    if joiner and num:
        num, in_word = _with_joiners(text_B, at, end, num, word, joiner, before)
    return num, word, in_word


@leaf
def _with_others(text_B, at, end, num, class_C, word, joiner, other):
    """(num, word, joiner) with the characters that begin at bits of `other`; of a joiner its first byte alone."""
    while other:
        k = first_bit(other)
        code, after = decode(text_B, at + k, end)
        kind = class_C[code]
        if kind & ALONE:
            return 0, word, joiner
        if after > at + WIDTH:
            return k, word, joiner
        character = first_bits(after - at) & ~first_bits(k)
        word, joiner, other = word & ~character, joiner & ~character, other & ~character
        if kind & WORD:
            word |= character
        elif kind & JOINER:
            joiner |= np.uint64(1) << np.uint64(k)
    return num, word, joiner


@leaf
def _with_joiners(text_B, at, end, num, word, joiner, before):
    """(num, in_word): `word` with the joiners between two of its characters."""
    in_word = word
    while joiner:
        k = first_bit(joiner)
        joiner = without_first(joiner)
        _, after = decode(text_B, at + k, end)
        behind = after - at
        if behind >= num and at + num < end:
            return k, in_word
        has_next = behind < num and bit_at(word, behind)
        if has_next and bit_at(word << np.uint64(1) | before, k):
            in_word |= first_bits(behind) & ~first_bits(k)
    return num, in_word


@njit(cache=True, nogil=True, inline="always")
def first_bits(num):
    """A mask of the first `num` bytes, 0 to 64."""
    return np.uint64(_ALL) >> np.uint64(64 - num) if num > 0 else np.uint64(0)


@njit(cache=True, nogil=True, inline="always")
def bit_at(mask, k):
    """1 where the mask has byte k, 0 to 63, else 0: uint64."""
    return mask >> np.uint64(k) & np.uint64(1)


@njit(cache=True, nogil=True, inline="always")
def write_bits(mask, at, target_W, num):
    """Append the indices of the mask's bytes, from `at` on, to the `num` of target_W: their number then.

    What is written behind them is overwritten by the next; it takes up to AT_ONCE.
    """
    w = np.uint64(num)
    num += num_bits(mask)
    while mask:
        for k in range(np.uint64(AT_ONCE)):
            target_W[w + k] = at + first_bit(mask)
            mask = without_first(mask)
        w += np.uint64(AT_ONCE)
    return num
