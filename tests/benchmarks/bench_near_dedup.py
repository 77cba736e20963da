"""Near-duplicate removal from text to verdicts on one core, beside text-dedup, datatrove, datasketch and rensa.

    python -m tests.benchmarks.bench_near_dedup [--peers PYTHON] [--only PEER ...] [--documents N]

Ours is the whole stage in one process: Parquet shards as a run writes them in, verdict and evidence files out, every
removal verified. The others go from texts in memory to who stays for whom (`peer_dedup.py`), `text-dedup script` from a
data set on disk to another; text-dedup and datatrove with their own words and shingles, the others' cut at spaces. All
have 5-word shingles and 14 bands of 8, one core, one thread, and the same documents: all posts, news, mails and PEPs,
or N of them, evenly spread. Seconds are of processor time, medians of the rounds; the second table has ours by phase.
On all 70 MB the others together take about six minutes a round.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.config import NearDedupConfig
from tests.arrow_corpus import write_shards
from tests.benchmarks.bench_minhash import ONE_THREAD
from tests.benchmarks.beside import print_table
from tests.benchmarks.near_dedup_run import decide
from tests.datatrove import read_jsonl
from tests.deduped import LocalEngine
from tests.shared_data import ROOT

SCRIPT = Path(__file__).with_name("peer_dedup.py")
SOME = ("20news-bydate-train", "reuters21578")
ALL = (*SOME, "spamassassin_mail", "peps")
PEERS = ("text-dedup script", "text-dedup", "datatrove", "datasketch", "rensa")
ROUNDS, PEER_ROUNDS, SHARD_ROWS = 5, 1, 4096


class TimedEngine(LocalEngine):
    """Knows how many processor seconds each phase took."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: dict[str, float] = defaultdict(float)

    def run_tasks(self, fn: Callable[[Any], Any], tasks: Sequence[Any], *, label: str, **where: str) -> list[Any]:
        began = time.process_time()
        results = super().run_tasks(fn, tasks, label=label, **where)
        self.seconds[label] += time.process_time() - began
        return results


def corpus(names: Sequence[str], most: int | None = None) -> list[str]:
    """Texts of corpora, or `most` of them, evenly spread."""
    texts = [row["text"] for name in names for row in read_jsonl(ROOT / f"corpus/{name}.jsonl.zst")]
    picked = range(len(texts)) if most is None else np.linspace(0, len(texts) - 1, most).astype(int)
    return [texts[i] for i in picked]


def our_rounds(texts: Sequence[str], rounds: int) -> list[dict[str, float]]:
    """Processor seconds by phase, and of the whole as `all`, of each round after one that loads the kernels."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        parts = (pa.array(texts[i : i + SHARD_ROWS]) for i in range(0, len(texts), SHARD_ROWS))
        documents = write_shards(Path(folder, "documents"), parts)
        for i in range(rounds + 1):
            engine, began = TimedEngine(), time.process_time()
            run = decide(documents, NearDedupConfig(), engine, Path(folder, str(i)))
            found.append({"all": time.process_time() - began, **engine.seconds})
    print(f"removed: {run.counts['duplicates']}, nominated: {run.counts['nominated']} of {len(texts)}")
    return found[1:]


def peer_rounds(texts: Sequence[str], python: str, names: Sequence[str]) -> dict[str, list[float] | None]:
    """Seconds of each peer's rounds, None where `python` does not have it."""
    given = {"shingle_words": 5, "bands": 14, "rows": 8, "seeds": [1] * PEER_ROUNDS}
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump({**given, "sets": {"only": {"texts": texts, "words": texts}}}, file)
        file.flush()
        command = [python, str(SCRIPT), file.name, *names]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return {peer: said and said["seconds"]["only"] for peer, said in json.loads(run.stdout).items()}


def print_phases(texts: Sequence[str], rounds: Sequence[dict[str, float]]) -> None:
    """Where the time of the whole stage goes: medians, and MB of text per second."""
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    print(f"\n{'phase':32}{'seconds':>10}{'share':>8}{'MB/s':>10}")
    whole = median(r["all"] for r in rounds)
    phases = {name: median(r[name] for r in rounds) for name in rounds[0] if name != "all"}
    phases["between them"] = whole - sum(phases.values())
    for name, seconds in [*phases.items(), ("all", whole)]:
        print(f"{name:32}{seconds:10.3f}{seconds / whole:8.0%}{megabytes / seconds:10.1f}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default=sys.executable, help="Python that has the peers")
    parser.add_argument("--only", nargs="*", choices=PEERS, default=PEERS, help="peers to run")
    parser.add_argument("--documents", type=int, help="how many; all, unless given")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.environ.update(ONE_THREAD)
    texts = corpus(ALL, arguments.documents)
    print("near-duplicate removal, text to verdicts, 5-word shingles, 14 bands of 8, one core")
    rounds = our_rounds(texts, ROUNDS)
    peers = peer_rounds(texts, arguments.peers, arguments.only) if arguments.only else {}
    print_table(texts, {"corpusmill": [r["all"] for r in rounds], **peers})
    print_phases(texts, rounds)


if __name__ == "__main__":
    main()
