"""Gopher quality and repetition filters on one core, beside datatrove's.

    python -m tests.benchmarks.bench_gopher [--peers PYTHON] [--documents N]

Without --peers, or where that Python has no datatrove, its line says absent. Both sides are pinned to one core; seconds
are of processor time, medians of several rounds. Both measure every document with both filters; datatrove stops a
filter at its first reason, ours always measures everything. Documents: evenly from 20 Newsgroups, Reuters and PEPs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import pyarrow as pa

from pipeline.config import GopherQualityConfig, GopherRepetitionConfig
from pipeline.kernels.buffers import string_view
from pipeline.kernels.gopher_quality import gopher_quality_signals
from pipeline.kernels.gopher_repetition import gopher_repetition_signals
from pipeline.kernels.words import word_spans
from pipeline.stages.gopher_quality import GopherQualityStage
from pipeline.stages.gopher_repetition import GopherRepetitionStage
from tests.datatrove import real_texts
from tests.documents import documents

BATCH_ROWS = 1024
ROUNDS = 9


def ours(texts: Sequence[str]) -> Callable[[], object]:
    """Both stages on batches as a job streams them, verdicts included."""
    stages = (GopherRepetitionStage(GopherRepetitionConfig()), GopherQualityStage(GopherQualityConfig()))
    batches = [documents(texts[i : i + BATCH_ROWS]) for i in range(0, len(texts), BATCH_ROWS)]
    return lambda: [stage(batch) for batch in batches for stage in stages]


def steps(texts: Sequence[str]) -> dict[str, Callable[[], object]]:
    """The kernels alone."""
    views = [string_view(pa.array(texts[i : i + BATCH_ROWS])) for i in range(0, len(texts), BATCH_ROWS)]
    given = [(text_B, offsets_D1, word_spans(text_B, offsets_D1)) for text_B, offsets_D1 in views]
    stop_words = GopherQualityConfig().stop_words
    return {
        "words (in each stage)": lambda: [word_spans(*view) for view in views],
        "quality signals": lambda: [gopher_quality_signals(*one, stop_words) for one in given],
        "repetition signals": lambda: [
            gopher_repetition_signals(*one, (2, 3, 4), (5, 6, 7, 8, 9, 10)) for one in given
        ],
    }


def seconds(work: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Processor seconds of each round, after one that compiles."""
    work()
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return taken


def peers(python: str, texts: Sequence[str]) -> dict[str, list[float] | None]:
    """Seconds of each peer's rounds on the same texts, None where it is not installed."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(texts, file)
        file.flush()
        script = str(Path(__file__).with_name("peer_gopher.py"))
        run = subprocess.run([python, script, file.name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return json.loads(run.stdout.splitlines()[-1])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default=sys.executable, help="Python that has datatrove")
    parser.add_argument("--documents", type=int, default=1500)
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    texts = real_texts(arguments.documents)
    num_bytes = sum(len(text.encode()) for text in texts)
    print("Gopher quality and repetition filters, one core")
    print(f"{len(texts)} documents, {num_bytes / 1e6:.1f} MB")
    print(f"{'':24}{'documents/s':>14}{'MB/s':>10}{'times slower':>14}{'rounds':>8}")
    best = median(seconds(ours(texts)))
    for name, taken in {"corpusmill": [best] * ROUNDS, **peers(arguments.peers, texts)}.items():
        if taken is None:
            print(f"{name:24}{'absent':>14}")
            continue
        middle = median(taken)
        rates = f"{len(texts) / middle:14,.0f}{num_bytes / 1e6 / middle:10.2f}{middle / best:14.1f}"
        print(f"{name:24}{rates}{len(taken):8}")
    for name, work in steps(texts).items():
        middle = median(seconds(work))
        print(f"  {name:22}{len(texts) / middle:14,.0f}{num_bytes / 1e6 / middle:10.2f}")


if __name__ == "__main__":
    main()
