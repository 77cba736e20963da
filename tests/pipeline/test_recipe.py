"""Recipes: YAML as people mean it, overrides that say what they touch, and nothing unknown."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import Recipe
from pipeline.errors import UserError
from pipeline.recipe import RecipeError, as_yaml, load_recipe, parse_recipe, parse_yaml

CONFIGS = Path(__file__).parents[2] / "configs"
BASE = "run_dir: r\ninput: [{format: text, paths: [a.txt]}]\n"
PACKED = BASE + "stages:\n  - train_tokenizer: {}\n  - pack: {}\n  - pack: {name: packed_b}\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_recipe_by_hand(tmp_path):
    text = BASE + "seed: 7\nstages:\n  - language: {keep: [en, no]}\n  - pii: {}\n"
    recipe = load_recipe(written(tmp_path, text))
    assert (recipe.run_dir, recipe.seed, recipe.input[0].paths) == ("r", 7, ("a.txt",))
    assert [entry.name for entry in recipe.stages] == ["language", "pii"]
    assert recipe.stages[0].language.keep == ("en", "no")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[no, yes, on, off, n]", ["no", "yes", "on", "off", "n"]),
        ("[true, True, FALSE]", [True, True, False]),
        ("[1e-4, 1E3, 2.5, .5, -1., +1.5e+3, 1_000.5]", [1e-4, 1e3, 2.5, 0.5, -1.0, 1500.0, 1000.5]),
        ("[8_000_000, -3, 0]", [8_000_000, -3, 0]),
        ("[2024-05-01, 2024-13-45]", ["2024-05-01", "2024-13-45"]),
        ("[., 1.2.3, e5, 1e, '1e5']", [".", "1.2.3", "e5", "1e", "1e5"]),
        ("{<<: {a: 1, b: 2}, b: 3}", {"a": 1, "b": 3}),
        ("null", None),
    ],
)
def test_yaml_means_what_people_mean(text, value):
    assert parse_yaml(text, "x") == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", r"^x: line 3: `a` stands twice; keep one$"),
        ("a: {b: 1, b: 2}", r"^x: line 1: `b` stands twice"),
        ("{1: a, 1: b}", r"^x: line 1: `1` stands twice"),
        ("? [a, b]\n: 1\n", r"^x: line 1: a key must be a plain word$"),
        ("? {a: b}\n: 1\n", r"^x: line 1: a key must be a plain word$"),
        ("a: [\n", r"^x is not YAML: line 2: expected the node content"),
        ("a: b: c", r"^x is not YAML: line 1: mapping values are not allowed here"),
        ("a: 1\n\tb: 2", r"^x is not YAML: line 2: found character '\\t'"),
        ("a: *nowhere", r"^x is not YAML: line 1: found undefined alias 'nowhere'"),
        ("a: !!python/object:os.system {}", r"^x is not YAML: line 1: could not determine a constructor"),
        ("a: 1\n---\nb: 2\n", r"^x is not YAML: line 2: but found another document"),
        ("a: \x07", r"^x is not YAML: unacceptable character #x0007[^\n]*$"),
        ("a: 0b", None),
        ("[" * 5000, r"^x: nested too deeply"),
    ],
)
def test_what_is_not_a_recipes_yaml_is_refused_with_its_line(text, message):
    if message is None:
        assert parse_yaml(text, "x") == {"a": "0b"}
        return
    with pytest.raises(RecipeError, match=message):
        parse_yaml(text, "x")


@given(st.text(max_size=40))
def test_any_text_is_a_value_or_a_recipe_error(text):
    try:
        parse_yaml(text, "x")
    except RecipeError as error:
        assert str(error).startswith("x")  # noqa: PT017  both outcomes are right; what may not come is another error


def test_a_recipe_error_is_the_users_mistake():
    assert issubclass(RecipeError, UserError)


@pytest.mark.parametrize("text", ["- a\n", "", "just words\n"])
def test_a_recipe_holds_keys(tmp_path, text):
    with pytest.raises(RecipeError, match=r"must hold keys such as run_dir, input and stages, got (list|NoneType|str)"):
        load_recipe(written(tmp_path, text))


def test_a_missing_recipe_says_where_some_are(tmp_path):
    with pytest.raises(RecipeError, match=r"no recipe at .*none.yaml; the shipped ones are in configs/"):
        load_recipe(tmp_path / "none.yaml")


def test_a_folder_and_a_file_that_is_not_text_are_refused(tmp_path):
    with pytest.raises(RecipeError, match=r"recipe .* can't be read: .*Is a directory"):
        load_recipe(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"run_dir: caf\xe9\n")
    with pytest.raises(RecipeError, match=r"recipe .* can't be read: 'utf-8' codec can't decode byte 0xe9"):
        load_recipe(tmp_path / "latin.yaml")


def test_every_mistake_is_told_at_once(tmp_path):
    path = written(tmp_path, "run_dirr: r\ninput: [{format: wat, paths: [a]}]\nseed: x\n")
    with pytest.raises(RecipeError) as raised:
        load_recipe(path)
    assert str(raised.value).splitlines() == [
        f"{path}:",
        "  run_dir is missing",
        "  seed: must be an integer, got 'x'",
        "  input.0.format: must be 'warc', 'wet', 'jsonl', 'parquet', 'arrow', 'csv', 'text', 'hf' or 'packed', "
        "got 'wat'; did you mean 'wet'?",
        "  run_dirr: unknown key `run_dirr`; did you mean `run_dir`?",
    ]


@pytest.mark.parametrize(
    ("override", "look", "value"),
    [
        ("seed=3", lambda r: r.seed, 3),
        ("run_dir=a=b", lambda r: r.run_dir, "a=b"),
        ("engine.workers=2", lambda r: r.engine.workers, 2),
        ("input.0.paths=[b.txt, c.txt]", lambda r: r.input[0].paths, ("b.txt", "c.txt")),
        ("stages.train_tokenizer.vocab_size=300", lambda r: r.stages[0].train_tokenizer.vocab_size, 300),
        ("stages.train_tokenizer={vocab_size: 301}", lambda r: r.stages[0].train_tokenizer.vocab_size, 301),
        ("stages.1.pack.context_len=64", lambda r: r.stages[1].pack.context_len, 64),
        ("stages.2.pack.validation_fraction=1e-1", lambda r: r.stages[2].pack.validation_fraction, 0.1),
        ("stages.0={train_tokenizer: {vocab_size: 302}}", lambda r: r.stages[0].train_tokenizer.vocab_size, 302),
    ],
)
def test_overrides_reach_their_key_and_nothing_else(tmp_path, override, look, value):
    path = written(tmp_path, PACKED)
    changed = load_recipe(path, [override])
    assert look(changed) == value
    plain = load_recipe(path)
    assert look(plain) != value
    assert sum(getattr(changed, n) != getattr(plain, n) for n in Recipe.model_fields) == 1


def test_the_later_override_wins(tmp_path):
    assert load_recipe(written(tmp_path, PACKED), ["seed=3", "seed=4"]).seed == 4


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seed", r"--set seed: expected dotted.key=value"),
        ("seed.x=1", r"--set seed.x=1: x stands below a plain value"),
        ("run_dir.x.y=1", r"--set run_dir.x.y=1: x stands below a plain value"),
        ("stages.9.pack=1", r"no `9` here; there are train_tokenizer, pack, pack \(or 0 to 2\)"),
        ("stages.-1.pack=1", r"no `-1` here"),
        ("stages.²=1", r"no `²` here"),
        ("stages.foo.x=1", r"no `foo` here"),
        ("stages.pack.context_len=5", r"pack stands there 2 times; say which: 1.pack or 2.pack"),
        ("stages.pack={}", r"pack stands there 2 times; say which: 1.pack or 2.pack"),
        ("seed=[", r"--set seed is not YAML: line 1"),
        ("seed={a: 1, a: 2}", r"--set seed: line 1: `a` stands twice"),
        ("sed=1", r"sed: unknown key `sed`; did you mean `seed`\?"),
        ("stages.0.pack={}", r"stages.0: an item of `stages` has exactly one key, got pack, train_tokenizer"),
        ("stages.1.pack=null", r"stages.1: pack has no settings; write `pack: \{\}` for its defaults"),
    ],
)
def test_an_override_that_reaches_nothing_is_refused(tmp_path, override, message):
    path = written(tmp_path, PACKED + "seed: 0\n")
    with pytest.raises(RecipeError, match=message):
        load_recipe(path, [override])


def test_a_lifted_column_may_not_bear_one_of_our_names():
    value = {"run_dir": "r", "input": [{"format": "jsonl", "paths": ["a"], "columns": {"lang": "string"}}]}
    with pytest.raises(
        RecipeError, match=r"input.0.columns.lang: `lang` is a column of documents/ already; leave it out"
    ):
        parse_recipe(value)


def test_a_lifted_column_has_one_type():
    inputs = [{"format": "jsonl", "paths": ["a"], "columns": {"n": kind}} for kind in ("int64", "string")]
    with pytest.raises(RecipeError, match=r"input\.\d\.columns\.n: (int64|string) here and (int64|string) in another"):
        parse_recipe({"run_dir": "r", "input": inputs})
    assert parse_recipe({"run_dir": "r", "input": inputs[:1] * 2}).lifted_columns == {"n": "int64"}


def shipped() -> list[Path]:
    return sorted(CONFIGS.rglob("*.yaml"))


def test_there_are_shipped_recipes():
    assert len(shipped()) >= 2


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.name)
def test_every_shipped_recipe_loads_and_comes_back_from_its_own_yaml(path):
    recipe = load_recipe(path)
    assert parse_recipe(parse_yaml(as_yaml(recipe), "again")) == recipe


def test_settings_come_back_from_their_yaml_also_odd_ones():
    value = {
        "run_dir": "no",
        "input": [{"format": "csv", "paths": ["1e5", "2024-01-01", "ä ö", "null"], "columns": {"true": "bool"}}],
        "stages": [
            {"gopher_repetition": {"max_top_ngram_char_fraction": {2: 1e-5}, "max_duplicate_line_fraction": None}},
            {"train_tokenizer": {}},
            {"pack": {}},
            {"train": {"method": "full", "base": {"shape": "llama-1m"}, "learning_rate": 1e-7}},
        ],
    }
    recipe = parse_recipe(value)
    again = parse_recipe(parse_yaml(as_yaml(recipe), "again"))
    assert again == recipe
    assert again.stages[0].gopher_repetition.max_top_ngram_char_fraction == {2: 1e-5}


def test_the_yaml_of_a_recipe_spells_out_its_defaults():
    text = as_yaml(
        parse_recipe({"run_dir": "r", "input": [{"format": "wet", "paths": ["a"]}], "stages": [{"pii": {}}]})
    )
    assert yaml.safe_load(text)["stages"] == [{"pii": {"types": ["email", "ip"], "action": "replace"}}]
