"""What is left of a web page's markup in its text: tags, entities, code in braces; and links.

tag     `<`, perhaps `/`, the name of an HTML element, a space, `/` or `>`, and everything to the next `>`, no `<`
        between and at most MAX_TAG_BYTES on; also `<!-- ... >` and `<!doctype ...>`. `<me@example.org>` and `a < b`
        are none.
entity  `&nbsp;`, `&#160;`, `&#xA0;`: names of 2 to 31 letters and digits.
code    `{` to the `}` that closes it, with a semicolon of its own between: style sheets and scripts, and not LaTeX,
        templates or JSON. Braces inside braces are paired up to MAX_DEPTH deep.
link    `http://` or `https://` and the characters of addresses behind it, as NeMo Curator's pattern has them.

Shapes: D = documents in the batch, B = UTF-8 bytes of all documents end to end, C = code points, N = names.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from pipeline.kernels.byte_masks import PAD_BYTES, WIDTH, byte_masks, first_bit, num_bits, padded, without_first
from pipeline.kernels.chunks import num_chars
from pipeline.kernels.hashing import MULTIPLIER
from pipeline.kernels.leaf import leaf
from pipeline.kernels.unicode_tables import SPACE, unicode_tables
from pipeline.kernels.utf8 import decode
from pipeline.kernels.words import Bytes, Int32

MAX_TAG_BYTES = 2000
MAX_DEPTH = 64
MAX_ENTITY_CHARS = 31

# What the count looks at, `\n & : ; < { }`; and bytes that begin no character.
_masks = byte_masks(((0x0A, 0x0A), (0x26, 0x26), (0x3A, 0x3C), (0x7B, 0x7B), (0x7D, 0x7D)), ((0x80, 0xBF),))

# Elements of HTML 5 and 4, and of old browsers.
ELEMENTS = (
    "a abbr acronym address applet area article aside audio b base basefont bdi bdo big blink blockquote body br "
    "button canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em "
    "embed fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i "
    "iframe img input ins isindex kbd keygen label legend li link main map mark marquee menu menuitem meta meter nav "
    "nobr noframes noscript object ol optgroup option output p param picture pre progress q rp rt ruby s samp script "
    "section select slot small source span strike strong style sub summary sup svg table tbody td template textarea "
    "tfoot th thead time title tr track tt u ul var video wbr"
).split()


class MarkupCounts(NamedTuple):
    """int64, shape (D,) each.

    chars: code points. markup_chars: those in tags, entities and code. links, link_chars: links and their characters.
    lines: lines with anything but spaces; link_lines: those that are one link and spaces. A line ends at a line feed.
    """

    chars_D: npt.NDArray[np.int64]
    markup_chars_D: npt.NDArray[np.int64]
    links_D: npt.NDArray[np.int64]
    link_chars_D: npt.NDArray[np.int64]
    lines_D: npt.NDArray[np.int64]
    link_lines_D: npt.NDArray[np.int64]


def markup_counts(text_B: Bytes, offsets_D1: Int32) -> MarkupCounts:
    """The counts of each document."""
    return MarkupCounts(*_markup_counts(text_B, offsets_D1, unicode_tables().class_C, _element_keys()))


@cache
def _element_keys() -> npt.NDArray[np.uint64]:
    """Ascending keys of the element names."""
    text_B = np.frombuffer(" ".join(ELEMENTS).encode() + b" ", np.uint8)
    ends = np.flatnonzero(text_B == ord(" "))
    keys_N = [_name_key(text_B, int(start), int(end)) for start, end in zip([0, *(ends[:-1] + 1)], ends, strict=True)]
    return np.sort(np.array(keys_N, np.uint64))


@njit(cache=True, nogil=True)
def _name_key(text_B, start, end):
    """A polynomial of the bytes in lower case."""
    key = np.uint64(end - start)
    for b in range(start, end):
        key = key * np.uint64(MULTIPLIER) + np.uint64(text_B[b] | 0x20)
    return key


@njit(cache=True, nogil=True)
def _markup_counts(text_B, offsets_D1, class_C, keys_N):
    num_docs = offsets_D1.size - 1
    counts_6D = np.zeros((6, num_docs), np.int64)
    counts_6, pad_B = np.empty(6, np.int64), np.empty(PAD_BYTES, np.uint8)
    opened, is_code = np.empty(MAX_DEPTH + 1, np.int64), np.empty(MAX_DEPTH + 1, np.bool_)
    inside = np.empty(MAX_DEPTH + 1, np.int64)  # characters of markup below each open brace; 0: below none
    for d in range(num_docs):
        start, end = np.int64(offsets_D1[d]), np.int64(offsets_D1[d + 1])
        counts_6[:] = 0
        _count_document(text_B, start, end, class_C, keys_N, pad_B, opened, is_code, inside, counts_6)
        for k in range(6):
            counts_6D[k, d] = counts_6[k]
    return counts_6D[0], counts_6D[1], counts_6D[2], counts_6D[3], counts_6D[4], counts_6D[5]


@leaf
def _count_document(text_B, start, end, class_C, keys_N, pad_B, opened, is_code, inside, counts_6):
    depth = beyond = 0  # open braces, and those too deep to pair
    markup_end = link_end = line = start
    link = line_link_end = np.int64(-1)  # the first link of the line
    inside[0] = continuations = 0
    block = start
    while block < end:
        block_B, first = text_B, block
        if block + WIDTH > text_B.size:
            padded(text_B, block, end, pad_B)
            block_B, first = pad_B, np.int64(0)
        marks, tails = _masks(block_B, first)
        known = ~np.uint64(0) >> np.uint64(WIDTH - min(end - block, WIDTH))
        continuations += num_bits(tails & known)
        marks &= known
        while marks:
            at = block + first_bit(marks)
            marks = without_first(marks)
            byte = text_B[at]
            if byte == ord("\n"):
                _count_line(text_B, line, at, link, line_link_end, class_C, counts_6)
                line, link = at + 1, np.int64(-1)
            elif byte == ord(":"):
                if at >= link_end:
                    first_byte, stop = _link(text_B, max(start, link_end), at, end)
                    if stop > at:
                        counts_6[2] += 1
                        counts_6[3] += stop - first_byte
                        link_end = stop
                        if link < 0:
                            link, line_link_end = first_byte, stop
            elif at >= markup_end:
                if byte == ord("<") or byte == ord("&"):
                    stop = _tag_end(text_B, at, end, keys_N) if byte == ord("<") else _entity_end(text_B, at, end)
                    if stop > at:
                        inside[depth] += num_chars(text_B, at, stop)
                        markup_end = stop
                elif byte == ord(";"):
                    is_code[depth] = True
                elif byte == ord("{"):
                    beyond += depth == MAX_DEPTH
                    if depth < MAX_DEPTH:
                        depth += 1
                        opened[depth], inside[depth], is_code[depth] = at, 0, False
                elif byte == ord("}"):
                    if beyond:
                        beyond -= 1
                    elif depth:
                        inside[depth - 1] += (
                            num_chars(text_B, opened[depth], at + 1) if is_code[depth] else inside[depth]
                        )
                        depth -= 1
        block += WIDTH
    _count_line(text_B, line, end, link, line_link_end, class_C, counts_6)
    counts_6[0] = end - start - continuations
    for k in range(depth + 1):
        counts_6[1] += inside[k]


@leaf
def _count_line(text_B, line, end, link, link_end, class_C, counts_6):
    """Count the line, whose first link stands from `link` (-1: none) to `link_end`."""
    if line < end and ord(" ") < text_B[line] < 0x7F and link < 0:
        counts_6[4] += 1
        return
    first = _behind_spaces(text_B, line, end, class_C)
    counts_6[4] += first < end
    counts_6[5] += first == link and _behind_spaces(text_B, link_end, end, class_C) == end


@leaf
def _behind_spaces(text_B, at, end, class_C):
    while at < end and text_B[at] == ord(" "):
        at += 1
    while at < end and not ord(" ") < text_B[at] < 0x7F:
        code, after = decode(text_B, at, end)
        if not class_C[code] & SPACE:
            break
        at = after
    return at


@leaf
def _link(text_B, floor, colon, end):
    """(first byte, behind) of the link whose `://` stands at `colon`; behind is 0 where there is none."""
    if colon + 3 >= end or text_B[colon + 1] != ord("/") or text_B[colon + 2] != ord("/"):
        return 0, 0
    first = colon - 4 - (text_B[colon - 1] == ord("s")) if colon > floor else -1
    if first < floor or not (
        text_B[first] == ord("h")
        and text_B[first + 1] == ord("t")
        and text_B[first + 2] == ord("t")
        and text_B[first + 3] == ord("p")
    ):
        return 0, 0
    at = colon + 3
    while at < end:
        if text_B[at] == ord("%"):
            if at + 2 >= end or not (_is_hex(text_B[at + 1]) and _is_hex(text_B[at + 2])):
                break
            at += 2
        elif not _is_in_address(text_B[at]):
            break
        at += 1
    return (first, at) if at > colon + 3 else (0, 0)


@njit(cache=True, nogil=True, inline="always")
def _is_in_address(byte):
    """Letters, digits and $ - _ @ . & + / : = ? # ~ ! * ( ) , of NeMo Curator's pattern; % is looked at before."""
    if byte > ord("~") or byte <= ord(" "):
        return False
    return not (
        byte in (ord('"'), ord("%"), ord("'"), ord(";"), ord("<"), ord(">"), ord("`"))
        or ord("[") <= byte <= ord("^")
        or ord("{") <= byte <= ord("}")
    )


@njit(cache=True, nogil=True, inline="always")
def _is_alphanumeric(byte):
    return ord("0") <= byte <= ord("9") or ord("a") <= byte | 0x20 <= ord("z")


@njit(cache=True, nogil=True, inline="always")
def _is_hex(byte):
    return ord("0") <= byte <= ord("9") or ord("a") <= byte | 0x20 <= ord("f")


@leaf
def _tag_end(text_B, at, end, keys_N):
    """Behind the tag that begins at `at`, or 0."""
    begin = at + 1
    if begin < end and text_B[begin] == ord("/"):
        begin += 1
    stop = begin
    while stop < end and stop - begin < 12 and _is_alphanumeric(text_B[stop]):
        stop += 1
    if not _is_comment(text_B, begin, end):
        if not begin < stop < end or text_B[stop] not in (9, 10, 12, 13, ord(" "), ord("/"), ord(">")):
            return 0
        key = _name_key(text_B, begin, stop)
        if not _is_among(keys_N, key):
            return 0
    limit = min(end, at + MAX_TAG_BYTES)
    while stop < limit and text_B[stop] != ord("<"):
        if text_B[stop] == ord(">"):
            return stop + 1
        stop += 1
    return 0


@leaf
def _is_among(keys_N, key):
    low, high = 0, keys_N.size
    while low < high:
        middle = (low + high) // 2
        if keys_N[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low < keys_N.size and keys_N[low] == key


@leaf
def _is_comment(text_B, at, end):
    """True for `!--` and `!doctype`, by their first three bytes."""
    if at + 3 > end or text_B[at] != ord("!"):
        return False
    one, two = text_B[at + 1], text_B[at + 2]
    return (one == ord("-") and two == ord("-")) or (one | 0x20 == ord("d") and two | 0x20 == ord("o"))


@leaf
def _entity_end(text_B, at, end):
    """Behind the entity that begins at `at`, or 0."""
    at += 1
    is_number = at < end and text_B[at] == ord("#")
    at += is_number
    is_hex = is_number and at < end and text_B[at] | 0x20 == ord("x")
    at += is_hex
    first, limit = at, min(end, at + MAX_ENTITY_CHARS)
    while at < limit and (
        (_is_alphanumeric(text_B[at]) and not is_number)
        or (is_number and ord("0") <= text_B[at] <= ord("9"))
        or (is_hex and _is_hex(text_B[at]))
    ):
        at += 1
    is_long = at - first >= (1 if is_number else 2)
    begins_well = is_number or (at > first and not ord("0") <= text_B[first] <= ord("9"))
    return at + 1 if is_long and begins_well and at < end and text_B[at] == ord(";") else 0
