"""MinHash signatures from text on one core, beside datasketch, datatrove and rensa.

    python -m tests.benchmarks.bench_minhash [--peers PYTHON] [--documents N]

Without --peers, datasketch is that of this environment and the others are absent. All are pinned to one core, with one
thread; seconds are of processor time, medians of several rounds. Documents: every n-th of 20 Newsgroups.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import zstandard

from pipeline.config import NearDedupConfig
from pipeline.kernels.minhash import minhash_signatures, permutations
from pipeline.stages.near_dedup_shingles import shingled
from tests.benchmarks.beside import peers, print_table, seconds
from tests.shared_data import ROOT

CORPUS = "corpus/20news-bydate-train.jsonl.zst"
ONE_THREAD = dict.fromkeys(("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def documents(count: int) -> list[str]:
    """`count` documents, taken evenly over the corpus."""
    with zstandard.open(ROOT / CORPUS, "rt", encoding="utf-8") as file:
        lines = [line for line in file if line.strip()]
    return [json.loads(lines[i])["text"] for i in np.linspace(0, len(lines) - 1, count).astype(int)]


def ours(texts: Sequence[str]) -> Callable[[], object]:
    """What `write_buckets` does between reading and writing, buckets left out."""
    config = NearDedupConfig()
    multiplier_P, addend_P = permutations(config.num_bands * config.rows_per_band)
    batches = [pa.array(texts[i : i + 1024]) for i in range(0, len(texts), 1024)]

    def work() -> object:
        return [
            minhash_signatures(shingle_S, offsets_D1, multiplier_P, addend_P)
            for batch in batches
            for _, shingle_S, offsets_D1 in shingled(batch, config)
        ]

    return work


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default=sys.executable, help="Python that has datasketch, datatrove and rensa")
    parser.add_argument("--documents", type=int, default=2000)
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.environ.update(ONE_THREAD)
    texts = documents(arguments.documents)
    print("MinHash signatures, 5-word shingles, 112 permutations, one core")
    taken = {"corpusmill": seconds(ours(texts)), **peers("peer_minhash.py", arguments.peers, texts)}
    print_table(texts, taken)


if __name__ == "__main__":
    main()
