"""The whole row job on one core: reading, language, every heuristic family, keywords, writing; at 1x, 4x and 16x.

    python -m tests.benchmarks.bench_row_job [--formats jsonl,wet,parquet]

News, mail, forum posts, PEPs and books in several languages of the shared corpus (long books cut into 20,000
characters), stored in each format: a sixteenth, a quarter, all. Each line is a process of its own that does what a
worker does: 64 MB slices through `run_slice`. Processor seconds, models loaded and kernels compiled before; MB of text
read per second; peak resident memory of the process. `nothing dropped` measures every signal of every document, with
all rules off.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import zstandard

from pipeline.config import InputConfig, StageEntry
from pipeline.io.freed_memory import keep_freed_memory
from pipeline.io.slices import find_sources, plan_slices
from pipeline.stages.rows import OUTPUTS, RowPlan, SourceSlice, run_slice, signals_of, warm

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
CORPORA = (
    "20news-bydate-train",
    "reuters21578",
    "multilang_news",
    "peps",
    "classic_books",
    "spamassassin_mail",
    "gutenberg_foreign",
)
MAX_CHARS = 20_000
SHARES = (16, 4, 1)
STAGES: list[dict[str, Any]] = [
    {"language": {"keep": "all"}},
    {"gopher_repetition": {}},
    {"gopher_quality": {}},
    {"c4": {"profile": "datatrove", "require_terminal_punctuation": False}},
    {"fineweb": {}},
    {"keywords": {"lists": [str(SHARED / "quality" / "ldnoobw" / "en.txt")], "max_hits": 2}},
]


def texts() -> list[str]:
    """The real documents, shuffled evenly by striding so that each share is a mixture."""
    found = []
    for name in CORPORA:
        for path in sorted((SHARED / "corpus").glob(f"{name}*.jsonl.zst")):
            with zstandard.open(path, "rt", encoding="utf-8") as lines:
                for line in lines:
                    text = json.loads(line).get("text") or ""
                    found += [text[at : at + MAX_CHARS] for at in range(0, len(text), MAX_CHARS)]
    return [text for start in range(97) for text in found[start::97]]


def write(folder: Path, all_texts: Sequence[str]) -> None:
    """Each share in each format."""
    for share in SHARES:
        some = all_texts[: len(all_texts) // share]
        lines = (json.dumps({"id": str(i), "text": text}, ensure_ascii=False) for i, text in enumerate(some))
        (folder / f"{share}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        table = pa.table({"id": [str(i) for i in range(len(some))], "text": some})
        pq.write_table(table, folder / f"{share}.parquet", compression="zstd", row_group_size=2000)
        with (folder / f"{share}.warc.wet.gz").open("wb") as wet:
            for i, text in enumerate(some):
                wet.write(gzip.compress(_record(i, text.encode()), 6))


def _record(i: int, body: bytes) -> bytes:
    head = (
        f"WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Target-URI: http://example.org/{i}\r\n"
        f"WARC-Record-ID: <urn:uuid:{i:032x}>\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body + b"\r\n\r\n"


def nothing_dropped(stages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same stages with every bound off."""
    open_ended = []
    for stage in stages:
        ((name, settings),) = stage.items()
        config = StageEntry.model_validate(stage).config
        bounds = [key for key in type(config).model_fields if key.startswith(("min_", "max_"))]
        off = {key: None for key in bounds if type(None) in get_args(type(config).model_fields[key].annotation)}
        for key in (key for key in bounds if "ngram" in key):
            off[key] = dict.fromkeys(getattr(config, key), 1.0)
        flags = {"drop_lorem_ipsum": False, "drop_curly_brackets": False} if name == "c4" else {}
        open_ended.append({name: settings | off | flags})
    return open_ended


def run_one(path: Path, form: str, stages: list[dict[str, Any]], folder: Path) -> dict[str, float]:
    """Seconds, documents read and kept, MB of text, peak MB."""
    keep_freed_memory()
    entries = [StageEntry.model_validate(stage) for stage in stages]
    inputs = (InputConfig.model_validate({"format": form, "paths": [str(path)]}),)
    folders = {name: str(folder / name) for name in OUTPUTS}
    for name in folders.values():
        Path(name).mkdir(parents=True)
    plan = RowPlan(
        tuple(entries), {}, signals_of(entries), folders, dict.fromkeys(OUTPUTS, ""), str(folder / "progress"), True
    )
    slices = plan_slices(inputs, find_sources(inputs), 64 * 2**20)
    warm(entries, inputs)
    began = time.process_time()
    done = [run_slice(SourceSlice(plan, one, inputs)) for one in slices]
    seconds = time.process_time() - began
    sums = {name: sum(one[name] for one in done) for name in ("documents", "kept")}
    stage_seconds = {
        tally["name"]: sum(one["stages"][i]["seconds"] for one in done) for i, tally in enumerate(done[0]["stages"])
    }
    text_bytes = sum(_text_bytes(file, bool(stages)) for file in _files(folder, bool(stages)))
    peak = _peak_bytes() / 1e6
    return {**sums, "seconds": seconds, "text_mb": float(text_bytes) / 1e6, "peak_mb": peak, **stage_seconds}


def _peak_bytes() -> int:
    """Highest resident memory of this process; `getrusage` would tell of its parent's, too."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))


def _files(folder: Path, has_scores: bool) -> list[Path]:
    """Files that tell of all documents read: scores, or without stages the documents themselves."""
    return sorted((folder / ("scores" if has_scores else "documents")).glob("*.parquet"))


def _text_bytes(file: Path, has_scores: bool) -> int:
    column = pq.read_table(file, columns=["num_bytes" if has_scores else "text"]).column(0)
    return int(pc.sum(column if has_scores else pc.binary_length(column)).as_py())


def main() -> None:
    """Print the table; `--one` is what each line runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--formats", default="jsonl,wet,parquet")
    parser.add_argument("--one", nargs=4, metavar=("PATH", "FORMAT", "STAGES", "FOLDER"), help=argparse.SUPPRESS)
    arguments, _ = parser.parse_known_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    if arguments.one:
        path, form, stages, folder = arguments.one
        print(json.dumps(run_one(Path(path), form, json.loads(stages), Path(folder))))
        return
    print(f"{'':34}{'documents':>10}{'kept':>8}{'MB text':>9}{'seconds':>9}{'MB/s':>8}{'peak MB':>9}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, texts())
        suffix = {"jsonl": "jsonl", "wet": "warc.wet.gz", "parquet": "parquet"}
        kinds = [
            ("recipe", STAGES, SHARES),
            ("nothing dropped", nothing_dropped(STAGES), (1,)),
            ("no stages", [], (1,)),
        ]
        for form in arguments.formats.split(","):
            for kind, stages, shares in kinds:
                for share in shares:
                    _line(folder, form, f"{share}.{suffix[form]}", kind, stages)


def _line(folder: Path, form: str, file: str, kind: str, stages: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "tests.benchmarks.bench_row_job", "--one", str(folder / file), form]
        run = subprocess.run([*command, json.dumps(stages), out], stdout=subprocess.PIPE, check=True)
    one = json.loads(run.stdout.splitlines()[-1])
    what = f"{form}, {kind}, 1/{file.partition('.')[0]}"
    cells = f"{one['documents']:10,}{one['kept']:8,}{one['text_mb']:9.1f}{one['seconds']:9.2f}"
    print(f"{what:34}{cells}{one['text_mb'] / one['seconds']:8.1f}{one['peak_mb']:9.0f}", flush=True)
    known = {"documents", "kept", "text_mb", "seconds", "peak_mb"}
    if parts := [f"{name} {seconds:.2f}" for name, seconds in one.items() if name not in known]:
        print(f"    of these: {', '.join(parts)} s")


if __name__ == "__main__":
    main()
