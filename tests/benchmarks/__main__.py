"""Every benchmark, one after the other, each beside its peers: `make bench`.

    python -m tests.benchmarks [--peers PYTHON]

PYTHON is that of an environment with the packages of peers.txt; without it, peers that are not in ours are absent.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
BESIDE_PEERS = (
    "bench_heuristics",
    "bench_language",
    "bench_perplexity",
    "bench_row_job",
    "bench_keywords",
    "bench_ratios",
    "bench_gopher_profiles",
    "bench_classifier",
    "bench_ngrams",
    "bench_minhash",
    "bench_near_dedup",
    "bench_encode",
    "dedup_quality",
)
BESIDE_PEERS_AT_ONCE = ("bench_bpe_train",)  # take PYTHON alone
WITHOUT_PEERS = (
    "perplexity_separation",
    "perplexity_buckets",
    "dedup_injection",
    "bench_substring_dedup",
    "bench_pretokenize",
)
OF_THIS_ENVIRONMENT = ("bench_readers.py", "bench_packing.py", "bench_train.py")


def main() -> int:
    """Run all, and return how many failed."""
    failed = 0
    for name in BESIDE_PEERS:
        print(f"\n== {name}", flush=True)
        failed += bool(
            subprocess.run([sys.executable, "-m", f"tests.benchmarks.{name}", *sys.argv[1:]], check=False).returncode
        )
    for name in BESIDE_PEERS_AT_ONCE:
        print(f"\n== {name}", flush=True)
        command = [sys.executable, "-m", f"tests.benchmarks.{name}", *sys.argv[2:3]]
        failed += bool(subprocess.run(command, check=False).returncode)
    for name in WITHOUT_PEERS:
        print(f"\n== {name}", flush=True)
        failed += bool(subprocess.run([sys.executable, "-m", f"tests.benchmarks.{name}"], check=False).returncode)
    for name in OF_THIS_ENVIRONMENT:
        print(f"\n== {name}", flush=True)
        command = [sys.executable, "-m", "pytest", "-q", "-s", "-m", "bench", str(HERE / name)]
        failed += bool(subprocess.run(command, check=False).returncode)
    return failed


if __name__ == "__main__":
    sys.exit(main())
