"""Exact Jaccard similarity by plain Python sets of word tuples, which hashes and signatures are held against."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cache

from tests.oracles.words import lower, words

Shingles = frozenset[tuple[str, ...]]
_lower = cache(lower)


@cache
def shingle_set(text: str, shingle_words: int) -> Shingles:
    """Runs of lower-cased words; all the words where there are fewer. Empty without words."""
    each = [_lower(word) for word in words(text)]
    return frozenset(
        tuple(each[i : i + shingle_words]) for i in range(max(min(len(each), 1), len(each) - shingle_words + 1))
    )


def jaccard(a: Shingles, b: Shingles) -> float:
    """Similarity of two sets that are not both empty."""
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared)


def pairs_at_least(sets: Sequence[Shingles], threshold: float) -> Iterator[tuple[int, int]]:
    """Every pair of sets at least that similar, once; empty sets are in none.

    By prefixes (Chaudhuri, Ganti and Kaushik 2006): with elements from rare to common, two such sets have one of their
    first n - ceil(threshold * n) + 1 in common. Every pair that has is compared in full.
    """
    count = Counter(element for each in sets for element in each)
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for d, each in sorted(enumerate(sets), key=lambda item: len(item[1])):
        prefix = sorted(each, key=lambda element: (count[element], element))
        prefix = prefix[: len(each) - math.ceil(threshold * len(each)) + 1]
        others = {o for element in prefix for o in holders[element] if len(sets[o]) >= threshold * len(each)}
        for other in others:
            if jaccard(each, sets[other]) >= threshold:
                yield min(d, other), max(d, other)
        for element in prefix:
            holders[element].append(d)
