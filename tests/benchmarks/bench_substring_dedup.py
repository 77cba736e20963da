"""Substring de-duplication of real documents, and of texts that are hard for it: processor time and peak memory.

    python -m tests.benchmarks.bench_substring_dedup

Each case runs in a process of its own: once on a little text, so that kernels are compiled, then measured. Workers and
Beam's runner are threads of that one process, so seconds and memory are those of everything together. No peer: what
others have for this is a suffix array, in Rust or C++ that pip does not install.

real: books, posts, news, mails, PEPs and licences, in documents of at most 20,000 characters. same: one document, many
times. template: texts of their own inside one template. slots: a template with a word of its own every 45 words, so
that anchors repeat and windows do not. twice: every text stands in two shards.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

KIB = 1024
SHARD_BYTES = 16_000_000
REAL = (
    "corpus/reuters21578",
    "corpus/20news-bydate-train",
    "corpus/classic_books",
    "corpus/peps",
    "corpus/spamassassin_mail",
    "corpus/multilang_news",
    "corpus/gutenberg_foreign",
    "neardup/license_texts",
    "neardup/gutenberg_editions",
)
LONGEST = 20_000


def real_texts() -> list[str]:
    """All documents, long ones in parts."""
    from tests.datatrove import read_jsonl
    from tests.shared_data import shared

    texts = [row.get("text") or "" for name in REAL for row in read_jsonl(shared(f"{name}.jsonl.zst"))]
    return [text[at : at + LONGEST] for text in texts for at in range(0, len(text), LONGEST)]


def _words(chance: random.Random, count: int) -> str:
    return " ".join(f"w{chance.randrange(10**5)}" for _ in range(count))


def same() -> list[str]:
    return [_words(random.Random(1), 300)] * 60_000


def template() -> list[str]:
    chance = random.Random(1)
    before, behind = _words(chance, 120), _words(chance, 120)
    return [f"{before} own{i} {_words(chance, 60)} {behind}" for i in range(60_000)]


def slots() -> list[str]:
    chance = random.Random(1)
    parts = [_words(chance, 45) for _ in range(6)]
    return [" ".join(f"{part} own{i}x{k}" for k, part in enumerate(parts)) for i in range(60_000)]


def twice() -> list[str]:
    chance = random.Random(1)
    texts = [_words(chance, 300) for _ in range(30_000)]
    return [*texts, *(f"{text} end" for text in texts)]


CASES: dict[str, Callable[[], list[str]]] = {
    "real": real_texts,
    "same": same,
    "template": template,
    "slots": slots,
    "twice": twice,
}


def run(texts: list[str], folder: Path) -> dict[str, Any]:
    """The counts of the job."""
    from pipeline.config import SubstringDedupConfig
    from pipeline.stages.substring_dedup import substring_dedup_job
    from tests.deduped import LocalEngine, write_corpus

    size, cuts = 0, []
    for i, text in enumerate(texts):
        size += len(text)
        if size > SHARD_BYTES:
            size, cuts = 0, [*cuts, i]
    documents = write_corpus(folder, texts, cuts)
    texts.clear()
    names = ("out", "cuts", "evidence", "cuts_evidence")
    paths: dict[str, str] = {f"{name}_path": str(folder / name) for name in names}
    began = time.process_time()
    result = substring_dedup_job(
        LocalEngine(), documents, SubstringDedupConfig(), work_dir=str(folder / "work"), key="key", **paths
    )
    return result | {"seconds": time.process_time() - began}


def measure(case: str) -> None:
    """Run one case and print its line."""
    with tempfile.TemporaryDirectory() as folder:
        run(["one two three"], Path(folder, "warm"))
        result = run([" ".join(map(str, range(100)))] * 2, Path(folder, "warm too"))
        result = run(CASES[case](), Path(folder, "run"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB / 1e6
    print(
        f"{case:10} {result['bytes'] / 1e6:6.0f} MB {result['in']:8,} documents {result['seconds']:6.1f} s "
        f"{result['bytes'] / result['seconds'] / 1e6:6.1f} MB/s {peak:6.0f} MB peak, "
        f"windows compared {result['windows_compared'] / result['words']:5.1%} of words, "
        f"{result['duplicates']:,} documents gone, {result['bytes_cut'] / result['bytes']:.1%} of the bytes cut",
        flush=True,
    )


def main() -> None:
    """Every case in a process of its own."""
    if len(sys.argv) > 1:
        measure(sys.argv[1])
        return
    for case in CASES:
        subprocess.run([sys.executable, "-m", "tests.benchmarks.bench_substring_dedup", case], check=True)


if __name__ == "__main__":
    main()
