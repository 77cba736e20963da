"""A small run as `corpusmill run` would leave it: its manifest and the folders that a report reads."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.io.commit import write_json
from pipeline.schema import DROPPED, document_schema

QUALITY_RULES = ["too_few_words", "too_many_words", "too_few_stop_words"]


NEAR = {
    "bands": [14, 8],
    "min_jaccard": 0.8,
    "planted": 12,
    "planted_recall": 1.0,
    "planted_bins": [[0.7, 4, 0, 0.5612], [0.8, 5, 5, 0.9513], [0.95, 3, 3, 1.0]],
    "duplicates_per_keeper": {"1": 20, "2-3": 8},
    "sources": {"news/<part>-#": {"documents": 300, "bytes": 9000, "removed_documents": 40, "removed_bytes": 1200}},
    "warnings": [],
}


def row_job(name: str, stages: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Manifest of a row job over committed documents, from its stages."""
    rows_in = stages[0]["in"] if stages else more.pop("rows")
    kept = stages[-1]["out"] if stages else rows_in
    counts = {"records": rows_in, "documents": rows_in, "kept": kept, "skipped": {}, "quarantined": {}}
    sizes = {"bytes_read": 4_000_000, "kept_text_bytes": 900_000, "seconds": 4.0, "shards": []}
    return {"name": name, "key": "0" * 32, **counts, **sizes, "stages": stages, **more}


def stage(name: str, rows_in: int, dropped: dict[str, int], **more: Any) -> dict[str, Any]:
    """Tally of a row stage."""
    rows_out = rows_in - sum(dropped.values())
    counts = {"in": rows_in, "out": rows_out, "dropped": dropped}
    return {"name": name, **counts, "seconds": 1.25, "signal_sums": {}, **more}


def train_job(name: str, method: str, output: str, start: float, end: float) -> dict[str, Any]:
    """Manifest of a training of 100 steps."""
    losses = np.linspace(start, end, 100).round(4).tolist()
    curve = [[step + 1, loss, 2e-4, 9000.0] for step, loss in enumerate(losses)]
    validation = [[0, start + 0.1], [50, (start + end) / 2 + 0.1], [100, end + 0.1]]
    ends = {"start_validation_loss": start + 0.1, "end_validation_loss": end + 0.1}
    figures = {"steps": 100, "tokens": 819_200, "trained_tokens": 800_000, "validation_rows": 3, "device": "cpu"}
    told = {"output": output, "method": method, "seconds": 61.5, "curve": curve, "validation_curve": validation}
    return {"name": name, "key": "1" * 32, **figures, **ends, **told}


def pack_job(name: str, documents: int, splits: dict[str, Any], **dropped: int) -> dict[str, Any]:
    """Manifest of a packing."""
    sums = {count: sum(split[count] for split in splits.values()) for count in ("tokens", "trained_tokens", "rows")}
    told = {"dropped": dropped, "splits": splits, "empty_splits": [], "seconds": 1.0}
    return {"name": name, "key": "3" * 32, "documents": documents, **sums, **told}


def manifest() -> dict[str, Any]:
    """1,000 records become 560 documents, a tokenizer, packed rows, a model and an adapter."""
    read = {"skipped": {"warc_request": 40}, "quarantined": {"bad_utf8": 2}}
    quality = stage("gopher_quality", 858, {"too_few_words": 200, "too_few_stop_words": 8}, rules=QUALITY_RULES)
    pii = stage("pii", 560, {}, signal_sums={"pii.num_email": 31.0, "pii.num_ip": 4.0}, rules=[])
    split = {"documents": 550, "rows": 120, "tokens": 240_000, "trained_tokens": 239_000, "fill_fraction": 0.976}
    jobs = [
        row_job("00-rows", [stage("language", 958, {"not_kept": 100}), quality])
        | {"records": 1000, "documents": 958}
        | read,
        {"name": "01-exact_dedup", "key": "2" * 32, "in": 650, "out": 600, "duplicates": 50, "seconds": 1.5},
        {"name": "02-near_dedup", "in": 600, "out": 560, "duplicates": 40, "comparisons": 70, "seconds": 3.0} | NEAR,
        row_job("03-rows", [pii]),
        {"name": "04-train_tokenizer", "documents": 560, "bytes": 900_000, "vocab_size": 8000, "seconds": 2.0},
        pack_job("05-pack", 560, {"train": split, "validation": split | {"documents": 10, "rows": 3}}),
        train_job("06-train", "full", "model", 9.0, 5.0),
        train_job("07-train", "lora", "adapter", 5.0, 3.0),
    ]
    return {
        "corpusmill": "0.1.0",
        "recipe": {"run_dir": "runs/demo", "seed": 0, "input": [], "stages": [{"pii": {}}]},
        "jobs": jobs,
        "began": 1_760_000_000.0,
        "seconds": 135.0,
        "versions": {"numpy": "2.3.0", "pyarrow": "21.0.0"},
    }


def dropped_table(rows: list[tuple[str, str, float, str]]) -> pa.Table:
    """DROPPED rows from (stage, rule, value, text)."""
    columns = [
        {"doc_id": f"{i:032x}", "stage": s, "rule": r, "value": v, "threshold": 50.0, "text": t}
        for i, (s, r, v, t) in enumerate(rows)
    ]
    return pa.Table.from_pylist(columns, DROPPED)


def documents_table(languages: list[str | None]) -> pa.Table:
    """DOCUMENT rows with these labels."""
    rows = [
        {"doc_id": f"{i:032x}", "source": "a", "position": i, "text": "words", "lang": lang}
        for i, lang in enumerate(languages)
    ]
    return pa.Table.from_pylist(rows, document_schema())


def write_run(run_dir: Path) -> Path:
    """Write the manifest and the folders; the run directory comes back."""
    write_json(run_dir / "manifest.json", manifest())
    short = [("gopher_quality", "too_few_words", float(n), f"Short page {n} <b>&amp;</b> " * 20) for n in range(40)]
    foreign = [("language", "not_kept", 0.9, "Ein kurzer Text.")] * 5
    for folder in ("dropped", "documents", "tokenizer", "packed/train"):
        (run_dir / folder).mkdir(parents=True)
    pq.write_table(dropped_table(foreign + short), run_dir / "dropped/00-rows-000000.parquet", row_group_size=8)
    pq.write_table(documents_table(["en", "en", "de", None]), run_dir / "documents/000000.parquet")
    (run_dir / "tokenizer/tokenizer.json").write_text("{}")
    (run_dir / "packed/train/data-00000.arrow").write_bytes(b"x" * 1500)
    return run_dir
