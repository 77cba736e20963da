# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False
"""Where pretokens begin in 64 bytes, all at once: a bit a byte, and a few steps for all 64.

What the split patterns say depends on neighbours alone, where the first byte begins a pretoken and the last is no
white space. Bit i of a mask is byte i from the lowest on, so `mask << 1` is true behind what `mask` is true of. ASCII
is told by vector instructions, other characters one by one from the table, each with all its bytes. What is rare and
would need more is left to the scan: white space and numbers that are not ASCII, and a few turns of o200k.

    text     I'll go: x2
    letter   1.11.11..1.
    blank    ....1...1..
    other    .1.....1...
    borders  .1..1..11.1     cl100k: I|'ll| go|:| x|2

Shapes: B = UTF-8 bytes of all documents end to end.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]  # no stubs
from numba import njit, types
from numba.extending import intrinsic

from tokenizer.char_table import LETTER, LOWER, OTHER, UPPER
from tokenizer.pretokenize_patterns import GPT2, O200K
from tokenizer.pretokenize_scan import contraction_end, kind_at

WIDTH = 64
_ONE = np.uint64(1)
_NONE = np.uint64(0)


@intrinsic
def _byte_masks(typing_context, text_B, at):
    """Masks of the 64 bytes from `at`: letters, capitals, digits, white space, blanks, line ends, ', / and from 0x80,
    0xC0, 0xE0 and 0xF0 on: not ASCII, and first bytes of characters of two or more, three or more, four bytes.

    Vector instructions do it, which Numba has no words for: one load, and a comparison or two for each mask.
    """
    signature = types.UniTuple(types.uint64, 12)(text_B, types.int64)

    def generate(context, builder, signature, args):
        bytes_type = ir.VectorType(ir.IntType(8), WIDTH)
        pointer = builder.gep(context.make_array(signature.args[0])(context, builder, args[0]).data, [args[1]])
        chunk = builder.load(builder.bitcast(pointer, bytes_type.as_pointer()), align=1)

        def all_are(byte):
            return ir.Constant(bytes_type, [byte] * WIDTH)

        def between(chunk, first, last):
            shifted = builder.sub(chunk, all_are(first))
            return builder.icmp_unsigned("<=", shifted, all_are(last - first))

        def equal(byte):
            return builder.icmp_unsigned("==", chunk, all_are(byte))

        found = (
            between(builder.or_(chunk, all_are(0x20)), ord("a"), ord("z")),
            between(chunk, ord("A"), ord("Z")),
            between(chunk, ord("0"), ord("9")),
            builder.or_(between(chunk, ord("\t"), ord("\r")), equal(ord(" "))),
            equal(ord(" ")),
            builder.or_(equal(ord("\n")), equal(ord("\r"))),
            equal(ord("'")),
            equal(ord("/")),
            *(builder.icmp_unsigned(">=", chunk, all_are(first)) for first in (0x80, 0xC0, 0xE0, 0xF0)),
        )
        masks = [builder.bitcast(mask, ir.IntType(WIDTH)) for mask in found]
        return context.make_tuple(builder, signature.return_type, masks)

    return signature, generate


@intrinsic
def first_bit(typing_context, mask):
    """Index of the lowest bit that is set; 64 where there is none."""

    def generate(context, builder, signature, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


@intrinsic
def _num_above(typing_context, mask):
    """How many bits above the highest that is set; 64 where there is none."""

    def generate(context, builder, signature, args):
        return builder.ctlz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


@njit(cache=True, nogil=True, inline="always")
def borders(text_B, at, end, class_C, family, max_digits):
    """Where pretokens begin behind the one at `at`, as a mask of the 64 bytes from there; 0 where it does not know.

    `at` is where a pretoken begins, at least 64 bytes before the end of text_B. What the text behind the last border
    may still decide is left open: white space at the end, the end of the document; and what is not told here.
    """
    masks = _byte_masks(text_B, at)
    letters, capitals, digits, spaces, blanks, line_ends, apostrophes, slashes, wide, leads, leads3, leads4 = masks
    limit = min(end - at, WIDTH)
    if wide:
        letters, capitals, limit = _with_wide(
            text_B, at, end, class_C, family, letters, capitals, digits | spaces, wide, leads, limit
        )
        if limit == 0:
            return _NONE
    known = ~_NONE >> np.uint64(WIDTH - limit)
    if family == O200K:
        # Punctuation may go on with / behind a line end: too rare to be told here.
        late = slashes & (line_ends << _ONE)
        known &= (late & (~late + _ONE)) - _ONE
    known &= ~spaces
    if known == 0:
        return _NONE
    known = ~_NONE >> np.uint64(_num_above(known))
    letters, digits, spaces, line_ends = letters & known, digits & known, spaces & known, line_ends & known
    others = known & ~(letters | digits | spaces)
    other_begins = others & ~((others | blanks) << _ONE)
    if family == GPT2:
        begins = letters & ~((letters | blanks) << _ONE) | digits & ~((digits | blanks) << _ONE)
        begins |= spaces & ~((spaces << _ONE) & (spaces >> _ONE))
    else:
        prefix = _last_bytes(other_begins, leads, leads3, leads4)  # one character before a word goes with it
        begins = letters & ~((letters | spaces & ~line_ends | prefix) << _ONE)
        begins |= _digit_begins(digits, max_digits) | _space_begins(spaces, line_ends, others)
    begins |= other_begins
    if family == O200K:
        begins |= letters & capitals & ((letters & ~capitals) << _ONE)
        begins = _with_suffixes(text_B, at, end, apostrophes & known & (letters << _ONE), begins)
    else:
        fold = 0 if family == GPT2 else 0x20
        begins = _with_contractions(text_B, at, end, apostrophes & other_begins, begins, fold)
    return begins & known & ~_ONE


@njit(cache=True, nogil=True, inline="always")
def _with_wide(text_B, at, end, class_C, family, letters, capitals, plain, wide, leads, limit):
    """(letters, capitals, limit) with the characters that are not ASCII: all bytes of one are what it is.

    The limit comes down to the first that the masks cannot tell: white space, a number, one that is cut or no UTF-8.
    For o200k marks are letters, but behind punctuation; and where there are letters that have no case, capitals are
    not told, and the other way round: the one that comes first is.
    """
    insides = wide & ~leads
    leads &= ~_NONE >> np.uint64(WIDTH - limit)
    covered = no_case = _NONE
    while leads:
        k = first_bit(leads)
        kind, after = kind_at(text_B, at + k, end, class_C)
        lead = _bit(k)
        span = (_bit(after - at - k) - _ONE) << np.uint64(k)
        if after - at > limit or (span ^ lead) & ~insides or not kind & (LETTER | OTHER):
            break
        if family == O200K and kind & (UPPER | LOWER):
            if kind & OTHER and k > 0 and not (letters | plain) & (lead >> _ONE):
                break
            letters |= span
            if not kind & LOWER:
                capitals |= span
            elif kind & UPPER:
                no_case |= lead
        elif kind & LETTER:
            letters |= span
        covered |= span
        leads &= leads - _ONE
    limit = min(limit, first_bit(wide & ~covered))
    if no_case:
        limit = min(limit, max(first_bit(no_case), first_bit(capitals)))
    return letters, capitals, limit


@njit(cache=True, nogil=True, inline="always")
def _last_bytes(firsts, leads, leads3, leads4):
    """The last bytes of the characters with these first bytes."""
    short = firsts & ~leads | (firsts & leads & ~leads3) << _ONE
    return short | (firsts & leads3 & ~leads4) << np.uint64(2) | (firsts & leads4) << np.uint64(3)


@njit(cache=True, nogil=True, inline="always")
def _digit_begins(digits, max_digits):
    """The first of each run of digits, and each `max_digits` behind one."""
    full = digits  # digits with max_digits - 1 more before them
    for k in range(1, max_digits):
        full &= digits << np.uint64(k)
    here = digits & ~(digits << _ONE)
    begins = here
    while here:
        here = (here << np.uint64(max_digits)) & full
        begins |= here
    return begins


@njit(cache=True, nogil=True, inline="always")
def _space_begins(spaces, line_ends, others):
    """Begins of `\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`, less the line ends that punctuation takes along.

    A sum carries through a run of bits from where it is added: what it clears is the rest of the run.
    """
    spaces = spaces & ~(line_ends & ~(line_ends + (line_ends & (others << _ONE))))
    line_ends &= spaces
    within = spaces & ~line_ends
    begins = spaces & ~(spaces << _ONE) | within & ~(spaces >> _ONE)
    behind_line = within & (line_ends << _ONE)
    while behind_line:
        first = behind_line & (~behind_line + _ONE)
        if (within + first) & ~within & spaces == 0:  # no other line end in this run
            begins |= first
        behind_line ^= first
    return begins


@njit(cache=True, nogil=True, inline="always")
def _with_contractions(text_B, at, end, apostrophes, begins, fold):
    """`begins` with the contractions from these apostrophes on, each of which begins a pretoken."""
    while apostrophes:
        k = first_bit(apostrophes)
        stop = contraction_end(text_B, at + k, end, fold) - at
        if stop > k:
            begins = begins & ~(np.uint64(2) << np.uint64(k)) | _bit(stop)
        apostrophes &= apostrophes - _ONE
    return begins


@njit(cache=True, nogil=True, inline="always")
def _with_suffixes(text_B, at, end, apostrophes, begins):
    """`begins` with the contractions from these apostrophes on part of the word before; a word has one at most."""
    last_stop = np.int64(0)
    while apostrophes:
        k = first_bit(apostrophes)
        stop = contraction_end(text_B, at + k, end, 0x20) - at
        if stop > k and k != last_stop:
            begins = begins & ~(np.uint64(7) << np.uint64(k)) | _bit(stop)
            last_stop = stop
        apostrophes &= apostrophes - _ONE
    return begins


@njit(cache=True, nogil=True, inline="always")
def _bit(k):
    return _ONE << np.uint64(k) if k < WIDTH else _NONE
