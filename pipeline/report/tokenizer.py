"""How well a tokenizer suits its corpus: fertility, what others do, its tokens, and what a smaller one would do.

Every figure is of a sample of the corpus, whose counts are under `measured` (see stages/measure_tokenizer.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import PurePath
from typing import Any

from pipeline.report.chart import size_chart
from pipeline.report.markup import folded, pairs_list, table
from pipeline.report.units import bytes_text, share_text

Facts = Mapping[str, Any]
FINGERPRINT_DIGITS = 12
MAX_SHOWN = 12  # languages before the fold
OURS = "this run's"
KEY = (
    '<figcaption>Bytes per token over the size of the vocabulary<span class="key"></span> the sample{parts}{others}'
    "</figcaption>"
)
PARTS = '<span class="key part"></span> its languages'
OTHERS = '<span class="key dot"></span> compared'


def tokenizer_details(job: Facts) -> str:
    """What stands below a tokenizer's figures."""
    measured = job.get("measured") or {}
    parts = _parts(measured, str(job.get("job", ""))) if measured else ()
    return "".join([_left_out(job), _weighted(job), *parts])


def short_fingerprint(job: Facts) -> dict[str, Any]:
    """The job with as much of its fingerprint as messages tell."""
    return {**job, **({"fingerprint": job["fingerprint"][:FINGERPRINT_DIGITS]} if "fingerprint" in job else {})}


def tokenizer_line(job: Facts) -> str:
    """`32,000 tokens; 4.41 bytes per token, 1.31 tokens per word on a sample of 32.0 MB`; less where less is known."""
    said = f"{job.get('vocab_size', 0):,} tokens"
    sample = (job.get("measured") or {}).get("sample") or {}
    if not sample.get("bytes"):
        return said
    tokens, words = sample["tokens"][0], sample["words"]
    figures = [f"{_ratio(sample['bytes'], tokens)} bytes per token"]
    figures += [f"{_ratio(tokens, words)} tokens per word"] if words else []
    return f"{said}; {', '.join(figures)} on a sample of {bytes_text(sample['bytes'])}"


def _left_out(job: Facts) -> str:
    """How much of the text was not learned from, and how far off a count may be for it."""
    tail = job.get("left_out") or {}
    if not tail.get("words"):
        return ""
    units = tail["weight_units"]
    num_bytes, times, pairs = (f"{tail[name] / units:,.0f}" for name in ("bytes", "occurrences", "pairs"))
    return (
        f"<p>Left out: {tail['words']:,} of {job['distinct_words']:,} distinct words, those that count less than "
        f"{tail['min_count'] / units:,.4g} times. They occur {times} times and are {share_text(tail['byte_fraction'])} "
        f"of the text ({num_bytes} bytes): no pair of tokens is counted short by more than {pairs}.</p>"
    )


def _weighted(job: Facts) -> str:
    rows = [[f"<code>{escape(name)}</code>", f"{num:,}"] for name, num in (job.get("weighted_documents") or {}).items()]
    return table(["Weight", "Documents"], rows)


def _parts(measured: Facts, job: str) -> Iterator[str]:
    sample, others = measured["sample"], _names(measured["tokenizers"])[1:]
    yield (
        f"<p>Measured on {sample['documents']:,} documents of the corpus ({bytes_text(sample['bytes'])}, "
        f"{sample['words']:,} words), chosen by hash.</p>"
    )
    yield _figure(measured, others, job)
    yield _compared(measured)
    has_bytes = "learned" in measured
    head = ["Bytes", "Bytes per token", "Tokens per word", "Tokens that cut a character"]
    beside = [f"Bytes per token, {escape(name)}" for name in others]
    languages, sources = ([_fertility(one, has_bytes) for one in measured[name]] for name in ("languages", "sources"))
    yield table(["Language", *head, *beside], languages[:MAX_SHOWN])
    rest = languages[MAX_SHOWN:]
    yield folded(f"{len(rest)} more languages", table(["Language", *head, *beside], rest)) if rest else ""
    yield folded("Sources", table(["Source", *head, *beside], sources)) if sources else ""
    yield _sizes(measured)
    yield from _tokens(measured)


def _names(tokenizers: Sequence[Facts]) -> list[str]:
    """This run's, then the ends of the others' paths, as long as it takes to tell them apart."""
    parts = [_telling(PurePath(one["path"])).parts for one in tokenizers[1:]]
    longest = max(map(len, parts), default=0)
    ends = ([tuple(part[-n:]) for part in parts] for n in range(1, longest))
    names = next((one for one in ends if len(set(one)) == len(parts)), parts)
    return [OURS, *(str(PurePath(*name)) for name in names)]


def _telling(path: PurePath) -> PurePath:
    """Less what such files and folders are called anyway: tokenizer.json, and the folder tokenizer of a run."""
    path = path.parent if path.name == "tokenizer.json" else PurePath(str(path).removesuffix(".json"))
    return path.parent if path.name == "tokenizer" and len(path.parts) > 1 else path


def _figure(measured: Facts, others: Sequence[str], job: str) -> str:
    curves = [(name, _curve(measured, name, size_of)) for name, size_of in _sample_bytes(measured).items()]
    parts = curves[1:] if len(curves) > 2 else []
    sample, vocabularies = measured["sample"], measured["tokenizers"][1:]
    dots = [
        (name, float(one["vocab_size"]), sample["bytes"] / tokens)
        for name, one, tokens in zip(others, vocabularies, sample["tokens"][1:], strict=True)
        if tokens
    ]
    chart = size_chart([*curves[:1], *parts], dots, label=f"Bytes per token of {job} over the size of its vocabulary")
    key = KEY.format(parts=PARTS if parts else "", others=OTHERS if dots else "")
    return f"<figure>{chart}{key}</figure>" if chart else ""


def _sample_bytes(measured: Facts) -> dict[str, int]:
    """Bytes of what has a curve: the sample, whose name is empty, then languages."""
    sizes = {"": measured["sample"]["bytes"]} | {one["name"]: one["bytes"] for one in measured["languages"]}
    return {name: sizes[name] for name in measured["tokens_by_size"] if name in sizes}


def _curve(measured: Facts, name: str, num_bytes: int) -> list[tuple[float, float]]:
    counts = zip(measured["sizes"], measured["tokens_by_size"][name], strict=True)
    return [(float(size), num_bytes / tokens) for size, tokens in counts if tokens]


def _compared(measured: Facts) -> str:
    """One row per tokenizer; more tokens than this run's is a longer text to train on."""
    sample = measured["sample"]
    ours = sample["tokens"][0]
    rows = [
        [
            escape(name),
            f"{one['vocab_size']:,}",
            _ratio(sample["bytes"], tokens),
            _ratio(tokens, sample["words"]),
            f"{tokens / ours - 1:+.1%}" if ours and i else "",
        ]
        for i, (name, one, tokens) in enumerate(
            zip(_names(measured["tokenizers"]), measured["tokenizers"], sample["tokens"], strict=True)
        )
    ]
    return table(["Tokenizer", "Vocabulary", "Bytes per token", "Tokens per word", "Tokens against this run's"], rows)


def _fertility(one: Facts, has_bytes: bool) -> list[str]:
    ours, *others = one["tokens"]
    cut = one["fragments"] / ours if ours and has_bytes else None
    return [
        f"<code>{escape(one['name'])}</code>" if one["name"] is not None else "not labelled",
        bytes_text(one["bytes"]),
        _ratio(one["bytes"], ours),
        _ratio(ours, one["words"]),
        share_text(cut),
        *(_ratio(one["bytes"], tokens) for tokens in others),
    ]


def _sizes(measured: Facts) -> str:
    """The numbers of the picture, and what each step in size saves."""
    sample_bytes = _sample_bytes(measured)
    tokens = measured["tokens_by_size"].get("") or []
    rows = [
        [
            f"{size:,}",
            *(_ratio(num, measured["tokens_by_size"][name][i]) for name, num in sample_bytes.items()),
            f"{1 - tokens[i] / tokens[i - 1]:.1%}" if i and tokens[i - 1] else "",
        ]
        for i, size in enumerate(measured["sizes"])
    ]
    head = ["Bytes per token", *(escape(name) for name in list(sample_bytes)[1:]), "Tokens saved by the step"]
    return folded("Smaller vocabularies: the first merges alone", table(["Vocabulary", *head], rows)) if rows else ""


def _tokens(measured: Facts) -> Iterator[str]:
    """What the vocabulary holds; nothing for what is no byte-level BPE."""
    if "learned" not in measured:
        return
    tokens, learned = measured["sample"]["tokens"][0], measured["learned"]
    single = share_text(measured["single_bytes"] / tokens if tokens else None)
    cut = share_text(measured["sample"]["fragments"] / tokens if tokens else None)
    unused = f"{measured['unused']:,} of {learned:,}" if tokens else ""
    pairs = [
        ("tokens of a single byte", single),
        ("tokens that cut a character", cut),
        ("learned tokens that the sample does not use", unused),
        ("their share", share_text(measured["unused"] / learned) if learned and tokens else ""),
    ]
    yield pairs_list("figures", pairs)
    longest = [[_token(text), f"{size:,}", f"{used:,}"] for text, size, used in measured["longest_tokens"]]
    yield folded("Longest tokens", table(["Token", "Bytes", "Used"], longest)) if longest else ""
    if measured["unused_tokens"] and tokens:
        title = f"Tokens that the sample does not use, the first {len(measured['unused_tokens'])}"
        yield folded(title, f"<p>{' '.join(map(_token, measured['unused_tokens']))}</p>")


def _token(text: str) -> str:
    """A token in quotes, so that its spaces and line ends can be seen; bytes that are no text stand as \\xff."""
    quoted = json.dumps(text, ensure_ascii=False).replace("\\\\x", "\\x")
    return f'<code class="token">{escape(quoted)}</code>'


def _ratio(part: float, whole: float) -> str:
    return f"{part / whole:.2f}" if whole else ""
