"""Gopher quality and repetition filters on one core, beside datatrove's.

    python -m tests.benchmarks.bench_gopher [--peers PYTHON] [--documents N]

Without --peers, or where that Python has no datatrove, its line says absent. Both sides are pinned to one core; seconds
are of processor time, medians of several rounds. Both measure every document with both filters; datatrove stops a
filter at its first reason, ours always measures everything. Documents: evenly from 20 Newsgroups, Reuters and PEPs.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

import pyarrow as pa

from pipeline.config import GopherQualityConfig, GopherRepetitionConfig
from pipeline.kernels.buffers import string_view
from pipeline.kernels.gopher_quality import gopher_quality_signals
from pipeline.kernels.gopher_repetition import gopher_repetition_signals
from pipeline.kernels.words import word_spans
from pipeline.stages.gopher_quality import GopherQualityStage
from pipeline.stages.gopher_repetition import GopherRepetitionStage
from tests.benchmarks.beside import peers, print_table, seconds
from tests.datatrove import real_texts
from tests.documents import documents

BATCH_ROWS = 1024


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


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default=sys.executable, help="Python that has datatrove")
    parser.add_argument("--documents", type=int, default=1500)
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    texts = real_texts(arguments.documents)
    print("Gopher quality and repetition filters, one core")
    taken = {"corpusmill": seconds(ours(texts)), **peers("peer_gopher.py", arguments.peers, texts)}
    for name, work in steps(texts).items():
        taken[f"  {name}"] = seconds(work)
    print_table(texts, taken)


if __name__ == "__main__":
    main()
