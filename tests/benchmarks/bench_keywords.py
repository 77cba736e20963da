"""List words, boilerplate, markup and links on one core, beside datatrove's and NeMo Curator's filters.

    python -m tests.benchmarks.bench_keywords [--peers PYTHON] [--documents N]

Without --peers, or where that Python has neither datatrove nor nemo_curator, their lines say absent. Both sides are
pinned to one core; seconds are of processor time, medians of several rounds. Documents: evenly from 20 Newsgroups,
Reuters and PEPs; the list is LDNOOBW's English one. datatrove stops at the first word of a document, ours counts all.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from pipeline.config import KeywordsConfig
from pipeline.kernels.buffers import string_view
from pipeline.kernels.keywords import marked_text, our_reading
from pipeline.kernels.markup import markup_counts
from pipeline.kernels.word_anchors import anchors_of, groups_that_may_be
from pipeline.kernels.words import word_spans
from pipeline.stages.keywords import KeywordsStage
from pipeline.stages.list_words import ListWords
from pipeline.stages.phrases import Phrases
from tests.benchmarks.beside import peers, print_table, seconds
from tests.datatrove import real_texts
from tests.documents import documents
from tests.shared_data import ROOT

BATCH_ROWS = 1024
WORD_LIST = ROOT / "quality" / "ldnoobw" / "en.txt"


def work(texts: Sequence[str]) -> dict[str, Callable[[], object]]:
    """List words alone, the whole stage, and its steps, on batches as a job streams them."""
    batches = [documents(texts[i : i + BATCH_ROWS]) for i in range(0, len(texts), BATCH_ROWS)]
    views = [string_view(batch.column("text")) for batch in batches]
    marked = [marked_text(*view, our_reading()) for view in views]
    config = KeywordsConfig(lists=[str(WORD_LIST)])
    stage, list_words, phrases = KeywordsStage(config), ListWords(config), Phrases()
    no_label = pa.nulls(BATCH_ROWS, pa.string())
    anchors = anchors_of((list_words.patterns, phrases.explicit_patterns, phrases.boilerplate_patterns))

    def count() -> list[object]:
        texts = [batch.column("text") for batch in batches]
        return [list_words.count(one, no_label[: len(one)], np.ones(len(one), np.bool_)) for one in texts]

    return {
        "list words, every document": count,
        "every rule, verdicts": lambda: [stage(batch) for batch in batches],
        "  what may be there": lambda: [groups_that_may_be(*view, anchors) for view in views],
        "  marked text": lambda: [marked_text(*view, our_reading()) for view in views],
        "  own phrases": lambda: [(phrases.explicit_words(one), phrases.boilerplate(one)) for one in marked],
        "  markup and links": lambda: [markup_counts(*view) for view in views],
        "  words (denominators)": lambda: [word_spans(*view) for view in views],
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default=sys.executable, help="Python that has datatrove and nemo_curator")
    parser.add_argument("--documents", type=int, default=1500)
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    texts = real_texts(arguments.documents)
    print("List words, boilerplate, markup and links, one core")
    ours = {name: seconds(step) for name, step in work(texts).items()}
    print_table(texts, {**ours, **peers("peer_keywords.py", arguments.peers, texts)})


if __name__ == "__main__":
    main()
