"""How well the perplexity stage tells clean text from scrambled and machine-made text of the same source.

    python -m tests.benchmarks.perplexity_separation

For each source: a 5-gram model on one half of its documents, CCNet's normal form, words; then passages of the other
half, and what is made of them. Once more with one model of all these halves. The figure is the probability that a made
document scores worse than a clean one, over all pairs of documents, ties as half: the area under the ROC curve. Worse
is higher by perplexity, lower by context gain. Both: above a bound on perplexity is worst, then the lower gain. The
bound is the highest perplexity of half the clean passages, which are not measured again. Last, the share dropped by
that bound and by one on the gain below which are 5 of 100 of those.

shuffled     the words of a clean document in any order, in lines as long as before
unigrams     words drawn as often as the training half has them
pairs        a Markov chain of order 1: each word drawn from those that follow the one before in the other half
known pairs  the same, in the training half: the model has learnt every pair
characters   letters in any order, words as long as before
keywords     the distinct words of a document of five letters or more, twice over, with commas
"""

from __future__ import annotations

import random
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.config import PerplexityConfig
from pipeline.stages.held_out import roc_area
from pipeline.stages.perplexity import PerplexityStage
from pipeline.stages.train_ngrams import train_ngrams
from tests.datatrove import read_jsonl
from tests.documents import documents
from tests.shared_data import shared

KINDS = ("shuffled", "unigrams", "pairs", "known pairs", "characters", "keywords")
SOURCES = ("classic_books", "reuters21578", "20news-bydate-train", "peps")
SMALL_SOURCE = "spamassassin_mail"  # half of it is 0.3 million words; of the others 1 to 2 million
MIN_WORDS, MAX_WORDS = 100, 300
MOST = 600  # passages of a source
KEPT = 0.95  # share of clean passages above the bound on the gain

Floats = npt.NDArray[np.float64]


def texts_of(name: str) -> list[str]:
    """Documents of a source; of the mail those that are no spam, without headers."""
    rows = read_jsonl(shared(f"corpus/{name}.jsonl.zst"))
    if name != "spamassassin_mail":
        return [row["text"] for row in rows]
    return [row["text"].partition("\n\n")[2] for row in rows if "-easy-ham" in row["id"]]


class Source(NamedTuple):
    """Documents to train on, the others, and passages of MIN_WORDS to MAX_WORDS words of the others, in any order."""

    training: list[str]
    others: list[str]
    passages: list[str]


def halves(name: str) -> Source:
    texts = texts_of(name)
    random.Random(1).shuffle(texts)
    middle = len(texts) // 2
    passages = [one for text in texts[middle:] for one in passages_of(text, most=1 + MOST * 2 // len(texts))]
    random.Random(1).shuffle(passages)
    return Source(texts[:middle], texts[middle:], passages[:MOST])


def passages_of(text: str, most: int) -> list[str]:
    """Runs of whole lines from the middle of a document outwards, where headers and licences are not."""
    found: list[list[str]] = [[]]
    for line in text.splitlines():
        if sum(len(one.split()) for one in found[-1]) + len(line.split()) > MAX_WORDS:
            found.append([])
        found[-1].append(line)
    whole = ["\n".join(lines) for lines in found if sum(len(line.split()) for line in lines) >= MIN_WORDS]
    spread = np.linspace(0, len(whole), min(most, len(whole)), endpoint=False) + len(whole) / (2 * most)
    return [whole[int(at)] for at in spread]


def in_lines(words: Sequence[str], like: str) -> str:
    """Words in lines as long as those of another text."""
    left = iter(words)
    return "\n".join(" ".join(next(left) for _ in line.split()) for line in like.splitlines())


def shuffled(text: str, choose: random.Random) -> str:
    words = text.split()
    choose.shuffle(words)
    return in_lines(words, text)


def characters(text: str, choose: random.Random) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return in_lines(["".join(choose.choices(letters, k=len(word))) for word in text.split()], text)


def keywords(text: str, choose: random.Random) -> str:
    words = sorted({word.strip(".,;:!?()\"'") for word in text.split() if len(word) >= 5})
    choose.shuffle(words)
    return ", ".join(words + words)


def chained(like: Sequence[str], source: Sequence[str], choose: random.Random) -> list[str]:
    """A Markov chain's text as long as each of these, its pairs of words from `source`."""
    after = defaultdict(list)
    for text in source:
        for word, following in pairwise(text.split()):
            after[word].append(following)
    starts, made_texts = list(after), []
    for text in like:
        words = [choose.choice(starts)]
        while len(words) < len(text.split()):
            words.append(choose.choice(after.get(words[-1]) or starts))
        made_texts.append(in_lines(words, text))
    return made_texts


def made(source: Source) -> dict[str, list[str]]:
    """Documents of each of KINDS, one for each of the second half of the passages."""
    clean, choose = source.passages[len(source.passages) // 2 :], random.Random(2)
    drawn = [w for text in choose.sample(source.training, min(len(source.training), 200)) for w in text.split()]
    return {
        "shuffled": [shuffled(text, choose) for text in clean],
        "unigrams": [in_lines(choose.choices(drawn, k=len(text.split())), text) for text in clean],
        "pairs": chained(clean, source.others, choose),
        "known pairs": chained(clean, source.training, choose),
        "characters": [characters(text, choose) for text in clean],
        "keywords": [keywords(text, choose) for text in clean],
    }


def trained(texts: Sequence[str], folder: Path) -> PerplexityStage:
    """The stage with a model of these texts."""
    arpa = folder / "model.arpa"
    reference = {"input": [{"format": "text", "paths": ["-"]}]}
    train_ngrams([pa.array(texts)], PerplexityConfig.model_validate({"reference": reference}), arpa)
    return PerplexityStage(PerplexityConfig(model=str(arpa)))


def badness(stage: PerplexityStage, texts: Sequence[str], max_perplexity: float) -> dict[str, Floats]:
    """How bad each text is, by each signal and by both."""
    signals = stage(documents(texts)).signals
    perplexity_D, lost_D = signals["perplexity.perplexity"], -signals["perplexity.context_gain"]
    both_D = np.where(perplexity_D > max_perplexity, np.inf, lost_D)
    return {"perplexity": perplexity_D, "context gain": lost_D, "both": both_D}


class Separation(NamedTuple):
    """areas: under the ROC curve, by signal and kind. medians: of clean ones, by signal. dropped: share, by kind."""

    areas: dict[str, dict[str, float]]
    medians: dict[str, float]
    dropped: dict[str, float]
    max_perplexity: float
    min_context_gain: float


def separation(stage: PerplexityStage, source: Source) -> Separation:
    """How well the stage tells what is made of the second half of a source's passages from these."""
    middle = len(source.passages) // 2
    of_bounds = badness(stage, source.passages[:middle], np.inf)
    max_perplexity, most_lost = of_bounds["perplexity"].max(), np.quantile(of_bounds["context gain"], KEPT)
    clean = badness(stage, source.passages[middle:], max_perplexity)
    bad = {kind: badness(stage, texts, max_perplexity) for kind, texts in made(source).items()}
    return Separation(
        {s: {kind: area(clean[s], of_made[s]) for kind, of_made in bad.items()} for s in clean},
        {"perplexity": float(np.median(clean["perplexity"])), "context gain": -float(np.median(clean["context gain"]))},
        {kind: float((one["both"] > most_lost).mean()) for kind, one in {"clean": clean, **bad}.items()},
        float(max_perplexity),
        -float(most_lost),
    )


def area(clean_D: Floats, made_D: Floats) -> float:
    found = roc_area(np.concatenate([clean_D, made_D]), np.repeat([False, True], [clean_D.size, made_D.size]))
    assert found is not None, "there are documents of both kinds"
    return found


def print_source(name: str, found: Separation) -> None:
    print(name, flush=True)
    for signal, areas in found.areas.items():
        median = f"{found.medians[signal]:12.3f}" if signal in found.medians else " " * 12
        print(f"  {signal:14}{median}" + "".join(f"{one:12.3f}" for one in areas.values()))
    print(f"  {'dropped':14}" + "".join(f"{share:12.1%}" for share in found.dropped.values()), end="")
    print(f"   perplexity > {found.max_perplexity:,.0f}, gain < {found.min_context_gain:.3f}")


def main() -> None:
    """Print both tables."""
    sources = {name: halves(name) for name in (*SOURCES, SMALL_SOURCE)}
    joint = [text for source in sources.values() for text in source.training]
    for title, reference in (("a model each", None), ("one model of all", joint)):
        print(f"\n{title:16}" + "".join(f"{kind:>12}" for kind in ("clean", *KINDS)))
        for name, source in sources.items():
            learnt = reference or source.training
            with tempfile.TemporaryDirectory() as folder:
                stage = trained(learnt, Path(folder))
            print_source(
                f"{name}, {sum(len(text.split()) for text in learnt):,} words learnt", separation(stage, source)
            )


if __name__ == "__main__":
    main()
