"""Slow, obvious twin of the n-gram reader and scorer, dictionaries and Katz backoff; and small models to try it on."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

WORDS = ("a", "b", "the", "words", "longer-than-eight", "longer-than-eighX", "été", "日本", "▁the", "😀")


@dataclass(frozen=True)
class Model:
    """log10 probability and backoff weight of each n-gram, a tuple of words."""

    log10: dict[tuple[str, ...], float]
    backoff: dict[tuple[str, ...], float]

    def word(self, history: Sequence[str], word: str) -> float:
        """log10 p(word | history)."""
        word = word if (word,) in self.log10 else "<unk>"
        ngram = (*history, word)
        if ngram in self.log10:
            return self.log10[ngram]
        return self.backoff.get(tuple(history), 0.0) + self.word(history[1:], word)

    def sentence(self, words: Sequence[str]) -> float:
        """log10 p(words, </s> | <s>)."""
        text = self._text(words)
        return sum(self.word(tuple(text[:i]), text[i]) for i in range(1, len(text)))

    def gain(self, words: Sequence[str]) -> float:
        """By how much that is above the same with histories of one word."""
        text = self._text(words)
        return self.sentence(words) - sum(self.word((text[i - 1],), text[i]) for i in range(1, len(text)))

    def _text(self, words: Sequence[str]) -> list[str]:
        return ["<s>", *(word if (word,) in self.log10 else "<unk>" for word in words), "</s>"]


def read(arpa: str) -> Model:
    """The model in the text of an ARPA file; a missing <unk> has -100, as in kenlm."""
    model, order = Model({("<unk>",): -100.0}, {}), 0
    for line in arpa.splitlines():
        if line.startswith("\\") and line.endswith("-grams:"):
            order = int(line[1:-7])
        elif order and line.strip() and line != "\\end\\":
            fields = line.split()
            ngram = tuple(fields[1 : order + 1])
            model.log10[ngram] = float(fields[0])
            if len(fields) > order + 1:
                model.backoff[ngram] = float(fields[-1])
    return model


def random_arpa(seed: int, order: int, *, has_unknown: bool = True, missing: float = 1.0) -> str:
    """An ARPA file, some n-grams without backoff weight; `missing`: how often one whose ending is none may be in it."""
    rng = random.Random(seed)
    unigrams = ["<s>", "</s>", *(["<unk>"] if has_unknown else []), *rng.sample(WORDS, rng.randint(3, len(WORDS)))]
    sections = [[(word,) for word in unigrams]]
    for _ in range(order - 1):
        contexts = [ngram for ngram in sections[-1] if ngram[-1] != "</s>"]
        found = {(*rng.choice(contexts), rng.choice(unigrams[1:])) for _ in range(14)} if contexts else set()
        known = {*sections[-1]}
        sections.append(sorted(ngram for ngram in found if ngram[1:] in known or rng.random() < missing))
    lines = ["\\data\\", *(f"ngram {n}={len(section)}" for n, section in enumerate(sections, 1))]
    for n, section in enumerate(sections, 1):
        lines += ["", f"\\{n}-grams:"]
        for ngram in section:
            backoff = f"\t{rng.uniform(-2, 0.3):.6f}" if n < order and rng.random() < 0.8 else ""
            lines.append(f"{-99 if ngram == ('<s>',) else -rng.uniform(0.01, 4):.6f}\t{' '.join(ngram)}{backoff}")
    return "\n".join([*lines, "", "\\end\\", ""])


def random_sentences(seed: int, count: int) -> list[str]:
    """Sentences of known and unknown words; some empty, some with markers as words."""
    rng = random.Random(seed)
    words = [*WORDS, "unseen", "<unk>", "<s>", "</s>", "x" * 30, "Ж"]
    return [" ".join(rng.choices(words, k=rng.randint(0, 12))) for _ in range(count)]
