"""Everything a report says, gathered from the run's manifest and its folders as one JSON value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipeline.report.funnel import DEDUP_KINDS, Hop, Manifest, funnel, job_kind, jobs_of_kind, text_hops
from pipeline.report.models import model_warnings
from pipeline.report.samples import dropped_samples

Facts = dict[str, Any]
FOLDERS = (
    "documents", "dropped", "duplicates", "near_misses", "cuts", "quarantine", "scores", "index",
    "models", "tokenizer", "packed*", "model", "adapter", "checkpoints", "jobs",
)  # fmt: skip
LEAST_RECALL = 0.9  # of planted copies that are near enough; below it a reader should know
MODEL_KINDS = ("perplexity_model", "classifier_model")
BOOKKEEPING = frozenset({"key", "name", "shards"})


def gather(run_dir: Path, manifest: Manifest) -> Facts:
    """The report of a run. Raises ReportError where its manifest does not add up."""
    hops = funnel(manifest)
    return {
        "run": {name: manifest.get(name) for name in ("corpusmill", "began", "seconds", "versions", "recipe")},
        "totals": _totals(manifest, hops),
        "funnel": [_hop_json(hop) for hop in hops],
        "models": [_counts(job) for job in jobs_of_kind(manifest, *MODEL_KINDS)],
        "duplicates": [_counts(job) for job in jobs_of_kind(manifest, *DEDUP_KINDS)],
        "languages": _languages(run_dir / "documents"),
        "pii": _pii(manifest),
        "tokenizer": [_counts(job) for job in jobs_of_kind(manifest, "train_tokenizer")],
        "packing": [_counts(job) for job in jobs_of_kind(manifest, "pack")],
        "training": [_counts(job) for job in jobs_of_kind(manifest, "train")],
        "jobs": [{"job": job["name"], "seconds": job.get("seconds")} for job in manifest["jobs"]],
        "sizes": _sizes(run_dir),
        "warnings": list(_warnings(manifest, hops)),
        "samples": _samples(run_dir / "dropped", hops),
    }


def _hop_json(hop: Hop) -> Facts:
    return {
        "stage": hop.stage,
        "job": hop.job,
        "in": hop.rows_in,
        "out": hop.rows_out,
        "reasons": dict(hop.reasons),
        "seconds": hop.seconds,
        "evaluated": dict(hop.evaluated),
        "fired": dict(hop.fired),
        "never_evaluated": list(hop.never_evaluated),
        "never_fired": list(hop.never_fired),
        "always_fired": list(hop.always_fired),
    }


def _counts(job: Manifest) -> Facts:
    """A job's own figures under its name."""
    return {"job": job["name"]} | {name: value for name, value in job.items() if name not in BOOKKEEPING}


def _totals(manifest: Manifest, hops: Sequence[Hop]) -> Facts:
    """Records in, documents out, and speed: of the reading job alone, over its wall time."""
    rows, text = jobs_of_kind(manifest, "rows"), text_hops(hops)
    if not rows:
        return {}
    first, last = rows[0], rows[-1]
    seconds = first.get("seconds") or 0
    return {
        "records": first["records"],
        "documents": first["documents"],
        "kept": text[-1].rows_out,
        "bytes_read": first["bytes_read"],
        "kept_text_bytes": last["kept_text_bytes"],
        "documents_per_second": first["documents"] / seconds if seconds else None,
        "megabytes_per_second": first["bytes_read"] / seconds / 1e6 if seconds else None,
    }


def _pii(manifest: Manifest) -> dict[str, int]:
    """What the pii stage redacted, per type."""
    sums: Counter[str] = Counter()
    for job in jobs_of_kind(manifest, "rows"):
        for stage in job["stages"]:
            if stage["name"] == "pii":
                sums.update({name.removeprefix("pii.num_"): round(n) for name, n in stage["signal_sums"].items()})
    return dict(sorted(sums.items()))


def _languages(documents_dir: Path) -> dict[str, int]:
    """Kept documents per language label, most first; only that one column is read."""
    counts: Counter[str] = Counter()
    for path in sorted(documents_dir.glob("*.parquet")):
        with pq.ParquetFile(path, read_dictionary=["lang"]) as file:
            for batch in file.iter_batches(columns=["lang"]):
                tally = batch.column(0).drop_null().value_counts()
                counts.update(dict(zip(tally.field(0).to_pylist(), tally.field(1).to_pylist(), strict=True)))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _sizes(run_dir: Path) -> dict[str, dict[str, int]]:
    """Files and bytes of each output folder that is there."""
    folders = [path for pattern in FOLDERS for path in sorted(run_dir.glob(pattern)) if path.is_dir()]
    return {folder.name: _size(folder) for folder in folders}


def _size(folder: Path) -> dict[str, int]:
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return {"files": len(sizes), "bytes": sum(sizes)}


def _samples(dropped_dir: Path, hops: Sequence[Hop]) -> list[Facts]:
    """Samples per rule, in the order of the funnel."""
    counts = {(hop.stage, rule): n for hop in hops for rule, n in hop.reasons.items() if n}
    samples = dropped_samples(dropped_dir, counts)
    found = {(sample.stage, sample.rule) for sample in samples}
    return [
        {
            "stage": stage,
            "rule": rule,
            "count": n,
            "samples": [s.to_json() for s in samples if (s.stage, s.rule) == (stage, rule)],
        }
        for (stage, rule), n in counts.items()
        if (stage, rule) in found
    ]


def _warnings(manifest: Manifest, hops: Sequence[Hop]) -> Iterator[str]:
    """What a reader should look into, in words."""
    for hop in hops:
        if hop.never_fired:
            yield f"{hop.stage}: {', '.join(hop.never_fired)} never fired on {hop.rows_in:,} documents"
        if hop.never_evaluated:
            yield f"{hop.stage}: {', '.join(hop.never_evaluated)} had nothing to judge in {hop.rows_in:,} documents"
        for rule in hop.always_fired:
            judged = hop.evaluated.get(rule, hop.rows_in)
            yield f"{hop.stage}: {rule} holds for every one of the {judged:,} documents it judged"
        if hop.stage != "read" and not hop.rows_in:
            yield f"{hop.stage}: no document came this far"
    quarantined = sum(n for hop in hops for reason, n in hop.reasons.items() if reason.startswith("quarantined/"))
    if quarantined:
        yield f"read: {quarantined:,} records could not be read; they lie in quarantine/ with the reason"
    yield from (warning for job in manifest["jobs"] for warning in _job_warnings(job))


def _job_warnings(job: Mapping[str, Any]) -> Iterator[str]:
    name, kind = job["name"], job_kind(job)
    if kind == "near_dedup" and job.get("comparisons_not_made"):
        yield f"{name}: {job['comparisons_not_made']:,} comparisons not made (near_dedup.max_representatives)"
    recall = job.get("planted_recall")
    if recall is not None and recall < LEAST_RECALL:
        yield (
            f"{name}: of planted copies at or above min_jaccard only {recall:.0%} were found; more bands or fewer rows "
            "per band find more (near_dedup.num_bands, rows_per_band)"
        )
    yield from job.get("warnings", ())
    if kind in MODEL_KINDS:
        yield from model_warnings(job)
    for split in job.get("empty_splits", ()):
        yield f"{name}: no document for the {split} split, which is left out"
    validation = job.get("validation_curve") or []
    if kind == "train" and not validation:
        yield f"{name}: there was no validation split; only the training loss is known"
    elif kind == "train" and not validation[-1][1] < validation[0][1]:  # a loss that is not a number did not fall
        yield f"{name}: validation loss did not fall ({validation[0][1]:.3f} -> {validation[-1][1]:.3f})"
