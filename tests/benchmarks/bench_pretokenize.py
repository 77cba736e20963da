"""Pretokens on one core, beside the regular expressions of the `tokenizers` library.

    python -m tests.benchmarks.bench_pretokenize

Both sides are pinned to one core and take the same texts, ours end to end in one buffer, the library's one by one as
Python strings (its `pre_tokenize_str` also makes strings of the pretokens). Best of several rounds, processor seconds.
"""

from __future__ import annotations

import os
from itertools import accumulate, takewhile

from tests.benchmarks.beside import seconds
from tests.datatrove import read_jsonl
from tests.oracles.pretokens import buffers, splitter
from tests.shared_data import shared
from tokenizer.pretokenize import pretokens

PATTERNS = ("gpt2", "cl100k", "o200k", "qwen2")
SETS = {
    "books, English": "corpus/classic_books.jsonl.zst",
    "20 Newsgroups, English": "corpus/20news-bydate-train.jsonl.zst",
    "PEPs, prose and code": "corpus/peps.jsonl.zst",
    "news, 19 languages": "corpus/multilang_news.jsonl.zst",
    "UDHR, 446 languages": "lang/udhr.jsonl.zst",
    "instructions, Chinese": "instruct/alpaca_zh_part.jsonl.zst",
}
MAX_CHARS = 8_000_000
LIBRARY_CHARS = 800_000
OUR_ROUNDS, LIBRARY_ROUNDS = 15, 3


def texts_of(name: str, max_chars: int) -> list[str]:
    """The first documents of a set, about `max_chars` of them, at least one."""
    texts = [row.get("text") or row["output"] for row in read_jsonl(shared(name))]
    return texts[: 1 + sum(1 for _ in takewhile(lambda total: total < max_chars, accumulate(map(len, texts))))]


def megabytes(texts: list[str]) -> float:
    """Size of the texts in UTF-8, in MB."""
    return sum(len(text.encode()) for text in texts) / 1e6


def main() -> None:
    """Print the table."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print(f"{'texts':24}{'pattern':10}{'bytes each':>11}{'MB/s':>8}{'tokenizers MB/s':>17}{'times slower':>14}")
    for title, name in SETS.items():
        ours, theirs = texts_of(name, MAX_CHARS), texts_of(name, LIBRARY_CHARS)
        theirs = [text[:LIBRARY_CHARS] for text in theirs]
        view = buffers(ours)
        for pattern in PATTERNS:
            by = splitter(pattern)
            rate = megabytes(ours) / min(seconds(lambda v=view, p=pattern: pretokens(*v, p), OUR_ROUNDS))
            work = lambda texts=theirs, by=by: [by.pre_tokenize_str(text) for text in texts]  # noqa: E731
            library_rate = megabytes(theirs) / min(seconds(work, LIBRARY_ROUNDS))
            mean_bytes = megabytes(ours) * 1e6 / pretokens(*view, pattern)[0].size
            rates = f"{mean_bytes:11.1f}{rate:8.0f}{library_rate:17.2f}{rate / library_rate:14.0f}"
            print(f"{title:24}{pattern:10}{rates}", flush=True)


if __name__ == "__main__":
    main()
