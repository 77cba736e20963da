"""Terminal punctuation, and sentences by it.

A sentence ends at terminal punctuation, with any more of it and closing quotes and brackets behind it, where a space
or the end follows; a full stop of Chinese or Japanese needs no space. What stands behind the last end is one more.

    It cost 3.50... Why? "So." He left     ->  It cost 3.50... | Why? | "So." | He left
    それは何。本です                         ->  それは何。 | 本です

Shapes: D = documents in the batch, B = UTF-8 bytes of all documents end to end, N = terminal code points,
C = code points.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.chunks import HIGH_BITS, first_marked, has_byte, load8, load_tail
from pipeline.kernels.leaf import leaf
from pipeline.kernels.lines import behind_spaces, left_stripped
from pipeline.kernels.unicode_tables import SPACE, SYMBOL, unicode_tables
from pipeline.kernels.utf8 import decode, decode_before
from pipeline.kernels.words import Bytes, Int32

# Terminal punctuation of datatrove 0.10.1 (utils/text.py), that of spaCy's sentencizer and a few scripts more; each is
# a SYMBOL of `unicode_tables`.
TERMINAL_HEX = """
    21 2E 3F 589 61D 61E 61F 6D4 700 701 702 7F9 837 839 83D 83E 964 965 104A 104B 1362 1367 1368 166E 1735 1736 17D4
    17D5 17D6 17D9 17DA 1803 1809 1944 1945 1AA8 1AA9 1AAA 1AAB 1B5A 1B5B 1B5E 1B5F 1B7D 1B7E 1C3B 1C3C 1C7E 1C7F 203C
    203D 2047 2048 2049 2E2E 2E3C 2E53 2E54 3002 A4FF A60E A60F A6F3 A6F7 A876 A877 A8CE A8CF A92F A9C8 A9C9 AA5D AA5E
    AA5F AAF0 AAF1 ABEB FE52 FE56 FE57 FF01 FF0E FF1F FF61 10A56 10A57 10F55 10F56 10F57 10F58 10F59 10F86 10F87 10F88
    10F89 11047 11048 110BE 110BF 110C0 110C1 11141 11142 11143 111C5 111C6 111CD 111DE 111DF 11238 11239 1123B 1123C
    112A9 1144B 1144C 115C2 115C3 115C9 115CA 115CB 115CC 115CD 115CE 115CF 115D0 115D1 115D2 115D3 115D4 115D5 115D6
    115D7 11641 11642 1173C 1173D 1173E 11944 11946 11A42 11A43 11A9B 11A9C 11C41 11C42 11EF7 11EF8 11F43 11F44 16A6E
    16A6F 16AF5 16B37 16B38 16B44 16E98 1BC9F 1DA88
"""
_FULL_STOPS = (0x3002, 0xFF01, 0xFF0E, 0xFF1F, 0xFF61)  # of scripts without spaces
_CLOSERS = (0x22, 0x27, 0x29, 0x5D, 0xBB, 0x2019, 0x201D, 0x300B, 0x300D, 0x300F, 0x3011, 0xFF09)


TERMINALS_N = np.sort(np.array([int(code, 16) for code in TERMINAL_HEX.split()], np.int64))


def sentence_counts(text_B: Bytes, offsets_D1: Int32) -> npt.NDArray[np.int64]:
    """Sentences of each document: int64, shape (D,); 0 where there is nothing but spaces and full stops."""
    return _sentence_counts(text_B, offsets_D1, unicode_tables().class_C)


@njit(cache=True, nogil=True)
def _sentence_counts(text_B, offsets_D1, class_C):
    counts_D = np.zeros(offsets_D1.size - 1, np.int64)
    for d in range(counts_D.size):
        counts_D[d] = num_sentences(text_B, np.int64(offsets_D1[d]), np.int64(offsets_D1[d + 1]), class_C)
    return counts_D


@leaf
def num_sentences(text_B, start, end, class_C):
    """Sentences of text_B[start:end]."""
    num = 0
    begin = at = left_stripped(text_B, start, end, class_C)
    while True:
        at = _next_symbol(text_B, at, end)
        if at >= end:
            return num + (begin < end)
        behind = text_B[at + 1] if at + 1 < end else 0x20
        if text_B[at] < 0x80 and 0x61 <= behind | 0x20 <= 0x7A:
            at += 1  # as in example.org
            continue
        if text_B[at] < 0x80 and behind == 0x20:
            is_end, after = True, at + 1
        else:
            is_end, after = _behind_terminals(text_B, at, end, class_C)
        if is_end:
            num += at > begin
            begin = after = behind_spaces(text_B, after, end, class_C)
        at = after


@leaf
def behind_sentence(text_B, begin, end, class_C):
    """Where the sentence that begins at `begin` ends, behind the spaces that follow it; at most `end`.

    Marks without words before them belong to the sentence behind them.
    """
    at = begin
    while True:
        at = _next_symbol(text_B, at, end)
        if at >= end:
            return end
        behind = text_B[at + 1] if at + 1 < end else 0x20
        if text_B[at] < 0x80 and 0x61 <= behind | 0x20 <= 0x7A:
            at += 1  # as in example.org
            continue
        is_end, after = _behind_terminals(text_B, at, end, class_C)
        if is_end:
            after = behind_spaces(text_B, after, end, class_C)
            if at > begin:
                return after
            begin = after
        at = after


@leaf
def _next_symbol(text_B, at, end):
    """Index of the first of `.`, `!`, `?` and bytes that are not ASCII, or `end`."""
    while at < end:
        chunk = load8(text_B, at) if at + 8 <= end else load_tail(text_B, at, end)
        marks = has_byte(chunk, 0x2E) | has_byte(chunk, 0x21) | has_byte(chunk, 0x3F) | (chunk & np.uint64(HIGH_BITS))
        if marks:
            return at + first_marked(marks)
        at += 8
    return end


@leaf
def _behind_terminals(text_B, at, end, class_C):
    """(whether a sentence ends here, index behind) for the symbol at `at`, more terminals and what closes with them."""
    needs_space = has_terminal = False
    while at < end:
        code, after = decode(text_B, at, end)
        if _is_terminal(code, class_C):
            has_terminal, needs_space = True, code not in _FULL_STOPS
        elif not has_terminal:
            return False, after
        elif code not in _CLOSERS:
            return not needs_space or class_C[code] & SPACE != 0, at
        at = after
    return True, end


@leaf
def _is_terminal(code, class_C):
    if code < 0x80:
        return code == 0x2E or code == 0x21 or code == 0x3F
    if not class_C[code] & SYMBOL:
        return False
    low, high = 0, TERMINALS_N.size
    while low < high:
        middle = (low + high) // 2
        if TERMINALS_N[middle] < code:
            low = middle + 1
        else:
            high = middle
    return low < TERMINALS_N.size and TERMINALS_N[low] == code


@leaf
def ends_in_terminal(text_B, start, end, class_C):
    """True where the last code point of text_B[start:end] is terminal punctuation; spaces count as what they are."""
    last = text_B[end - 1] if start < end else 0
    if last < 0x80:
        return (last == 0x2E) | (last == 0x21) | (last == 0x3F)  # no branch: there is no guessing which lines end so
    return _is_terminal(decode_before(text_B, start, end)[0], class_C)
