"""Slow, obvious twins of line de-duplication: its definition by dictionaries, and ports of two originals.

`c4_remaining` is a port of remove_duplicate_text (tensorflow_datasets/text/c4_utils.py, 4.9.10), `ccnet_remaining` one
of HashesCollector and DuplicatesRemover (cc_net/dedup.py), both line by line.
"""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.config import LineDedupConfig
from tests.oracles import c4, ccnet, words

MARKS = "，。、„”“«»」「《》´∶：？！（）；–．～’…━〈〉【】％►—"
CONTROLS = "".join(map(chr, [*range(32), *range(127, 160)]))
ASCII_MARKS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
NUMBER = re.compile(r"\d+(?:[.,،٫⎖⎗⎘]\d+)?")


class Outcome(NamedTuple):
    """left: text of each document, None where it goes whole. counts: places of each unit's form."""

    left: list[str | None]
    counts: dict[str, int]


def normal_form(text: str, form: str) -> str:
    """The form of a line, as the originals make it but for context: sigma, marks out of order, blanks in a row."""
    if form == "fineweb":
        numbers = NUMBER.sub("0", "".join(one.lower() for one in text).replace("ς", "σ"))
        blanks = numbers.translate(dict.fromkeys(map(ord, MARKS + CONTROLS + ASCII_MARKS), " "))
        plain = "".join(_without_accents(one) for one in blanks)
        return " ".join(re.sub(r"\s+", " ", plain).split(" ")).strip() if plain.strip() else ""
    text = text.strip()
    if form == "raw":
        return text
    lower = words.lower(text).replace("ς", "σ")
    if form == "lower":
        return lower
    zeros = "".join("0" if unicodedata.category(one) == "Nd" else one for one in lower)
    return zeros.translate(dict.fromkeys(map(ord, MARKS + CONTROLS)))


def _without_accents(one: str) -> str:
    letters = "".join(c for c in unicodedata.normalize("NFD", one) if unicodedata.category(c) != "Mn")
    return letters if letters == one else letters.translate(ccnet.PUNCTUATION)


def pieces(text: str, unit: str, *, compares_blank: bool) -> list[tuple[int, int]]:
    """Spans of lines, paragraphs or sentences in characters, without the breaks behind them."""
    if unit == "sentence":
        return _sentences(text)
    lines = [(m.start(1), m.end(1)) for m in re.finditer(r"([^\n]*?)(?:\r?\n|\Z)", text) if m.end() > m.start()]
    if unit == "line":
        return [(a, b) for a, b in lines if compares_blank or text[a:b].strip()]
    found, was_blank = [], True
    for a, b in lines:
        is_blank = not text[a:b].strip()
        if not is_blank and not was_blank:
            found[-1] = (found[-1][0], b)
        elif not is_blank:
            found.append((a, b))
        was_blank = is_blank
    return found


def _sentences(text: str) -> list[tuple[int, int]]:
    found, begin = [], len(text) - len(text.lstrip())
    start = begin
    while begin < len(text):
        rest = text[begin:]
        run = next((r for r in c4.RUN.finditer(rest) if c4.ends_a_sentence(r[0], rest[r.end() :])), None)
        after = begin + run.end() if run else len(text)
        after += len(text[after:]) - len(text[after:].lstrip())
        if run is None or run.start() > 0 or after == len(text):
            found.append((start, start + len(text[start:after].rstrip())))
            start = after
        begin = after
    return found


def units_of(text: str, config: LineDedupConfig) -> list[tuple[int, str]]:
    """(number, normal form) of the units that are compared."""
    compares = config.blank_lines == "compare"
    forms = [normal_form(text[a:b], config.normalize) for a, b in pieces(text, config.unit, compares_blank=compares)]
    windows = [" ".join(forms[i : i + config.window]) for i in range(len(forms) - config.window + 1)]
    return [(i, w) for i, w in enumerate(windows) if (compares or w.strip(" ")) and len(w) >= config.min_chars]


def dedup(texts: Sequence[str], config: LineDedupConfig, untouched: Sequence[int] = ()) -> Outcome:
    """What the definition leaves of each text. Rules of rank: `first`, or `longest` before it."""
    order = sorted(range(len(texts)), key=lambda d: (-len(texts[d]) if "longest" in config.prefer else 0, d))
    places: dict[str, list[tuple[int, int]]] = {}
    for d in order:
        for number, form in units_of(texts[d], config):
            places.setdefault(form, []).append((d, number))
    lost: dict[int, set[int]] = {}
    for where in places.values():
        if len(where) >= config.min_count:
            keeps_none = config.keep == "none" and len({d for d, _ in where}) > 1
            for d, number in where if keeps_none else where[1:]:
                lost.setdefault(d, set()).add(number)
    left = [
        text if d in untouched or d not in lost else _remaining(text, lost[d], config) for d, text in enumerate(texts)
    ]
    return Outcome(left, {form: len(where) for form, where in places.items()})


def _remaining(text: str, lost: set[int], config: LineDedupConfig) -> str | None:
    left = without(text, lost, config)
    if left is None or len(words.words(left)) < (config.min_words_left or 0):
        return None
    return None if c4.sentences(left) < (config.min_sentences_left or 0) else left


def without(text: str, lost: set[int], config: LineDedupConfig) -> str | None:
    """The text without these units; between pieces that become neighbours stands the break with more line feeds."""
    spans = pieces(text, config.unit, compares_blank=config.blank_lines == "compare")
    breaks = [text[b:a] for (_, b), (a, _) in zip(spans, [*spans[1:], (len(text), 0)], strict=True)]
    gone = {e for number in lost for e in range(number, number + config.window)}
    kept = [e for e in range(len(spans)) if e not in gone]
    if not any(text[slice(*spans[e])].strip() for e in kept):
        return None
    left = text[: spans[0][0]]
    for e, behind in zip(kept, [*kept[1:], len(spans)], strict=True):
        first, last = breaks[e], breaks[behind - 1]
        takes_last = behind == len(spans) or last.count("\n") > first.count("\n")
        left += text[slice(*spans[e])] + (last if takes_last else first)
    return left


def c4_remaining(pages: Sequence[tuple[str, str]]) -> list[str]:
    """Port. Text left of (url, text) pages with different urls, without the rule on sentences."""

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    urls: dict[str, list[str]] = {}
    for url, text in pages:
        for line in text.split("\n"):
            urls.setdefault(md5(line.strip().lower()), []).append(url)
    selected = {line: min(some, key=md5) for line, some in urls.items()}
    left = []
    for url, text in pages:
        new_lines, hashed_lines = [], set()
        for line in text.split("\n"):
            hashed = md5(line.strip().lower())
            if selected[hashed] == url and hashed not in hashed_lines:
                new_lines.append(line)
                hashed_lines.add(hashed)
        left.append("\n".join(new_lines))
    return left


def ccnet_normalised(line: str) -> str:
    """Port of normalize_for_dedup (cc_net/text_normalizer.py)."""
    line = line.strip()
    if not line:
        return line
    line = re.sub(r"\d", "0", line.lower())
    return re.sub(f"[{re.escape(MARKS + '１' + CONTROLS)}]", "", line)


def ccnet_remaining(texts: Sequence[str]) -> list[str | None]:
    """Port. Text left of each document; None where it goes. The set of hashes as NaiveHashSet fills it."""
    hashed = [
        [hashlib.sha1(ccnet_normalised(line).encode()).digest()[:8] for line in text.split("\n")] for text in texts
    ]
    is_duplicate: dict[bytes, bool] = {}
    for text, hashes in zip(texts, hashed, strict=True):
        if text:
            contains = [one in is_duplicate for one in hashes]
            is_duplicate.update(zip(hashes, contains, strict=True))
    left: list[str | None] = []
    for text, hashes in zip(texts, hashed, strict=True):
        if not text or all(is_duplicate[one] for one in hashes):
            left.append(None)
            continue
        seen, new_lines = set(), []
        for line, one in zip(text.split("\n"), hashes, strict=True):
            if one not in seen and not is_duplicate[one]:
                new_lines.append(line)
            seen.add(one)
        left.append("\n".join(new_lines))
    return left
