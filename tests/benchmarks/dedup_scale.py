"""Time and peak memory of exact and near de-duplication as the corpus grows, on worker processes.

    python -m tests.benchmarks.dedup_scale [--documents N ...] [--workers 2] [--folder DIR]

For each N, that many documents are made (`many_documents.py`: real text expanded with seeded edits, 0.6 kB each; a
tenth near copies, a tenth exact ones) and de-duplicated, exactly and then nearly, as a run does it. Memory is sampled
every SAMPLE_SECONDS and summed over this process and everything it started: `anonymous` cannot be dropped by the
system, `with files` adds mapped files, shared pages counted once (PSS); `resident` counts every page once for each
process.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from pipeline.config import EngineConfig, ExactDedupConfig, NearDedupConfig
from pipeline.io.dataset import Documents
from pipeline.stages import engine as stages_engine
from pipeline.stages.engine import Engine
from pipeline.stages.exact_dedup import exact_dedup_job
from pipeline.stages.near_dedup import near_dedup_job
from tests.arrow_corpus import read_shards, write_shards
from tests.benchmarks.many_documents import ManyDocuments

SHARD_ROWS, SAMPLE_SECONDS = 50_000, 0.2
KINDS = ("anonymous", "with files", "resident")


class Sampler(threading.Thread):
    """Peak memory in bytes, by the phase that runs; told of phases by the engine, whose watcher it is."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.phase, self.began = "start", time.monotonic()
        self.seconds: dict[str, float] = defaultdict(float)
        self.peaks: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(KINDS, 0))
        self._over = threading.Event()

    def begin(self, label: str, *_: object, **__: object) -> None:
        now = time.monotonic()
        self.seconds[self.phase] += now - self.began
        self.phase, self.began = label, now

    def tick(self, tasks_done: int) -> None:
        pass

    def run(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            peaks, now = self.peaks[self.phase], memory()
            for kind in KINDS:
                peaks[kind] = max(peaks[kind], now[kind])

    def end(self) -> None:
        self.begin("end")
        self._over.set()


def memory() -> dict[str, int]:
    """Bytes that this process and its descendants hold, by kind."""
    total = dict.fromkeys(KINDS, 0)
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        try:
            lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()[1:]
        except OSError:  # gone in between
            continue
        held = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
        for kind, name in zip(KINDS, ("Pss_Anon", "Pss", "Rss"), strict=True):
            total[kind] += held.get(name, 0)
    return total


def measure(folder: Path, workers: int, shuffle_mib: int) -> dict[str, Any]:
    """Run both jobs on the documents in `folder`; seconds, counts, and peaks by phase."""
    documents, work = read_shards(folder / "documents"), folder / "work"
    sampler = Sampler()
    stages_engine.DEATH_GRACE_SECONDS = 60.0  # on a busy machine workers take long to end
    engine = Engine(EngineConfig(shuffle_bytes=shuffle_mib * 2**20), workers=workers, watcher=sampler)
    sampler.start()
    began = time.monotonic()
    counts = []
    for name, job, config in (
        ("exact", exact_dedup_job, ExactDedupConfig()),
        ("near", near_dedup_job, NearDedupConfig()),
    ):
        paths = {"out_path": str(work / f"{name}.arrow"), "evidence_path": str(work / f"{name}.parquet")}
        work.mkdir(exist_ok=True)
        counts.append(job(engine, documents, config, **paths, work_dir=str(work / name), key="key"))
        documents = Documents(documents.shards, (*documents.verdicts, paths["out_path"]))
    seconds = time.monotonic() - began
    sampler.end()
    return {"seconds": seconds, "counts": counts, "phases": sampler.seconds, "peaks": sampler.peaks}


def in_a_process(count: int, workers: int, shuffle_mib: int, folder: Path) -> dict[str, Any]:
    """Make the documents in one process and de-duplicate them in another, so that neither is in the other's memory."""
    command = [sys.executable, "-m", "tests.benchmarks.dedup_scale", "--folder", str(folder)]
    subprocess.run([*command, "--make", str(count)], check=True)
    command += ["--shuffle-mib", str(shuffle_mib), "--measure", str(workers)]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return json.loads(run.stdout.splitlines()[-1])


def print_run(count: int, folder: Path, run: dict[str, Any]) -> None:
    """One size: the whole, then phase by phase."""
    megabytes = sum(shard.bytes for shard in read_shards(folder / "documents").shards) / 1e6
    exact, near = run["counts"]
    print(f"\n{count:,} documents ({megabytes:,.0f} MB in Parquet): {run['seconds']:.0f} s")
    print(f"removed: {exact['duplicates']:,} exact, {near['duplicates']:,} near, of {near['nominated']:,} nominated")
    print(f"{'peak memory, MB':32}{'seconds':>10}" + "".join(f"{kind:>12}" for kind in KINDS))
    for phase, peaks in run["peaks"].items():
        print(f"{phase:32}{run['phases'][phase]:10.1f}" + "".join(f"{peaks[kind] / 1e6:12,.0f}" for kind in KINDS))
    print(
        f"{'all':32}{run['seconds']:10.1f}" + "".join(f"{peak(run, kind) / 1e6:12,.0f}" for kind in KINDS), flush=True
    )


def peak(run: dict[str, Any], kind: str) -> int:
    """The most of any phase, in bytes."""
    return max(peaks[kind] for peaks in run["peaks"].values())


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, nargs="+", default=[500_000, 2_000_000], help="multiples of 10")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--shuffle-mib", type=int, default=EngineConfig().shuffle_bytes >> 20, help="shuffle_bytes")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder, unless given")
    parser.add_argument("--make", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.make:
        write_shards(given.folder / "documents", ManyDocuments(given.make).shards(SHARD_ROWS))
    elif given.measure:
        print(json.dumps(measure(given.folder, given.measure, given.shuffle_mib)))
    else:
        runs = {}
        for count in given.documents:
            with tempfile.TemporaryDirectory(dir=given.folder) as folder:
                runs[count] = in_a_process(count, given.workers, given.shuffle_mib, Path(folder))
                print_run(count, Path(folder), runs[count])
        least, most = runs[min(runs)], runs[max(runs)]
        grown = ", ".join(f"{kind} {peak(most, kind) / peak(least, kind):.2f}" for kind in KINDS)
        print(f"\n{max(runs) / min(runs):.1f} times the documents: {grown} times the memory")


if __name__ == "__main__":
    main()
