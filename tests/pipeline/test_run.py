"""The promises of a whole run: what goes in comes out somewhere, and the same bytes whatever happens on the way."""

import json
import os
import random
import signal
from collections import Counter
from pathlib import Path

import datasets
import psutil
import pyarrow.dataset as ds
import pytest

from pipeline.recipe import parse_recipe
from pipeline.run import jobs
from tests import corpus
from tests.runs import (
    corpusmill,
    hashes,
    kill_tree,
    start,
    wait_for,
    write_recipe,
)

STAGES = [
    {"language": {"keep": ["en"], "min_score": 0.1}},
    {"gopher_repetition": {}},
    {"gopher_quality": {"min_words": 100}},
    {"exact_dedup": {}},
    {"near_dedup": {}},
    {"pii": {}},
    {"train_tokenizer": {"vocab_size": 400}},
    {"pack": {"context_len": 256, "validation_fraction": 0.05}},
]
SLICE_BYTES = 30_000


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[Path]:
    return corpus.write_jsonl(tmp_path_factory.mktemp("corpus"), broken_every=100)


@pytest.fixture(scope="module")
def recipe(files, tmp_path_factory) -> Path:
    return _recipe(tmp_path_factory.mktemp("recipe") / "recipe.yaml", files)


@pytest.fixture(scope="module")
def reference(recipe, tmp_path_factory) -> Path:
    """One undisturbed run with two workers."""
    run_dir = tmp_path_factory.mktemp("runs") / "reference"
    done = corpusmill("run", str(recipe), "--workers", "2", "--run-dir", str(run_dir))
    assert done.returncode == 0, done.stderr
    return run_dir


def _recipe(path: Path, files: list[Path], **changes: object) -> Path:
    inputs = [{"format": "jsonl", "paths": [str(p) for p in files], "max_quarantine_fraction": 0.05}]
    return write_recipe(
        path, **({"run_dir": "unused", "slice_bytes": SLICE_BYTES, "input": inputs, "stages": STAGES} | changes)
    )


def _rows(run_dir: Path, folder: str) -> list[dict]:
    return ds.dataset(run_dir / folder, format="parquet").to_table().to_pylist()


def _plan(*stages: dict) -> list[str]:
    return [
        job.name
        for job in jobs(
            parse_recipe({"run_dir": "x", "input": [{"format": "jsonl", "paths": ["a"]}], "stages": list(stages)})
        )
    ]


def test_neighbouring_row_stages_share_a_job_and_verdicts_reach_documents():
    assert _plan() == ["00-rows"]
    assert _plan({"gopher_quality": {}}, {"pii": {}}) == ["00-rows"]
    assert _plan({"near_dedup": {}}) == ["00-rows", "01-near_dedup", "02-rows"]
    assert _plan(*STAGES) == [
        "00-rows",
        "01-exact_dedup",
        "02-near_dedup",
        "03-rows",
        "04-train_tokenizer",
        "05-pack",
    ]


def test_every_record_ends_in_one_place(reference, files):
    records = sum(len(p.read_text().splitlines()) for p in files)
    kept, dropped, duplicates = (_rows(reference, n) for n in ("documents", "dropped", "duplicates"))
    quarantined = _rows(reference, "quarantine")
    assert len(kept) + len(dropped) + len(duplicates) + len(quarantined) == records
    ids = [row["doc_id"] for rows in (kept, dropped, duplicates) for row in rows]
    assert len(set(ids)) == len(ids)
    assert Counter(r["kind"] for r in duplicates).keys() == {"exact", "near"}
    assert {r["stage"] for r in dropped} >= {"gopher_quality", "gopher_repetition"}
    assert all(r["value"] is not None and r["threshold"] is not None and r["text"] for r in dropped)
    kept_ids = {row["doc_id"] for row in kept}
    removed = {row["doc_id"] for row in duplicates}
    assert all(r["keeper_id"] in kept_ids | removed and r["jaccard"] >= 0.8 for r in duplicates)
    assert not [row for row in kept if "@example" in row["text"]]
    assert any(row["edits"] for row in kept)
    assert [(r["source"], r["position"]) for r in kept] == sorted((r["source"], r["position"]) for r in kept)


def test_the_reports_counts_are_the_rows_on_disk(reference):
    report = json.loads((reference / "report.json").read_text())
    html = (reference / "report.html").read_text()
    funnel = report["funnel"]
    for hop in funnel:
        assert hop["in"] == hop["out"] + sum(hop["reasons"].values()), hop
    last = next(hop for hop in funnel if hop["stage"] == "near_dedup")
    assert last["out"] == len(_rows(reference, "documents"))
    assert "gopher_quality" in html


def test_packed_rows_open_with_datasets(reference):
    packed = datasets.load_from_disk(str(reference / "packed"))
    assert set(packed) == {"train", "validation"}
    assert max(len(row) for row in packed["train"]["input_ids"]) <= 256


@pytest.mark.parametrize(("workers", "shuffled"), [(1, False), (2, True)])
def test_workers_and_file_order_change_no_byte(reference, files, tmp_path, workers, shuffled):
    listed = random.Random(3).sample(files, len(files)) if shuffled else files
    recipe = _recipe(tmp_path / "recipe.yaml", listed)
    done = corpusmill("run", str(recipe), "--workers", str(workers), "--run-dir", str(tmp_path / "run"))
    assert done.returncode == 0, done.stderr
    assert hashes(tmp_path / "run") == hashes(reference)


def test_another_slice_size_gives_the_same_rows(reference, files, tmp_path):
    recipe = _recipe(tmp_path / "recipe.yaml", files, slice_bytes=7_000)
    done = corpusmill("run", str(recipe), "--workers", "2", "--run-dir", str(tmp_path / "run"))
    assert done.returncode == 0, done.stderr
    for folder in ("documents", "dropped", "duplicates", "quarantine", "scores"):
        assert _rows(tmp_path / "run", folder) == _rows(reference, folder), folder
    assert hashes(tmp_path / "run", ("tokenizer", "packed")) == hashes(reference, ("tokenizer", "packed"))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_anywhere_and_started_again_gives_the_same_bytes(reference, recipe, tmp_path, seed):
    run_dir = tmp_path / "run"
    moment = random.Random(seed).choice(
        ["00-rows", "01-exact_dedup", "02-near_dedup", "03-rows", "04-train_tokenizer", "05-pack"]
    )
    process = start("run", str(recipe), "--workers", "2", "--run-dir", str(run_dir))
    folder = run_dir / "jobs" / moment
    wait_for(
        lambda: folder.is_dir() and any(p.suffix in (".json", ".npy", ".progress") for p in folder.rglob("*")), 120
    )
    kill_tree(process)
    assert process.returncode == -signal.SIGKILL
    assert not (run_dir / "manifest.json").exists()
    done = corpusmill("run", str(recipe), "--workers", "2", "--run-dir", str(run_dir))
    assert done.returncode == 0, done.stderr
    assert hashes(run_dir) == hashes(reference)
    assert not [p for p in run_dir.rglob("*.tmp") if p.parent.name in ("documents", "dropped", "packed")]


def test_a_finished_run_does_nothing_the_second_time(reference, recipe):
    before = {p: p.stat().st_mtime_ns for p in reference.rglob("*.parquet")}
    done = corpusmill("run", str(recipe), "--run-dir", str(reference))
    assert done.returncode == 0, done.stderr
    assert {p: p.stat().st_mtime_ns for p in reference.rglob("*.parquet")} == before


def test_ctrl_c_stops_at_once_without_traceback_or_processes(recipe, tmp_path):
    process = start("run", str(recipe), "--workers", "2", "--run-dir", str(tmp_path / "run"))
    wait_for(lambda: (tmp_path / "run" / "jobs" / "00-rows").is_dir() and bool(psutil.Process(process.pid).children()))
    workers = psutil.Process(process.pid).children(recursive=True)
    assert workers
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert stderr.splitlines()[1:] == ["", "corpusmill: stopped; the same command goes on from what is finished."]
    assert psutil.wait_procs(workers, timeout=5)[1] == []


def test_a_source_that_changed_since_is_refused(files, tmp_path):
    copy = tmp_path / "a.jsonl"
    copy.write_bytes(files[0].read_bytes())
    recipe = _recipe(tmp_path / "recipe.yaml", [copy], stages=[{"gopher_quality": {}}])
    run_dir = tmp_path / "run"
    assert corpusmill("run", str(recipe), "--run-dir", str(run_dir)).returncode == 0
    (run_dir / "jobs" / "00-rows" / "manifest.json").unlink()
    os.utime(copy, ns=(1, 1))
    assert corpusmill("run", str(recipe), "--run-dir", str(run_dir)).returncode == 0
    (run_dir / "jobs" / "00-rows" / "manifest.json").unlink()
    copy.write_bytes(copy.read_bytes().replace(b"river", b"RIVER"))
    done = corpusmill("run", str(recipe), "--run-dir", str(run_dir))
    assert done.returncode == 2
    assert "has changed since this run read it" in done.stderr
    assert corpusmill("run", str(recipe), "--run-dir", str(run_dir), "--fresh").returncode == 0


def test_a_changed_setting_runs_only_what_follows_it(reference, recipe, tmp_path):
    run_dir = tmp_path / "run"
    first = corpusmill("run", str(recipe), "--run-dir", str(run_dir), "--set", "stages.pack.context_len=128")
    assert first.returncode == 0, first.stderr
    documents = next((run_dir / "documents").iterdir()).stat().st_mtime_ns
    second = corpusmill("run", str(recipe), "--run-dir", str(run_dir))
    assert second.returncode == 0, second.stderr
    assert next((run_dir / "documents").iterdir()).stat().st_mtime_ns == documents
    assert hashes(run_dir) == hashes(reference)


def test_one_run_at_a_time(recipe, tmp_path):
    process = start("run", str(recipe), "--workers", "1", "--run-dir", str(tmp_path / "run"))
    wait_for(lambda: (tmp_path / "run" / "jobs").is_dir())
    second = corpusmill("run", str(recipe), "--run-dir", str(tmp_path / "run"))
    kill_tree(process)
    assert second.returncode == 2
    assert f"in use by process {process.pid}" in second.stderr


def test_half_a_percent_of_broken_lines_is_quarantined_and_a_fifth_stops_the_run(tmp_path):
    few = corpus.write_jsonl(tmp_path / "few", files=1, count=2400, broken_every=200)
    recipe = write_recipe(
        tmp_path / "few.yaml", run_dir=str(tmp_path / "few_run"), input=[{"format": "jsonl", "paths": [str(few[0])]}]
    )
    assert corpusmill("run", str(recipe)).returncode == 0
    quarantine = _rows(tmp_path / "few_run", "quarantine")
    assert len(quarantine) == 12
    assert len(_rows(tmp_path / "few_run", "documents")) == 2400 - 12
    many = corpus.write_jsonl(tmp_path / "many", files=2, count=400, broken_every=5)
    recipe = write_recipe(
        tmp_path / "many.yaml",
        run_dir=str(tmp_path / "many_run"),
        input=[{"format": "jsonl", "paths": [str(p) for p in many]}],
    )
    done = corpusmill("run", str(recipe))
    assert done.returncode == 1
    assert "input.0: 80 of 400 records (20.0%) can't be read" in done.stderr
    assert "Traceback" not in done.stderr
