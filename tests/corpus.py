"""A small seeded corpus with everything in it: prose, junk, copies, near copies, addresses, broken lines."""

import json
import random
from pathlib import Path

WORDS = [
    "the",
    "be",
    "to",
    "of",
    "and",
    "that",
    "have",
    "with",
    "river",
    "mountain",
    "letter",
    "window",
    "garden",
    "harbour",
    "engine",
    "paper",
    "winter",
    "summer",
    "light",
    "house",
    "number",
    "people",
    "water",
    "story",
    "morning",
    "evening",
    "table",
    "question",
    "answer",
    "music",
    "travel",
    "bridge",
    "market",
    "village",
    "school",
    "doctor",
    "between",
    "against",
    "without",
    "through",
    "another",
    "several",
    "country",
    "history",
    "science",
    "language",
    "simple",
    "gentle",
    "narrow",
    "distant",
]


def sentence(rng: random.Random) -> str:
    words = rng.choices(WORDS, k=rng.randint(6, 16))
    return " ".join(words).capitalize() + "."


def prose(rng: random.Random, sentences: int) -> str:
    return " ".join(sentence(rng) for _ in range(sentences))


def near_copy(rng: random.Random, text: str) -> str:
    words = text.split(" ")
    words[rng.randrange(len(words))] = "altered"
    return " ".join(words)


def documents(count: int, seed: int = 7) -> list[str]:
    """About a tenth each of short texts, repetition, exact copies, near copies and texts with an e-mail address."""
    rng = random.Random(seed)
    texts: list[str] = []
    for i in range(count):
        kind = i % 10 if i > 20 else 9
        if kind == 0:
            texts.append(sentence(rng))
        elif kind == 1:
            texts.append("\n".join(["buy the cheap thing that you have to have with love"] * 30))
        elif kind == 2:
            texts.append(rng.choice(texts))
        elif kind == 3:
            texts.append(near_copy(rng, rng.choice(texts)))
        elif kind == 4:
            texts.append(f"{prose(rng, 8)} Write to someone{i}@example{i}.org for more. {prose(rng, 6)}")
        else:
            texts.append(prose(rng, rng.randint(8, 40)))
    return texts


def write_jsonl(folder: Path, files: int = 5, count: int = 400, broken_every: int = 0) -> list[Path]:
    """The documents dealt to `files` JSON Lines files; every `broken_every`-th line is cut in half."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"part-{i}.jsonl" for i in range(files)]
    texts = documents(count)
    for i, path in enumerate(paths):
        lines = [json.dumps({"text": t, "n": n}, ensure_ascii=False) for n, t in enumerate(texts) if n % files == i]
        if broken_every:
            lines = [line[: len(line) // 2] if n % broken_every == 0 else line for n, line in enumerate(lines)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return paths
