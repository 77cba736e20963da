"""configs/web_english.yaml on real crawl files: WET, WARC and ARC, however they are run."""

import random
import shutil

import pyarrow.dataset as ds
import pytest
import yaml

from tests.runs import ROOT, corpusmill, hashes, kill_tree, start, wait_for
from tests.shared_data import shared

pytestmark = pytest.mark.slow
PACK = "stages.pack.context_len=512"


def _inputs(seed: int | None = None) -> str:
    """`--set input=...` with every crawl file by name, in an order of the seed's."""
    inputs = []
    for form in ("wet", "warc"):
        paths = sorted(str(p) for p in shared(f"web/{form}").rglob("*") if p.is_file())
        assert paths
        if seed is not None:
            random.Random(seed).shuffle(paths)
        inputs.append({"format": form, "name": form, "paths": paths})
    if seed is not None:
        inputs.reverse()
    return f"input={yaml.safe_dump(inputs, default_flow_style=True, width=10**9).strip()}"


def _arguments(run_dir, *more: str, seed: int | None = None) -> list[str]:
    recipe = str(ROOT / "configs" / "web_english.yaml")
    small = ["--set", "slice_bytes=1000000", "--set", PACK]
    return ["run", recipe, "--run-dir", str(run_dir), "--set", _inputs(seed), *small, *more]


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("web") / "run"
    done = corpusmill(*_arguments(run_dir, "--workers", "2"))
    assert done.returncode == 0, done.stderr
    return run_dir


def test_english_documents_are_kept_and_every_drop_can_be_read(reference):
    kept = ds.dataset(reference / "documents").to_table().to_pylist()
    dropped = ds.dataset(reference / "dropped").to_table().to_pylist()
    assert len(kept) > 100
    assert {row["lang"] for row in kept} == {"en"}
    assert all(row["url"] for row in kept)
    assert {row["stage"] for row in dropped} == {"language", "gopher_repetition", "gopher_quality"}
    assert all(row["rule"] and row["text"] and row["value"] is not None for row in dropped)


@pytest.mark.parametrize(("workers", "seed"), [("1", None), ("2", 5)])
def test_workers_and_file_order_change_no_byte(reference, tmp_path, workers, seed):
    done = corpusmill(*_arguments(tmp_path / "run", "--workers", workers, seed=seed))
    assert done.returncode == 0, done.stderr
    assert hashes(tmp_path / "run") == hashes(reference)


@pytest.mark.parametrize("moment", ["00-rows", "02-near_dedup", "05-pack"])
def test_killed_and_started_again_gives_the_same_bytes(reference, tmp_path, moment):
    run_dir = tmp_path / "run"
    process = start(*_arguments(run_dir, "--workers", "2"))
    wait_for(lambda: any(p.is_file() for p in (run_dir / "jobs" / moment).rglob("*[0-9].*")), 200)
    kill_tree(process)
    assert not (run_dir / "manifest.json").exists()
    done = corpusmill(*_arguments(run_dir, "--workers", "2"))
    assert done.returncode == 0, done.stderr
    assert hashes(run_dir) == hashes(reference)


def test_another_slice_size_gives_the_same_rows(reference, tmp_path):
    run_dir = tmp_path / "run"
    done = corpusmill(*_arguments(run_dir, "--set", "slice_bytes=150000"))
    assert done.returncode == 0, done.stderr
    for folder in ("documents", "dropped", "duplicates", "quarantine", "scores"):
        ours, theirs = (ds.dataset(at / folder).to_table().to_pylist() for at in (run_dir, reference))
        assert ours == theirs, folder
    assert hashes(run_dir, ("tokenizer", "packed")) == hashes(reference, ("tokenizer", "packed"))
    shutil.rmtree(run_dir)
