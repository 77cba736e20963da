"""Who finds the copies where nobody has seen the answers: settings chosen on half of a set, scored on the other half.

    python -m tests.benchmarks.dedup_held_out [--peers PYTHON] [--bands 14x8 ...] [--seeds 5] [--sets NAME ...]

Every method sees the whole set, at the same bands, and at the same shingles but for datatrove, which has its own words.
The set's clusters of documents that its truth speaks of together are dealt into two halves at random; the setting with
the best F1 on one half, mean over the seeds, is scored on the other, and the other way round, for many such splits.
Ours has `min_jaccard` or `min_containment` to choose, of equals the middle one. With more than one choice of bands,
everyone chooses among them, ours both. `corpusmill 0.8` is not chosen: the default, scored on the same halves.

    precision, recall, F1, ARI   as in dedup_quality.py, pairs and documents of the half alone; means over halves, seeds
    best                         share of halves where no other method has a higher F1
    chosen                       the settings most often chosen, and their share
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import nan
from statistics import fmean
from typing import NamedTuple

from pipeline.config import NearDedupConfig
from tests.benchmarks.dedup_quality import Bands, peer_keepers
from tests.benchmarks.dedup_scores import adjusted_rand_index, cluster_pairs, share
from tests.benchmarks.near_dedup_run import near_dedup
from tests.benchmarks.neardup_sets import SETS, SHINGLE_WORDS, LabelledSet, Pair
from tests.benchmarks.peer_dedup import firsts

JACCARD = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.0)  # strict first
CONTAINMENT = (0.9, 0.8, 0.7, 0.6, 0.5)
DEFAULT = 0.8
CHOICE = [name for name in SETS if name not in ("paraphrases", "Reuters repeats")]


class HalfScores(NamedTuple):
    """Pairs and clustering of one half; NaN where the set does not say."""

    precision: float
    recall: float
    f1: float
    ari: float


class Answer(NamedTuple):
    """Who stays for each document, and the pairs that makes, as far as the set says whether they are copies."""

    keepers: Sequence[int]
    right: set[Pair]
    wrong: set[Pair]


Settings = Mapping[str, list[Answer]]  # a method's answer for each seed, by setting


def main() -> None:
    """Print a table for each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default=sys.executable, help="Python that has the peers")
    parser.add_argument("--bands", nargs="+", default=["14x8"], help="numbers of bands and of rows in each")
    parser.add_argument("--shingle-words", type=int, default=SHINGLE_WORDS)
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds of permutations, from 1 up")
    parser.add_argument("--splits", type=int, default=25, help="how many ways of cutting the set in two")
    parser.add_argument("--sets", nargs="+", default=CHOICE, choices=CHOICE)
    parser.add_argument("--extracts", action="store_true", help="copies are extracts: ours has min_containment alone")
    given = parser.parse_args()
    bands = [Bands(*map(int, text.split("x"))) for text in given.bands]
    seeds = range(1, given.seeds + 1)
    print(f"{given.shingle_words}-word shingles, {given.seeds} seeds, {given.splits} splits; bands {given.bands}")
    for name in given.sets:
        known = SETS[name]()
        found = our_answers(known, bands, seeds, given.shingle_words)
        by_default = {f"{b} {DEFAULT}": found[f"{b} {DEFAULT}"] for b in bands}
        ours = {setting: found[setting] for setting in found if " c " in setting or not given.extracts}
        methods: dict[str, Settings] = {"corpusmill": ours, "corpusmill 0.8": by_default}
        methods |= peer_answers(known, bands, given.peers, seeds, given.shingle_words)
        print_set(name, known, methods, given.splits)


def our_answers(known: LabelledSet, bands: Sequence[Bands], seeds: Iterable[int], shingle_words: int) -> Settings:
    """For each threshold, also those below what the bands nominate well, which the settings refuse."""
    found = {}
    choices: list[tuple[float, float | None]] = [*((t, None) for t in JACCARD), *((0.0, c) for c in CONTAINMENT)]
    for b in bands:
        for threshold, contained in choices:
            name = f"{b} {threshold}" if contained is None else f"{b} c {contained}"
            config = NearDedupConfig(
                shingle_words=shingle_words,
                num_bands=b.num,
                rows_per_band=b.rows,
                min_jaccard=1.0,
                min_containment=contained,
                planted=0,
            ).model_copy(update={"min_jaccard": threshold})
            found[name] = [answer(known, near_dedup(known.texts, config, seed=s).keepers()) for s in seeds]
    return found


def peer_answers(
    known: LabelledSet, bands: Sequence[Bands], python: str, seeds: Sequence[int], shingle_words: int
) -> dict[str, Settings]:
    """Those of the peers that `python` has."""
    found: dict[str, dict[str, list[Answer]]] = defaultdict(dict)
    for b in bands:
        for peer, keepers in peer_keepers(known, b, python, seeds, shingle_words).items():
            if keepers is not None:
                found[peer][str(b)] = [answer(known, each) for each in keepers]
    return dict(found)


def answer(known: LabelledSet, keepers: Sequence[int]) -> Answer:
    """Its pairs, told apart."""
    found = cluster_pairs(keepers)
    right = found & known.duplicates
    wrong = {pair for pair in found - right if known.distinct is None or pair in known.distinct}
    return Answer(keepers, right, wrong)


def halves(known: LabelledSet, split: int) -> tuple[frozenset[int], frozenset[int]]:
    """Documents that the truth speaks of together stay together; the clusters are dealt in random order."""
    told = [*known.duplicates, *(known.distinct if isinstance(known.distinct, frozenset) else ())]
    clusters: dict[int, list[int]] = defaultdict(list)
    for document, first in enumerate(firsts(len(known.texts), told)):
        clusters[first].append(document)
    order = sorted(clusters)
    random.Random(split).shuffle(order)
    # Clusters of one tell little: both halves get as many of the others.
    order.sort(key=lambda first: len(clusters[first]) == 1)
    one, other = (frozenset(d for first in order[side::2] for d in clusters[first]) for side in (0, 1))
    return one, other


def score_half(known: LabelledSet, half: frozenset[int], found: Answer) -> HalfScores:
    """Of the pairs with both documents in the half."""
    right, wrong, wanted = (
        sum(a in half and b in half for a, b in pairs) for pairs in (found.right, found.wrong, known.duplicates)
    )
    ari = nan
    if known.labels:
        own = sorted(half)
        ari = adjusted_rand_index([known.labels[d] for d in own], [found.keepers[d] for d in own])
    precision = share(right, right + wrong) if right + wrong else 1.0
    return HalfScores(precision, share(right, wanted), share(2 * right, right + wrong + wanted), ari)


def held_out(known: LabelledSet, settings: Settings, splits: int) -> list[tuple[str, HalfScores]]:
    """(the setting chosen on the other half, its scores) for both halves of each split, means over the seeds."""
    found = []
    for split in range(splits):
        both = halves(known, split)
        scores = {
            name: [_mean([score_half(known, half, each) for each in answers]) for half in both]
            for name, answers in settings.items()
        }
        for side in (0, 1):
            chosen = _best({name: each[1 - side].f1 for name, each in scores.items()})
            found.append((chosen, scores[chosen][side]))
    return found


def _best(f1: Mapping[str, float]) -> str:
    """The setting with the highest F1; of equals the middle one, and `min_jaccard` before `min_containment`."""
    equals = [name for name, each in f1.items() if each >= max(f1.values()) - 1e-12]
    first_kind = [name for name in equals if " c " not in name] or equals
    return first_kind[len(first_kind) // 2]


def _mean(scores: Sequence[HalfScores]) -> HalfScores:
    return HalfScores(*map(fmean, zip(*scores, strict=True)))


def print_set(name: str, known: LabelledSet, methods: Mapping[str, Settings], splits: int) -> None:
    """One set's table."""
    results = {method: held_out(known, settings, splits) for method, settings in methods.items()}
    best = [max(each[i][1].f1 for each in results.values()) for i in range(2 * splits)]
    print(f"\n{name}: {len(known.texts)} documents, duplicate pairs {len(known.duplicates)}")
    print(f"{'':16}{'precision':>10}{'recall':>8}{'F1':>8}{'ARI':>8}{'best':>7}  chosen")
    for method, each in results.items():
        mean = _mean([scores for _, scores in each])
        wins = fmean(scores.f1 >= top for (_, scores), top in zip(each, best, strict=True))
        chosen = ", ".join(f"{s} ({n / len(each):.0%})" for s, n in Counter(s for s, _ in each).most_common(3))
        values = f"{mean.precision:10.3f}{mean.recall:8.3f}{mean.f1:8.3f}{mean.ari:8.3f}"
        print(f"{method:16}{values.replace(' nan', '   -')}{wins:7.0%}  {chosen}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
