"""Documents with what is known of their copies: ../shared/data/neardup, Reuters' repeats, generated pages."""

from __future__ import annotations

import math
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from tests.benchmarks.exact_pairs import jaccard, pairs_at_least, shingle_set
from tests.datatrove import Row, read_jsonl
from tests.shared_data import ROOT

Pair = tuple[int, int]  # ascending
REUTERS_JACCARD, OTHER_TEXT = 0.8, 0.5
NUM_TEMPLATES, PAGES_OF_TEMPLATE = 20, 60
SHINGLE_WORDS = 5


@dataclass(frozen=True)
class OtherTexts:
    """Pairs of texts with different names and an exact Jaccard similarity below OTHER_TEXT, told when asked."""

    texts: list[str]
    names: list[str]

    def __contains__(self, pair: object) -> bool:
        a, b = pair  # type: ignore[misc]  # a Pair, as everything that asks has
        if self.names[a] == self.names[b]:
            return False
        return (
            jaccard(shingle_set(self.texts[a], SHINGLE_WORDS), shingle_set(self.texts[b], SHINGLE_WORDS)) < OTHER_TEXT
        )


@dataclass(frozen=True)
class LabelledSet:
    """`duplicates` are pairs that should meet; `distinct` should not: None for all others. `labels`: true clusters."""

    texts: list[str]
    duplicates: frozenset[Pair]
    distinct: frozenset[Pair] | OtherTexts | None = None
    labels: list[int] | None = None


def _rows(name: str) -> list[Row]:
    return read_jsonl(ROOT / f"{name}.jsonl.zst")


def _same(labels: Sequence[object]) -> frozenset[Pair]:
    """Pairs of documents with the same label."""
    members: Mapping[object, list[int]] = defaultdict(list)
    for d, label in enumerate(labels):
        members[label].append(d)
    return frozenset(pair for group in members.values() for pair in combinations(group, 2))


def _numbered(labels: Sequence[object]) -> list[int]:
    number = {label: i for i, label in enumerate(dict.fromkeys(labels))}
    return [number[label] for label in labels]


def licences() -> LabelledSet:
    """Variants of one licence should meet. Texts of two licences may be near copies too, and nothing is said of them
    unless they have less than half of their shingles in common (exact Jaccard below OTHER_TEXT): those should not meet.
    """
    rows = _rows("neardup/license_texts")
    texts, names = [r["text"] for r in rows], [r["license"] for r in rows]
    return LabelledSet(texts, _same(names), OtherTexts(texts, names))


def editions() -> LabelledSet:
    """Digital editions of five books."""
    rows = _rows("neardup/gutenberg_editions")
    groups = [r["group"] for r in rows]
    return LabelledSet([r["text"] for r in rows], _same(groups), labels=_numbered(groups))


def _judged(rows: Iterable[Row], is_duplicate: Callable[[Row], bool]) -> LabelledSet:
    """Rows of two texts each; equal texts are one document."""
    number: dict[str, int] = {}
    judged: dict[Pair, bool] = {}
    for row in rows:
        low, high = sorted(number.setdefault(row[side], len(number)) for side in ("text_a", "text_b"))
        if low < high:
            judged[low, high] = judged.get((low, high), False) or is_duplicate(row)
    duplicates = frozenset(pair for pair, same in judged.items() if same)
    return LabelledSet(list(number), duplicates, frozenset(judged) - duplicates)


def government_pages() -> LabelledSet:
    """Pairs of .gov pages that people judged 0 to 3; the authors count 1 and more as near duplicates."""
    return _judged(_rows("neardup/webis_gov_pairs"), lambda row: row["label"] >= 1)


def news_pairs() -> LabelledSet:
    """100 news texts with 10 known pairs."""
    rows = _rows("neardup/parkr_100_news")
    ordinal = {row["id"]: d for d, row in enumerate(rows)}
    said = (ROOT / "neardup/parkr_100_news.sample_output.txt").read_text()
    found = re.findall(r"(file\d+\.txt) and (file\d+\.txt) are near-duplicates", said)
    pairs = frozenset((min(p), max(p)) for a, b in found if (p := (ordinal[a], ordinal[b])))
    labels = list(range(len(rows)))
    for a, b in pairs:
        labels[b] = labels[a]
    return LabelledSet([row["text"] for row in rows], pairs, labels=labels)


def short_answers() -> LabelledSet:
    """Answers and the article they lean on: cut and pasted ones should meet it, the others should not."""
    rows = _rows("neardup/clough_stevenson")
    origin = {row["task"]: d for d, row in enumerate(rows) if row["category"] == "orig"}
    pairs = {
        d: (min(d, origin[row["task"]]), max(d, origin[row["task"]]))
        for d, row in enumerate(rows)
        if row["category"] != "orig"
    }
    duplicates = frozenset(pair for d, pair in pairs.items() if rows[d]["category"] == "cut")
    return LabelledSet([row["text"] for row in rows], duplicates, frozenset(pairs.values()) - duplicates)


def paraphrases() -> LabelledSet:
    """Sentences and rewordings of them, and other pairs: none should meet."""
    return _judged(_rows("neardup/pan_paraphrase_train"), lambda row: False)


def repeats() -> LabelledSet:
    """Reuters-21578: pairs with an exact Jaccard similarity of at least REUTERS_JACCARD, all of them."""
    texts = [row["text"] for row in _rows("corpus/reuters21578")]
    sets = [shingle_set(text, SHINGLE_WORDS) for text in texts]
    return LabelledSet(texts, frozenset(pairs_at_least(sets, REUTERS_JACCARD)))


def template_pages(seed: int = 1) -> LabelledSet:
    """Pages that share a template and differ in their facts; three in ten come twice, with another counter at the end.

    The template is a real licence text of 150 to 600 words, facts are names found in Reuters, put in for words a
    shingle apart: as many as bring the exact similarity of two pages to between 0.5 and 0.75.
    """
    chance = random.Random(seed)
    news = " ".join(row["text"] for row in _rows("corpus/reuters21578")[:2000])
    names = sorted(set(re.findall(r"\b[A-Z][a-z]{3,}\b", news)))
    texts, labels = [], []
    for t, template in enumerate(_templates(chance)):
        wanted = chance.uniform(0.5, 0.75)
        facts = math.ceil(len(template) * (1 - wanted) / (SHINGLE_WORDS * (1 + wanted)))
        places = chance.sample(range(4, len(template) - 4, SHINGLE_WORDS), facts)
        for p in range(PAGES_OF_TEMPLATE):
            page = list(template)
            for place in places:
                page[place] = chance.choice(names)
            for visit in range(1 + (chance.random() < 0.3)):
                texts.append(" ".join([*page, str(1000 + visit)]))
                labels.append(t * PAGES_OF_TEMPLATE + p)
    order = chance.sample(range(len(texts)), len(texts))
    texts, labels = [texts[i] for i in order], [labels[i] for i in order]
    return LabelledSet(texts, _same(labels), labels=labels)


def _templates(chance: random.Random) -> list[list[str]]:
    first_of = {row["license"]: row["text"].split() for row in reversed(_rows("neardup/license_texts"))}
    fit = [words for _, words in sorted(first_of.items()) if 150 <= len(words) <= 600]
    chosen: list[list[str]] = []
    for words in chance.sample(fit, len(fit)):
        if all(len(set(words) & set(other)) < 0.6 * len(set(words)) for other in chosen):
            chosen.append(words)
    return chosen[:NUM_TEMPLATES]


SETS = {
    "licence variants": licences,
    "Gutenberg editions": editions,
    "judged .gov pages": government_pages,
    "100 news": news_pairs,
    "short answers": short_answers,
    "paraphrases": paraphrases,
    "Reuters repeats": repeats,
    "template pages": template_pages,
}
