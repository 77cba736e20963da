from pipeline.check import check
from pipeline.recipe import parse_recipe
from tests import corpus


def test_an_estimate_comes_from_a_sample(tmp_path):
    paths = corpus.write_jsonl(tmp_path, files=2, count=100, broken_every=10)
    recipe = parse_recipe(
        {
            "run_dir": str(tmp_path / "run"),
            "input": [{"format": "jsonl", "paths": [str(p) for p in paths]}],
            "stages": [{"gopher_quality": {}}],
        }
    )
    lines = "\n".join(check(recipe, workers=2))
    assert "Input: 2 files" in lines
    assert "quarantined/" in lines
    assert "with 2 workers" in lines
    assert "MB are free" in lines


def test_an_empty_input_is_said_to_be_empty(tmp_path):
    (tmp_path / "empty.jsonl").touch()
    recipe = parse_recipe(
        {"run_dir": str(tmp_path / "run"), "input": [{"format": "jsonl", "paths": [str(tmp_path / "empty.jsonl")]}]}
    )
    assert "The sample held no document." in check(recipe)
