"""The command as a user meets it: exit codes, messages on stderr, never a traceback."""

import subprocess
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests import corpus
from tests.runs import ROOT, corpusmill, environment, write_recipe


@pytest.fixture
def jsonl(tmp_path):
    return str(corpus.write_jsonl(tmp_path / "corpus", files=1, count=60)[0])


def _refused(done: subprocess.CompletedProcess[str], *said: str) -> None:
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    for text in said:
        assert text in done.stderr


def test_help_answers_in_half_a_second_and_imports_nothing_heavy():
    command = [sys.executable, "-X", "importtime", "-m", "pipeline.cli", "--help"]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=environment())
    seconds = time.perf_counter() - began
    heavy = {"torch", "transformers", "apache_beam", "numba", "pyarrow", "pydantic"}
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not heavy & loaded
    assert seconds < 0.5
    assert all(verb in done.stdout for verb in ("run", "check", "train", "report", "demo"))


def test_an_unknown_key_is_refused_with_its_path_and_the_right_name(tmp_path, jsonl):
    stages = [{"language": {"keep": ["en"], "min_scor": 0.5}}]
    recipe = write_recipe(
        tmp_path / "r.yaml", run_dir=str(tmp_path / "run"), input=[{"format": "jsonl", "paths": [jsonl]}], stages=stages
    )
    _refused(corpusmill("run", str(recipe)), "stages.0.language.min_scor", "did you mean `min_score`?")
    assert not (tmp_path / "run").exists()


def test_an_unknown_language_is_refused_with_the_nearest(tmp_path, jsonl):
    stages = [{"language": {"keep": ["eng"]}}]
    recipe = write_recipe(
        tmp_path / "r.yaml", run_dir=str(tmp_path / "run"), input=[{"format": "jsonl", "paths": [jsonl]}], stages=stages
    )
    _refused(corpusmill("run", str(recipe)), "eng", "en")
    assert not (tmp_path / "run").exists()


def test_inputs_that_can_not_be_read_are_refused_before_any_work(tmp_path, jsonl):
    run_dir = tmp_path / "run"
    pq.write_table(pa.table({"body": ["a"]}), tmp_path / "no_text.parquet")
    (tmp_path / "folder").mkdir()
    for form, path, said in (
        ("jsonl", tmp_path / "missing.jsonl", "missing.jsonl"),
        ("jsonl", tmp_path / "nothing*.jsonl", "nothing*.jsonl"),
        ("jsonl", tmp_path / "folder", "folder"),
        ("parquet", tmp_path / "no_text.parquet", "body"),
    ):
        recipe = write_recipe(tmp_path / "r.yaml", run_dir=str(run_dir), input=[{"format": form, "paths": [str(path)]}])
        _refused(corpusmill("run", str(recipe)), said)
        assert not (run_dir / "jobs").exists()


def test_a_recipe_that_is_missing_or_no_yaml_is_refused(tmp_path):
    _refused(corpusmill("run", str(tmp_path / "none.yaml")), "no recipe at")
    (tmp_path / "bad.yaml").write_text("a: [1\nb: 2\n")
    _refused(corpusmill("run", str(tmp_path / "bad.yaml")), "is not YAML: line")


def test_run_and_train_want_their_own_kind_of_recipe(tmp_path, jsonl):
    packed = write_recipe(
        tmp_path / "p.yaml", run_dir=str(tmp_path / "run"), input=[{"format": "packed", "paths": ["x"]}]
    )
    text = write_recipe(
        tmp_path / "t.yaml", run_dir=str(tmp_path / "run"), input=[{"format": "jsonl", "paths": [jsonl]}]
    )
    _refused(corpusmill("run", str(packed)), "corpusmill train")
    _refused(corpusmill("train", str(text)), "corpusmill run")


def test_check_says_what_would_happen_and_writes_nothing(tmp_path, jsonl):
    stages = [{"gopher_quality": {"min_words": 20}}, {"exact_dedup": {}}]
    recipe = write_recipe(
        tmp_path / "r.yaml", run_dir=str(tmp_path / "run"), input=[{"format": "jsonl", "paths": [jsonl]}], stages=stages
    )
    done = corpusmill("check", str(recipe))
    assert done.returncode == 0, done.stderr
    assert "01-exact_dedup" in done.stdout
    assert "60 documents" in done.stdout
    assert "gopher_quality/too_few_words" in done.stdout
    assert not (tmp_path / "run").exists()


def test_a_run_is_quiet_and_prints_its_funnel(tmp_path, jsonl):
    stages = [{"gopher_quality": {"min_words": 20}}]
    recipe = write_recipe(
        tmp_path / "r.yaml", run_dir=str(tmp_path / "run"), input=[{"format": "jsonl", "paths": [jsonl]}], stages=stages
    )
    done = corpusmill("run", str(recipe), "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == ["gopher_quality"]
    assert "gopher_quality" in done.stdout
    assert "report.html" in done.stdout
    (tmp_path / "run" / "report.json").unlink()
    assert corpusmill("report", str(tmp_path / "run")).returncode == 0
    assert (tmp_path / "run" / "report.json").exists()


def test_report_of_something_that_is_no_run_is_refused(tmp_path):
    _refused(corpusmill("report", str(tmp_path)), "manifest.json")


def test_every_shipped_recipe_is_valid():
    from pipeline.recipe import load_recipe

    recipes = sorted((ROOT / "configs").glob("**/*.yaml"))
    assert len(recipes) >= 2
    for recipe in recipes:
        load_recipe(recipe)
