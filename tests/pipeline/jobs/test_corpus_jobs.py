import pytest

from pipeline.config import TrainTokenizerConfig
from pipeline.errors import UserError
from pipeline.jobs.corpus_jobs import TokenizerJob, recipe_fingerprint
from pipeline.recipe import parse_recipe
from tests.tokenizer.test_extend import plain_base, raw


def test_the_recipes_fingerprint_knows_no_place_and_no_speed():
    asked = {"run_dir": "x", "input": [{"format": "jsonl", "paths": ["a"]}, {"format": "text", "paths": ["b"]}]}
    same = asked | {"run_dir": "y", "engine": {"workers": 3}, "input": asked["input"][::-1]}
    other = asked | {"seed": 1}
    prints = [recipe_fingerprint(parse_recipe(r)) for r in (asked, same, other)]
    assert prints[0] == prints[1] != prints[2]


def test_a_tokenizer_depends_on_what_it_extends_and_is_compared_with(tmp_path):
    for name in ("base", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tokenizer.json").write_bytes(raw(plain_base()))
    config = TrainTokenizerConfig(
        extend=str(tmp_path / "base"), add_tokens=5, compare=(str(tmp_path / "other" / "tokenizer.json"),)
    )
    found = [TokenizerJob("01-train_tokenizer", config, has_chat=False).settings]
    for path, content in (("base/tokenizer_config.json", b"{}"), ("other/tokenizer.json", raw(plain_base("o200k")))):
        (tmp_path / path).write_bytes(content)
        found.append(TokenizerJob("01-train_tokenizer", config, has_chat=False).settings)
    assert found[0] != found[1] != found[2]


def test_a_tokenizer_that_can_not_be_compared_with_is_told_before_any_work(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{not json")
    with pytest.raises(UserError, match=r"train_tokenizer\.compare: .* is no tokenizer\.json"):
        TokenizerJob("01-train_tokenizer", TrainTokenizerConfig(compare=(str(tmp_path),)), has_chat=False)
