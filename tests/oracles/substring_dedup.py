"""Slow, obvious twins of substring de-duplication: the definition by a dictionary of windows, and its kernels."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from tests.oracles.words import MASK, bytes_hash, is_letter_mark_or_number, stands_alone
from tests.oracles.words import _mix as mix

SPACES = re.compile(r"\s+")
M = 0xA0761D6478BD642F
JOINERS = "'’-\u00ad‐‑"


class Cut(NamedTuple):
    """Bytes [start, end) of document `ordinal` go; `keeper` has a copy of the first window, -1 where it went whole."""

    ordinal: int
    start: int
    end: int
    keeper: int


class Outcome(NamedTuple):
    """removed: (ordinal, keeper) of documents that go whole."""

    cuts: list[Cut]
    removed: list[tuple[int, int]]


def word_spans(text: str) -> list[tuple[int, int]]:
    """Spans of the words of a text, in characters."""
    kinds = "".join(
        "a" if stands_alone(c) else "w" if is_letter_mark_or_number(c) else "j" if c in JOINERS else " " for c in text
    )
    return [m.span() for m in re.finditer("a|w+(jw+)*", kinds)]


def windows(text: str, window_words: int) -> list[str]:
    """Each window as it is written, runs of white space as one blank; words and gaps told apart by U+0000."""
    spans = word_spans(text)
    found = []
    for first in range(len(spans) - window_words + 1):
        inside = spans[first : first + window_words]
        parts = [text[inside[0][0] : inside[0][1]]]
        for (_, before), (start, end) in pairwise(inside):
            parts += [SPACES.sub(" ", text[before:start]), text[start:end]]
        found.append("\0".join(parts))
    return found


def outcome(
    texts: Sequence[str],
    *,
    min_tokens: int,
    prefer: Sequence[str] = ("longest", "first"),
    min_words_left: int = 0,
    conversations: Sequence[int] = (),
) -> Outcome:
    """The definition, read aloud. Ordinals are positions in `texts`."""
    rules = {"longest": lambda d: -len(texts[d]), "first": lambda d: d}
    ranked = sorted(range(len(texts)), key=lambda d: (*(rules[rule](d) for rule in prefer), d))
    best: dict[str, int] = {}
    seen: dict[int, dict[int, int]] = {d: {} for d in ranked}  # by document: word -> keeper of its first window
    for d in ranked:
        for first, window in enumerate(windows(texts[d], min_tokens)):
            if window in best:
                for word in range(first, first + min_tokens):
                    seen[d].setdefault(word, best[window])
            else:
                best[window] = d
    cuts, removed = [], []
    for d, text in enumerate(texts):
        if not seen[d] or d in conversations:
            continue
        if len(word_spans(text)) - len(seen[d]) < max(1, min_words_left):
            removed.append((d, seen[d][min(seen[d])]))
        else:
            cuts += [Cut(d, start, end, keeper) for start, end, keeper in passages(text, seen[d])]
    gone = {d for d, _ in removed}
    return Outcome([cut._replace(keeper=-1) if cut.keeper in gone else cut for cut in cuts], removed)


def passages(text: str, cut_words: dict[int, int]) -> list[tuple[int, int, int]]:
    """(start, end, keeper) in bytes for each run of words that are to be cut."""
    spans, found = word_spans(text), []
    for first in sorted(cut_words):
        if first - 1 in cut_words:
            continue
        last = first
        while last + 1 in cut_words:
            last += 1
        start, end = trimmed(text, spans[first][0], spans[last][1], spans[last][0])
        found.append((len(text[:start].encode()), len(text[:end].encode()), cut_words[first]))
    return found


def trimmed(text: str, start: int, end: int, last_word: int) -> tuple[int, int]:
    """The passage with the white space that goes with it."""
    before = text[:start][len(text[:start].rstrip()) :]
    behind = text[end:][: len(text[end:]) - len(text[end:].lstrip())]
    at_start, at_end = len(before) == start, end + len(behind) == len(text)
    if at_start:
        return start, end + len(behind)
    if at_end:
        return start - len(before), end
    if before and behind:
        return (start - len(before), end) if behind.count("\n") > before.count("\n") else (start, end + len(behind))
    if not before and not behind and stands_alone(text[end - 1]) and _in_word(text[start - 1], text[end]):
        return start, last_word
    return start, end


def _in_word(*around: str) -> bool:
    return all((is_letter_mark_or_number(c) and not stands_alone(c)) or c in JOINERS for c in around)


def after(text: str, cuts: Sequence[Cut]) -> str:
    """What is left of one document."""
    data, at, parts = text.encode(), 0, []
    for cut in sorted(cuts):
        parts.append(data[at : cut.start])
        at = cut.end
    return b"".join([*parts, data[at:]]).decode()


def word_hashes(text: str) -> tuple[list[int], list[int]]:
    """(hashes of the words, hashes of the gaps in front of them) of one document."""
    spans = word_spans(text)
    gaps = [0] + [gap_hash(text[end:start]) for (_, end), (start, _) in pairwise(spans)]
    return [bytes_hash(text[start:end].encode()) for start, end in spans], gaps[: len(spans)]


def gap_hash(gap: str) -> int:
    if gap.isspace():
        return 0
    h = 0xD1342543DE82EF95
    for character in SPACES.sub(" ", gap):
        h = mix(h ^ ord(character))
    return mix(h)


def run_hash(words: Sequence[int], gaps: Sequence[int], first: int, count: int, multiplier: int) -> int:
    """Hash of `count` words from `first` on, without the gap in front of them."""
    h = words[first]
    for w in range(first + 1, first + count):
        h = (h * multiplier + words[w] + gaps[w]) & MASK
    return mix(h)


def stretches(text: str, window_words: int) -> list[tuple[int, int, int, bool]]:
    """(anchor, first window, number of windows, is_tied) of one document: each window chooses in turn."""
    words, gaps = word_hashes(text)
    k = window_words // 2
    anchors = [run_hash(words, gaps, a, k, M) for a in range(len(words) - k + 1)]
    found: list[tuple[int, int, int, bool]] = []
    chosen = -1
    for window in range(len(words) - window_words + 1):
        places = range(window, window + window_words - k + 1)
        least = min(anchors[a] for a in places)
        if chosen not in places or anchors[chosen] != least:
            chosen = max(a for a in places if anchors[a] == least)
            found.append((least, window, 0, False))
        anchor, first, count, is_tied = found[-1]
        is_tied |= any(anchors[a] == least for a in places if a > chosen)
        found[-1] = (anchor, first, count + 1, is_tied)
    return found
