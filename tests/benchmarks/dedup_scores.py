"""How well a choice of who stays for whom agrees with what is known of a set."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from math import comb, nan
from statistics import fmean
from typing import NamedTuple

from tests.benchmarks.exact_pairs import jaccard, shingle_set
from tests.benchmarks.neardup_sets import SHINGLE_WORDS, LabelledSet, Pair


class Scores(NamedTuple):
    """One method on one set; NaN where the set does not say. `wrong` counts distinct pairs found."""

    precision: float
    recall: float
    f1: float
    ari: float
    wrong: float
    removals: float
    right: float
    exact: float


def score(known: LabelledSet, keepers: Sequence[int], min_jaccard: float) -> Scores:
    """Scores of a method that lets keepers[d] stay for document d."""
    right = sum(keepers[a] == keepers[b] for a, b in known.duplicates)
    if known.distinct is None:
        wrong = sum(comb(size, 2) for size in Counter(keepers).values()) - right
    else:
        wrong = sum(pair in known.distinct for pair in cluster_pairs(keepers) - known.duplicates)
    gone = [(min(d, k), max(d, k)) for d, k in enumerate(keepers) if d != k]
    good = sum(pair in known.duplicates for pair in gone)
    bad = sum(pair in known.distinct for pair in gone) if known.distinct is not None else len(gone) - good
    sets = {d: shingle_set(known.texts[d], SHINGLE_WORDS) for d in {d for pair in gone for d in pair}}
    return Scores(
        precision=share(right, right + wrong),
        recall=share(right, len(known.duplicates)),
        f1=share(2 * right, right + wrong + len(known.duplicates)),
        ari=adjusted_rand_index(known.labels, keepers) if known.labels else nan,
        wrong=wrong,
        removals=len(gone),
        right=share(good, good + bad),
        exact=share(sum(jaccard(sets[a], sets[b]) >= min_jaccard for a, b in gone), len(gone)),
    )


def mean(scores: Sequence[Scores]) -> Scores:
    """Of each score, over the seeds."""
    return Scores(*map(fmean, zip(*scores, strict=True)))


def share(part: float, whole: float) -> float:
    return part / whole if whole else nan


def cluster_pairs(keepers: Sequence[int]) -> set[Pair]:
    """All pairs of documents for which the same one stays."""
    members: Mapping[int, list[int]] = defaultdict(list)
    for document, keeper in enumerate(keepers):
        members[keeper].append(document)
    return {pair for group in members.values() for pair in combinations(group, 2)}


def adjusted_rand_index(one: Sequence[int], other: Sequence[int]) -> float:
    """Agreement of two clusterings, 1 where they are the same, about 0 by chance."""
    both, total = sum(comb(n, 2) for n in Counter(zip(one, other, strict=True)).values()), comb(len(one), 2)
    first, second = (sum(comb(n, 2) for n in Counter(labels).values()) for labels in (one, other))
    by_chance = first * second / total
    return share(both - by_chance, (first + second) / 2 - by_chance)
