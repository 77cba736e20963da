"""Slow, obvious twins of the Gopher kernels: the formulas on Python strings and lists of words."""

import re
from collections import Counter
from collections.abc import Collection, Sequence

from pipeline.kernels.unicode_tables import SYMBOL, unicode_tables


def quality(text: str, words: Sequence[str], stop_words: Collection[str]) -> list[float]:
    """Signals in the order of GopherQualitySignals."""
    whole = [w for w in words if any(not is_symbol(c) for c in w)]
    lines = text.splitlines()
    ellipses = text.count("...") + text.count("…")
    return [
        len(whole),
        sum(map(len, whole)) / max(len(whole), 1),
        text.count("#") / max(len(words), 1),
        ellipses / max(len(words), 1),
        sum(line.lstrip().startswith(("•", "-")) for line in lines) / max(len(lines), 1),
        sum(line.rstrip().endswith(("...", "…")) for line in lines) / max(len(lines), 1),
        sum(any(c.isalpha() for c in w) for w in words) / max(len(words), 1),
        len(set(words) & set(stop_words)),
    ]


def is_symbol(character: str) -> bool:
    return bool(unicode_tables().class_C[ord(character)] & SYMBOL)


def repetition(text: str, words: Sequence[str], top: Sequence[int], duplicate: Sequence[int]) -> list[float]:
    """num_chars, duplicate paragraph / paragraph char / line / line char fractions, then per order."""
    chars = max(len(text), 1)
    paragraphs = re.split(r"\n{2,}", text.strip())
    lines = re.split(r"\n+", text)
    copies, copied_chars = second_copies(paragraphs)
    line_copies, line_chars = second_copies(lines)
    shares = [copies / len(paragraphs), copied_chars / chars, line_copies / len(lines), line_chars / chars]
    tops = [top_ngram_chars(words, n) / chars for n in top]
    duplicates = [duplicate_ngram_chars(words, n) / chars for n in duplicate]
    return [len(text), *shares, *tops, *duplicates]


def second_copies(parts: Sequence[str]) -> tuple[int, int]:
    copies = [part for i, part in enumerate(parts) if part in parts[:i]]
    return len(copies), sum(map(len, copies))


def top_ngram_chars(words: Sequence[str], n: int) -> int:
    counts = Counter(" ".join(words[i : i + n]) for i in range(len(words) - n + 1))
    if not counts:
        return 0
    most = max(counts.values())
    first = next(ngram for ngram, count in counts.items() if count == most)
    return len(first) * most


def duplicate_ngram_chars(words: Sequence[str], n: int) -> int:
    seen: set[str] = set()
    chars = i = 0
    while i + n <= len(words):
        ngram = "".join(words[i : i + n])
        if ngram in seen:
            chars += len(ngram)
            i += n
        else:
            seen.add(ngram)
            i += 1
    return chars
