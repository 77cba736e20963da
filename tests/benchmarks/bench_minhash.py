"""MinHash signatures from text on one core, beside datasketch, datatrove and rensa.

    python -m tests.benchmarks.bench_minhash [--peers PYTHON] [--documents N]

Without --peers, datasketch is that of this environment and the others are absent. All are pinned to one core, with one
thread; seconds are of processor time, medians of several rounds. Documents: every n-th of 20 Newsgroups.
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

import numpy as np
import pyarrow as pa
import zstandard

from pipeline.config import NearDedupConfig
from pipeline.kernels.minhash import minhash_signatures, permutations
from pipeline.stages.near_dedup_shingles import shingled
from tests.shared_data import ROOT

CORPUS = "corpus/20news-bydate-train.jsonl.zst"
ONE_THREAD = dict.fromkeys(("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
ROUNDS = 9


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
            for _, shingle_S, offsets_D1 in shingled(batch, config.shingle_words)
        ]

    return work


def seconds(work: Callable[[], object], rounds: int) -> list[float]:
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
        script = str(Path(__file__).with_name("peer_minhash.py"))
        run = subprocess.run([python, script, file.name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return json.loads(run.stdout.splitlines()[-1])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default=sys.executable, help="Python that has datasketch, datatrove and rensa")
    parser.add_argument("--documents", type=int, default=2000)
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.environ.update(ONE_THREAD)
    texts = documents(arguments.documents)
    num_bytes = sum(len(text.encode()) for text in texts)
    print("MinHash signatures, 5-word shingles, 112 permutations, one core")
    print(f"{len(texts)} documents, {num_bytes / 1e6:.1f} MB")
    print(f"{'':12}{'documents/s':>14}{'MB/s':>10}{'times slower':>14}{'rounds':>8}")
    best = median(seconds(ours(texts), ROUNDS))
    for name, taken in {"corpusmill": [best] * ROUNDS, **peers(arguments.peers, texts)}.items():
        if taken is None:
            print(f"{name:12}{'absent':>14}")
            continue
        middle = median(taken)
        rates = f"{len(texts) / middle:14,.0f}{num_bytes / 1e6 / middle:10.2f}{middle / best:14.1f}"
        print(f"{name:12}{rates}{len(taken):8}")


if __name__ == "__main__":
    main()
