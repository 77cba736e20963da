"""What datatrove says of Gopher's rules: writes `datatrove_gopher.jsonl.zst`, or the same for other documents.

    python -m venv peers && peers/bin/pip install "datatrove[processing]==0.10.1" spacy zstandard
    peers/bin/python tests/golden/make_datatrove_gopher.py                            # the golden set
    peers/bin/python tests/golden/make_datatrove_gopher.py --texts in.json out.zst    # a JSON list of texts

Each row: text, datatrove's words, the reason (or null) of each of its two filters with default settings, and the values
that its rules compare. The values are restated here from its formulas and then proved with its own filters: a filter
with that one rule passes at the value as threshold and drops at the next float beyond.

The texts are made below from a seed, and from four texts in the public domain.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from pathlib import Path

import zstandard
from datatrove.data import Document
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.filters.gopher_repetition_filter import (
    find_all_duplicate,
    find_duplicates,
    find_top_duplicate,
    get_n_grams,
)
from datatrove.utils.text import PUNCTUATION_SET, split_into_words

GOLDEN = Path(__file__).with_name("datatrove_gopher.jsonl.zst")
TOP, DUPLICATE = (2, 3, 4), (5, 6, 7, 8, 9, 10)
QUALITY_RULES = {
    "num_words": ("min_doc_words", "max_doc_words"),
    "mean_word_chars": ("min_avg_word_length", "max_avg_word_length"),
    "symbol_word_fraction": (None, "max_symbol_word_ratio"),
    "bullet_line_fraction": (None, "max_bullet_lines_ratio"),
    "ellipsis_line_fraction": (None, "max_ellipsis_lines_ratio"),
    "alphabetic_word_fraction": ("max_non_alpha_words_ratio", None),
    "num_stop_words": ("min_stop_words", None),
}
REPETITION_RULES = {
    "duplicate_paragraph_fraction": "dup_para_frac",
    "duplicate_paragraph_char_fraction": "dup_para_char_frac",
    "duplicate_line_fraction": "dup_line_frac",
    "duplicate_line_char_fraction": "dup_line_char_frac",
}
PUBLIC_DOMAIN = (
    "Four score and seven years ago our fathers brought forth on this continent, a new nation, conceived in "
    "Liberty, and dedicated to the proposition that all men are created equal.\n\nNow we are engaged in a great "
    "civil war, testing whether that nation, or any nation so conceived and so dedicated, can long endure. We "
    "are met on a great battle-field of that war. We have come to dedicate a portion of that field, as a final "
    "resting place for those who here gave their lives that that nation might live. It is altogether fitting and "
    "proper that we should do this.",
    "Shall I compare thee to a summer's day?\nThou art more lovely and more temperate:\nRough winds do shake the "
    "darling buds of May,\nAnd summer's lease hath all too short a date;\nSometime too hot the eye of heaven "
    "shines,\nAnd often is his gold complexion dimm'd;\nAnd every fair from fair sometime declines,\nBy chance "
    "or nature's changing course untrimm'd;\nBut thy eternal summer shall not fade,\nNor lose possession of that "
    "fair thou ow'st;",
    "Alice was beginning to get very tired of sitting by her sister on the bank, and of having nothing to do: "
    "once or twice she had peeped into the book her sister was reading, but it had no pictures or conversations "
    "in it, “and what is the use of a book,” thought Alice “without pictures or conversations?”",
    "Call me Ishmael. Some years ago--never mind how long precisely--having little or no money in my purse, and "
    "nothing particular to interest me on shore, I thought I would sail about a little and see the watery part "
    "of the world. It is a way I have of driving off the spleen and regulating the circulation.",
)
COMMON = "the be to of and that have with a in it for on as was he you this but his by from they we say her she or an"
RARE = (
    "river window harbour naïve café Straße don't it's well-known U.S. e.g. 3.14 1,000 50% C++ state-of-the-art "
    "Привет мир 日本語 東京 ไทย नमस्ते 안녕 😀 a_b x=1 "
    "http://example.org/a?b=c me@example.org ½ １２ №5 “quoted” (aside) … ... # • -"
)


def sentence(rng: random.Random) -> str:
    words = rng.choices(COMMON.split(), k=rng.randint(2, 12)) + rng.choices(RARE.split(), k=rng.randint(0, 6))
    rng.shuffle(words)
    return " ".join(words) + rng.choice(".....!?:;…") * rng.choice((1, 1, 1, 3))


def made_text(rng: random.Random) -> str:
    """Lines of sentences in one of several spoilt shapes, so that every rule has something to find."""
    lines = [sentence(rng) for _ in range(rng.randint(1, 30))]
    shape = rng.randrange(12)
    if shape == 0:
        lines = [rng.choice(("- ", "• ", "  -", "\u3000• ")) + line for line in lines]
    elif shape == 1:
        lines = [line + rng.choice(("...", " …", "... ", "..")) for line in lines]
    elif shape == 2:
        lines += rng.choices(lines, k=rng.randint(1, 2 * len(lines)))
    elif shape == 3:
        lines = [part for line in lines for part in (line, rng.choice(lines))] * 2
    elif shape == 4:
        lines = ["#" * rng.randint(0, 4) + " " + line for line in lines]
    elif shape == 5:
        lines = [" ".join(str(rng.randrange(10 ** rng.randint(1, 9))) for _ in range(8)) for _ in lines]
    elif shape == 6:
        lines = [" ".join(rng.choices(("buy", "now", "the", "best price"), k=12)) for _ in lines]
    elif shape == 7:
        lines = [" ".join(rng.choices(("a", "b", "of", "I"), k=20)) for _ in lines]
    elif shape == 8:
        lines = ["".join(rng.choices("abcdefghij", k=rng.randint(8, 30))) + " the" for line in lines]
    elif shape == 9:
        lines = [rng.choice(PUBLIC_DOMAIN)] * rng.randint(1, 3) + lines
    breaks = rng.choice((("\n",), ("\n\n",), ("\n", "\n\n", "\n\n\n"), ("\n", "\r\n", "\x85", "\u2028", "\x0b", " \n")))
    return (
        rng.choice(("", "\n", " \n\n"))
        + "".join(line + rng.choice(breaks) for line in lines)
        + rng.choice(("", "\n\n"))
    )


def golden_texts() -> list[str]:
    rng = random.Random(20261121)
    edges = ["", " ", "\n\n", "#", "...", "the", "-", "… …", "a\n\na", "the the the the the the"]
    return [*edges, *PUBLIC_DOMAIN, *(made_text(rng) for _ in range(240))]


def quality_values(text: str, words: list[str]) -> dict[str, float]:
    whole = [w for w in words if any(c not in PUNCTUATION_SET for c in w)]
    lines = text.splitlines()
    ellipses = text.count("...") + text.count("…")
    stop_words = GopherQualityFilter().stop_words
    return {
        "num_words": len(whole),
        "mean_word_chars": sum(map(len, whole)) / max(len(whole), 1),
        "hash_word_fraction": text.count("#") / max(len(words), 1),
        "ellipsis_word_fraction": ellipses / max(len(words), 1),
        "bullet_line_fraction": sum(s.lstrip().startswith(("•", "-")) for s in lines) / max(len(lines), 1),
        "ellipsis_line_fraction": sum(s.rstrip().endswith(("...", "…")) for s in lines) / max(len(lines), 1),
        "alphabetic_word_fraction": sum(any(c.isalpha() for c in w) for w in words) / max(len(words), 1),
        "num_stop_words": len(stop_words & set(words)),
    }


def repetition_values(text: str, words: list[str]) -> dict[str, float]:
    rules, chars = GopherRepetitionFilter(), max(len(text), 1)
    paragraphs, lines = rules.paragraph_exp.split(text.strip()), rules._line_splitter.split(text)
    (paragraph_copies, paragraph_chars), (line_copies, line_chars) = find_duplicates(paragraphs), find_duplicates(lines)
    grams = {n: get_n_grams(words, n) for n in TOP}
    return {
        "duplicate_paragraph_fraction": paragraph_copies / len(paragraphs),
        "duplicate_paragraph_char_fraction": paragraph_chars / chars,
        "duplicate_line_fraction": line_copies / len(lines),
        "duplicate_line_char_fraction": line_chars / chars,
        **{f"top_{n}_gram_char_fraction": find_top_duplicate(grams[n]) / chars if grams[n] else 0.0 for n in TOP},
        **{f"duplicate_{n}_gram_char_fraction": find_all_duplicate(words, n) / chars for n in DUPLICATE},
    }


def prove(text: str, quality: dict[str, float], repetition: dict[str, float]) -> None:
    """Assert that datatrove's filters, one rule at a time, put each value exactly where we say it is."""
    symbols = max(quality["hash_word_fraction"], quality["ellipsis_word_fraction"])
    all_off = dict.fromkeys([s for pair in QUALITY_RULES.values() for s in pair if s])
    for name, (minimum, maximum) in QUALITY_RULES.items():
        value = symbols if name == "symbol_word_fraction" else quality[name]
        for setting, beyond in ((minimum, math.inf), (maximum, -math.inf)):
            if setting and value > 0:
                assert GopherQualityFilter(**{**all_off, setting: value}).filter(Document(text, "")) is True, (
                    name,
                    text,
                )
                near = GopherQualityFilter(**{**all_off, setting: math.nextafter(value, beyond)})
                assert near.filter(Document(text, "")) is not True, (name, text)
    nothing = {**dict.fromkeys(REPETITION_RULES.values()), "top_n_grams": (), "dup_n_grams": ()}
    limits = [(setting, lambda v: v, repetition[name]) for name, setting in REPETITION_RULES.items()]
    limits += [("top_n_grams", lambda v, n=n: ((n, v),), repetition[f"top_{n}_gram_char_fraction"]) for n in TOP]
    limits += [
        ("dup_n_grams", lambda v, n=n: ((n, v),), repetition[f"duplicate_{n}_gram_char_fraction"]) for n in DUPLICATE
    ]
    for setting, wrap, value in limits:
        if value > 0:
            at, below = wrap(value), wrap(math.nextafter(value, -math.inf))
            assert GopherRepetitionFilter(**{**nothing, setting: at}).filter(Document(text, "")) is True, (
                setting,
                text,
            )
            assert GopherRepetitionFilter(**{**nothing, setting: below}).filter(Document(text, "")) is not True, setting


def reason(outcome: bool | tuple[bool, str]) -> str | None:
    return None if outcome is True else outcome[1]


def row(text: str) -> dict[str, object]:
    words = split_into_words(text)
    quality, repetition = quality_values(text, words), repetition_values(text, words)
    if words:
        prove(text, quality, repetition)
    return {
        "text": text,
        "words": words,
        "quality_reason": reason(GopherQualityFilter().filter(Document(text, ""))),
        "repetition_reason": reason(GopherRepetitionFilter().filter(Document(text, ""))),
        "quality": quality,
        "repetition": repetition,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", nargs=2, metavar=("IN", "OUT"), help="JSON list of texts, and where the rows go")
    given = parser.parse_args().texts
    texts = json.loads(Path(given[0]).read_text(encoding="utf-8")) if given else golden_texts()
    lines = "".join(json.dumps(row(text), ensure_ascii=False) + "\n" for text in texts)
    target = Path(given[1]) if given else GOLDEN
    target.write_bytes(zstandard.ZstdCompressor(level=19).compress(lines.encode()))


if __name__ == "__main__":
    main()
