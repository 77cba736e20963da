"""Who finds the copies, and who takes others for them: precision, recall, F1, ARI beside four peers, set by set.

    python -m tests.benchmarks.dedup_quality [--peers PYTHON] [--bands 14x8 ...] [--thresholds T ...] [--sets NAME ...]

Every method says which document stays for each. Documents with the same one form a cluster, and all pairs of a cluster
count as found: for ours that is a keeper with the documents that go because of it, for the others what their union-find
joined. So all are scored alike. Removals are scored as well: is the document that stays a copy of the one that goes?

    precision, recall, F1   pairs in a cluster against the set's duplicates, among the pairs that the set speaks of
    ARI                     adjusted Rand index (Hubert and Arabie 1985), where the set's truth is clusters
    wrong pairs             pairs in a cluster that the set says are distinct
    removals, right         documents that go, and the share of them, where the set speaks of the pair, that are copies
    exact                   share of them whose exact similarity with the one that stays is at least the threshold shown

The same bands and seeds for everyone, ours included; the same shingles for all but datatrove, which has its own words
and normalisation. With more than one seed the scores are means: on a small set one pair more or less is luck. After
`c`, a document is a copy where its keeper has that share of its shingles (min_containment). With more than one choice
of bands, each method's row is the one with its best F1 (fewest wrong pairs without duplicates).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.config import NearDedupConfig
from tests.benchmarks.dedup_scores import Scores, mean, score
from tests.benchmarks.near_dedup_run import hashed_words, near_dedup
from tests.benchmarks.neardup_sets import SETS, SHINGLE_WORDS, LabelledSet

SCRIPT = Path(__file__).with_name("peer_dedup.py")


class Bands(NamedTuple):
    """`num` bands of `rows` hashes."""

    num: int
    rows: int

    def nominates(self, jaccard: float) -> float:
        """Chance that a pair of that similarity shares a band."""
        return float(1 - (1 - jaccard**self.rows) ** self.num)

    def __str__(self) -> str:
        return f"{self.num}x{self.rows}"


class Row(NamedTuple):
    """What stands in one line."""

    method: str
    setting: str
    scores: Scores | None


def our_rows(
    known: LabelledSet,
    bands: Bands,
    thresholds: Sequence[float],
    contained: Sequence[float],
    seeds: Sequence[int],
    shingle_words: int,
) -> list[Row]:
    """One row per threshold that the bands can serve (as the settings demand: half of such pairs nominated).

    Then one per `contained`, the share of a document that its keeper must have, with the lowest of those thresholds.
    """
    served = [t for t in thresholds if bands.nominates(t) >= 0.5]
    settings: list[tuple[str, float, float | None]] = [(f"corpusmill {t}", t, None) for t in served]
    settings += [(f"corpusmill c {c}", min(served), c) for c in contained]
    rows = []
    for name, threshold, share in settings:
        config = NearDedupConfig(
            shingle_words=shingle_words,
            num_bands=bands.num,
            rows_per_band=bands.rows,
            min_jaccard=threshold,
            min_containment=share,
            planted=0,
        )
        scores = [score(known, near_dedup(known.texts, config, seed=s).keepers(), thresholds[0]) for s in seeds]
        rows.append(Row(name, str(bands), mean(scores)))
    return rows


def peer_rows(
    known: LabelledSet, bands: Bands, python: str, seeds: Sequence[int], threshold: float, shingle_words: int
) -> list[Row]:
    """One row per peer, without scores where `python` does not have it."""
    answers = peer_keepers(known, bands, python, seeds, shingle_words)
    return [
        Row(peer, str(bands), None if found is None else mean([score(known, each, threshold) for each in found]))
        for peer, found in answers.items()
    ]


def peer_keepers(
    known: LabelledSet, bands: Bands, python: str, seeds: Sequence[int], shingle_words: int
) -> dict[str, list[list[int]] | None]:
    """Who stays for each document, by each peer and for each seed; None where `python` does not have the peer."""
    documents = {"texts": known.texts, "words": hashed_words(known.texts)}
    sizes = {"shingle_words": shingle_words, "bands": bands.num, "rows": bands.rows, "seeds": list(seeds)}
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump({**sizes, "sets": {"only": documents}}, file)
        file.flush()
        command = [python, str(SCRIPT), file.name]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return {peer: said and said["keepers"]["only"] for peer, said in json.loads(run.stdout).items()}


def best_of(rows: Sequence[Row], known: LabelledSet) -> list[Row]:
    """For each method, ours at any threshold being one, the row that serves the set best."""
    best: dict[str, Row] = {}
    for row in rows:
        method = row.method.split()[0]
        if row.scores is None or method not in best or _merit(row, known) > _merit(best[method], known):
            best[method] = row
    return list(best.values())


def _merit(row: Row, known: LabelledSet) -> float:
    assert row.scores is not None
    return row.scores.f1 if known.duplicates else -row.scores.wrong


def print_set(name: str, known: LabelledSet, rows: Sequence[Row], threshold: float) -> None:
    """One set's table."""
    distinct = len(known.distinct) if isinstance(known.distinct, frozenset) else "all others, or as told"
    print(f"\n{name}: {len(known.texts)} documents, duplicate pairs {len(known.duplicates)}, distinct pairs {distinct}")
    columns = f"{'precision':>10}{'recall':>8}{'F1':>8}{'ARI':>8}{'wrong pairs':>13}{'removals':>10}{'right':>8}"
    print(f"{'':16}{'bands':>7}{columns}{f'>= {threshold}':>8}")
    for method, setting, s in rows:
        if s is None:
            print(f"{method:16}{'absent':>7}")
            continue
        pairs = f"{s.precision:10.4f}{s.recall:8.4f}{s.f1:8.4f}{s.ari:8.4f}{s.wrong:13.1f}"
        print(f"{method:16}{setting:>7}{pairs}{s.removals:10.1f}{s.right:8.4f}{s.exact:8.4f}".replace(" nan", "   -"))
    sys.stdout.flush()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default=sys.executable, help="Python that has the peers")
    parser.add_argument("--bands", nargs="+", default=["14x8"], help="numbers of bands and of rows in each")
    parser.add_argument("--thresholds", type=float, nargs="+", default=[0.8, 0.7], help="min_jaccard of ours")
    parser.add_argument("--contained", type=float, nargs="*", default=[], help="min_containment of ours, further rows")
    parser.add_argument("--shingle-words", type=int, default=SHINGLE_WORDS)
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds of permutations, from 1 up")
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    given = parser.parse_args()
    seeds = range(1, given.seeds + 1)
    settings = [Bands(*map(int, text.split("x"))) for text in given.bands]
    size = given.shingle_words
    print(f"{size}-word shingles, means of {given.seeds} seeds; bands {', '.join(map(str, settings))}")
    for name in given.sets:
        known = SETS[name]()
        rows = [
            row for bands in settings for row in our_rows(known, bands, given.thresholds, given.contained, seeds, size)
        ]
        for bands in settings:
            rows += peer_rows(known, bands, given.peers, seeds, given.thresholds[0], size)
        print_set(name, known, rows if len(settings) == 1 else best_of(rows, known), given.thresholds[0])


if __name__ == "__main__":
    main()
