"""Copies edited to known similarities in a real corpus: which are found, and that nothing below the threshold goes.

    python -m tests.benchmarks.dedup_injection [--copies N] [--min-jaccard T] [--bands 14x8] [--seed N]

The corpus: all news of Reuters-21578 and all posts of 20 Newsgroups. Of documents with 250 words or more and nothing
like them in the corpus (three fifths of their shingles are theirs alone), some come again, edited at random until their
exact Jaccard similarity with the original falls into a bin: words replaced, taken out, put in, blocks moved. A copy is
found where the same document stays for it and its original. Similarities are those of Python sets of word tuples, which
share no code with the stage. `chance` is what the bands promise for the copies of a bin, on average.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.config import NearDedupConfig
from pipeline.kernels.buffers import string_view
from pipeline.kernels.shingles import shingle_hashes
from pipeline.kernels.words import word_hashes, word_spans
from tests.benchmarks.bench_near_dedup import SOME, corpus
from tests.benchmarks.dedup_quality import Bands
from tests.benchmarks.dedup_scores import share
from tests.benchmarks.exact_pairs import jaccard, shingle_set
from tests.benchmarks.near_dedup_run import near_dedup
from tests.benchmarks.neardup_sets import SHINGLE_WORDS

BINS = tuple((low / 100, (low + 5) / 100) for low in range(70, 100, 5))
MIN_WORDS, MIN_OWN_SHARE, TRIES = 250, 0.6, 40


class Copy(NamedTuple):
    """`text`, made of document `original`."""

    original: int
    text: str
    jaccard: float


def lonely(texts: Sequence[str]) -> list[int]:
    """Documents of MIN_WORDS or more, most of whose shingles no other document has."""
    text_B, offsets_D1 = string_view(pa.array(texts, pa.string()))
    spans = word_spans(text_B, offsets_D1)
    hash_W = word_hashes(text_B, spans.starts_W, spans.ends_W)
    shingle_S, at_D1 = shingle_hashes(hash_W, spans.word_offsets_D1, SHINGLE_WORDS)
    _, which_S, count_S = np.unique(shingle_S, return_inverse=True, return_counts=True)
    own_D = np.add.reduceat(np.append(count_S[which_S] == 1, 0), at_D1[:-1]) / np.maximum(np.diff(at_D1), 1)
    return np.flatnonzero((np.diff(spans.word_offsets_D1) >= MIN_WORDS) & (own_D >= MIN_OWN_SHARE)).tolist()


def edit(words: list[str], vocabulary: Sequence[str], chance: random.Random) -> None:
    """One edit, in place."""
    at = chance.randrange(len(words))
    match chance.choice(("replace", "delete", "insert", "move")):
        case "replace":
            words[at] = chance.choice(vocabulary)
        case "delete":
            del words[at]
        case "insert":
            words.insert(at, chance.choice(vocabulary))
        case "move":
            block = words[at : at + chance.randint(5, 25)]
            del words[at : at + len(block)]
            to = chance.randrange(len(words))
            words[to:to] = block


def edited(text: str, low: float, high: float, vocabulary: Sequence[str], chance: random.Random) -> tuple[str, float]:
    """(copy, similarity) with low <= similarity < high. An edit costs about 2 * SHINGLE_WORDS shingles of both sets."""
    original, shingles = text.split(), shingle_set(text, SHINGLE_WORDS)
    wanted = (low + high) / 2
    edits = max(1, round(len(original) * (1 - wanted) / (SHINGLE_WORDS * (1 + wanted))))
    for _ in range(TRIES):
        words = list(original)
        for _ in range(edits):
            edit(words, vocabulary, chance)
        copy = " ".join(words)
        similarity = jaccard(shingles, shingle_set.__wrapped__(copy, SHINGLE_WORDS))
        if low <= similarity < high:
            return copy, similarity
        edits = max(1, edits + (1 if similarity >= high else -1))
    raise AssertionError(f"no copy of {len(original)} words between {low} and {high} in {TRIES} tries")


def copies(texts: Sequence[str], count: int, chance: random.Random) -> list[Copy]:
    """`count` copies in each bin, each of another document."""
    vocabulary = [word for text in texts[::50] for word in text.split()]
    originals = chance.sample(lonely(texts), count * len(BINS))
    found = []
    for i, original in enumerate(originals):
        text, similarity = edited(texts[original], *BINS[i % len(BINS)], vocabulary, chance)
        found.append(Copy(original, text, similarity))
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=200, help="copies in each bin")
    parser.add_argument("--min-jaccard", type=float, default=0.8)
    parser.add_argument("--bands", default="14x8")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    chance, bands, texts = random.Random(given.seed), Bands(*map(int, given.bands.split("x"))), corpus(SOME)
    planted = copies(texts, given.copies, chance)
    order = chance.sample(range(len(texts) + len(planted)), len(texts) + len(planted))
    place = {d: i for i, d in enumerate(order)}
    mixed = [*texts, *(copy.text for copy in planted)]
    mixed = [mixed[d] for d in order]
    config = NearDedupConfig(num_bands=bands.num, rows_per_band=bands.rows, min_jaccard=given.min_jaccard)
    run = near_dedup(mixed, config)
    keepers = run.keepers()

    print(f"{len(texts)} documents and {len(planted)} copies; {bands} bands, min_jaccard {given.min_jaccard}")
    print(f"{'similarity':>14}{'copies':>8}{'found':>8}{'chance':>8}")
    for low, high in BINS:
        here = [(c, place[len(texts) + i]) for i, c in enumerate(planted) if low <= c.jaccard < high]
        found = [keepers[at] == keepers[place[c.original]] for c, at in here]
        promised = fmean(bands.nominates(c.jaccard) if c.jaccard >= given.min_jaccard else 0.0 for c, _ in here)
        print(f"{f'{low:.2f} .. {high:.2f}':>14}{len(here):8}{share(sum(found), len(found)):8.3f}{promised:8.3f}")
    exact = [
        jaccard(shingle_set(mixed[d], SHINGLE_WORDS), shingle_set(mixed[k], SHINGLE_WORDS))
        for d, k in zip(run.gone, run.keeper, strict=True)
    ]
    below = sum(similarity < given.min_jaccard for similarity in exact)
    other = sum(similarity != said for similarity, said in zip(exact, run.jaccard, strict=True))
    print(f"removed {len(exact)}, the least similar at {min(exact):.4f}; below the threshold {below}")
    print(f"similarities that are not, to the last bit, those in the evidence: {other}")


if __name__ == "__main__":
    main()
