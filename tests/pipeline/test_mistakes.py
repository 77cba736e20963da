"""Every mistake in a recipe is told at the path the user wrote, with what was found and the way out."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import StageEntry
from pipeline.mistakes import NOT_YET
from pipeline.recipe import RecipeError, parse_recipe

TEXT = [{"format": "text", "paths": ["a.txt"]}]
MODEL = [{"train_tokenizer": {}}, {"pack": {}}]


def mistakes(changes: dict[object, object]) -> list[str]:
    """The lines under the recipe's name, of a good recipe with these changes."""
    with pytest.raises(RecipeError) as raised:
        parse_recipe({"run_dir": "r", "input": TEXT} | changes)
    name, *lines = str(raised.value).splitlines()
    assert name == "recipe:"
    return [line.removeprefix("  ") for line in lines]


def stage_mistakes(stages: object) -> list[str]:
    return mistakes({"stages": stages})


def stage(name: str, **settings: object) -> list[dict[str, object]]:
    return [{name: settings}]


@pytest.mark.parametrize(
    ("stages", "line"),
    [
        (
            stage("language", keep=["en"], min_scor=0.5),
            "stages.0.language.min_scor: unknown key `min_scor`; did you mean `min_score`?",
        ),
        (stage("languag", keep=["en"]), "stages.0.languag: unknown key `languag`; did you mean `language`?"),
        (stage("pii", zzz=1), "stages.0.pii.zzz: unknown key `zzz`; known here: action, types"),
        (stage("language"), "stages.0.language.keep is missing"),
        (stage("language", keep="en"), "stages.0.language.keep: must be a list, as in [a, b] or 'all', got 'en'"),
        (
            stage("language", keep=["en"], min_score=1.5),
            "stages.0.language.min_score: must be less than or equal to 1, got 1.5",
        ),
        (
            stage("language", keep=["en"], min_score="0.5"),
            "stages.0.language.min_score: must be a number, got '0.5'",
        ),
        (
            stage("language", keep=["en"], min_score=float("nan")),
            "stages.0.language.min_score: must be a finite number, got nan",
        ),
        (
            stage("pii", types=["emial"]),
            "stages.0.pii.types.0: must be 'email' or 'ip', got 'emial'; did you mean 'email'?",
        ),
        (stage("pii", types="email"), "stages.0.pii.types: must be a list, as in [a, b], got 'email'"),
        (
            stage("near_dedup", rows_per_band="8"),
            "stages.0.near_dedup.rows_per_band: must be an integer, got '8'",
        ),
        (
            stage("near_dedup", num_bands=2),
            "stages.0.near_dedup: 2 bands of 8 rows nominate only 31% of pairs at min_jaccard 0.8; "
            "use more bands or fewer rows per band, or give num_hashes",
        ),
        (stage("exact_dedup", prefer=[]), "stages.0.exact_dedup.prefer: must be a list of at least 1, got []"),
        (
            stage("gopher_repetition", max_top_ngram_char_fraction={11: 0.1}),
            "stages.0.gopher_repetition: n-gram orders run from 2 to 10, got 11",
        ),
        (
            stage("gopher_repetition", max_top_ngram_char_fraction={2: 1.2}),
            "stages.0.gopher_repetition.max_top_ngram_char_fraction.2: must be less than or equal to 1, got 1.2",
        ),
        (
            stage("gopher_repetition", max_top_ngram_char_fraction={"x": 0.1}),
            "stages.0.gopher_repetition.max_top_ngram_char_fraction.x: must be an integer, got 'x'",
        ),
        (
            stage("gopher_repetition", max_top_ngram_char_fraction=[0.1]),
            "stages.0.gopher_repetition.max_top_ngram_char_fraction: must be keys with values, as in {key: value}, "
            "got [0.1]",
        ),
        (["language"], "stages.0: must be a stage with its settings, as in `pii: {}`, got 'language'"),
        ([{}], "stages.0: an item of `stages` has exactly one key, got none"),
        (
            [{"pii": {}, "language": {"keep": "all"}}],
            "stages.0: an item of `stages` has exactly one key, got language, pii",
        ),
        ([{"pii": None}], "stages.0: pii has no settings; write `pii: {}` for its defaults"),
        ([{"pii": 3}], "stages.0.pii: must be keys with values, as in {key: value}, got 3"),
        ({"pii": {}}, "stages: must be a list, as in [a, b], got {'pii': {}}"),
    ],
)
def test_stage_settings(stages, line):
    assert stage_mistakes(stages) == [line]


@pytest.mark.parametrize(
    ("train", "lines"),
    [
        ({"base": 3}, ["stages.2.train.base: must be text or keys with values, as in {key: value}, got 3"]),
        (
            {"base": {"shape": "llama-3m"}},
            [
                "stages.2.train.base.shape: must be 'llama-1m', 'llama-2m', 'llama-10m' or 'llama-25m', "
                "got 'llama-3m'; did you mean 'llama-2m'?"
            ],
        ),
        (
            {"base": {"shap": "llama-2m"}},
            [
                "stages.2.train.base.shape is missing",
                "stages.2.train.base.shap: unknown key `shap`; did you mean `shape`?",
            ],
        ),
        (
            {"base": {"shape": "llama-2m"}},
            ["stages.2.train: an adapter on the fresh weights of llama-2m learns nothing; use method: full"],
        ),
        (
            {"base": "x", "max_steps": 3, "epochs": 1},
            ["stages.2.train: max_steps and epochs both say how long to train; give one"],
        ),
        ({"base": "previous"}, ["recipe: base: previous needs a train stage before it"]),
        ({"base": "x", "rank": 0}, ["stages.2.train.rank: must be greater than 0, got 0"]),
    ],
)
def test_train_settings(train, lines):
    assert stage_mistakes([*MODEL, {"train": {"method": "lora"} | train}]) == lines


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"inputs": []}, ["inputs: unknown key `inputs`; did you mean `input`?"]),
        ({"input": []}, ["input: must be a list of at least 1, got []"]),
        ({"input": TEXT[0]}, ["input: must be a list, as in [a, b], got {'format': 'text', 'paths': ['a.txt']}"]),
        ({"input": [{"format": "text", "path": ["a"]}]}, [
            "input.0.paths is missing",
            "input.0.path: unknown key `path`; did you mean `paths`?",
        ]),
        ({"input": [{"format": "text", "paths": "a"}]}, ["input.0.paths: must be a list, as in [a, b], got 'a'"]),
        ({"input": [{"format": "text", "paths": []}]}, ["input.0.paths: must be a list of at least 1, got ()"]),
        ({"input": [TEXT[0] | {"limit": 0}]}, ["input.0.limit: must be greater than 0, got 0"]),
        ({"input": [TEXT[0] | {"columns": {"date": "str"}}]}, [
            "input.0.columns.date: must be 'string', 'int64', 'float64' or 'bool', got 'str'; did you mean 'string'?"
        ]),
        ({"run_dir": ""}, ["run_dir: must be text, not empty, got ''"]),
        ({"run_dir": None}, ["run_dir: must be text, got None"]),
        ({"seed": 1.5}, ["seed: must be an integer, got 1.5"]),
        ({"keep_dropped_text": "yes"}, ["keep_dropped_text: must be true or false, got 'yes'"]),
        ({"slice_bytes": 1}, ["slice_bytes: must be greater than or equal to 1024, got 1"]),
        ({"engine": {"workers": 0}}, ["engine: workers must be auto or at least 1, got 0"]),
        ({"engine": {"workers": "many"}}, ["engine.workers: must be an integer or 'auto', got 'many'"]),
        ({"engine": {"runer": "local"}}, ["engine.runer: unknown key `runer`; did you mean `runner`?"]),
        ({"engine": "local"}, ["engine: must be keys with values, as in {key: value}, got 'local'"]),
        ({1: 2}, ["1: must be a text key, got 1"]),
    ],
)  # fmt: skip
def test_the_rest_of_the_recipe(changes, lines):
    assert mistakes(changes) == lines


@pytest.mark.parametrize("name", NOT_YET)
def test_a_planned_stage_says_so(name):
    (line,) = stage_mistakes([{name: {}}])
    assert line.startswith(
        f"stages.0.{name}: `{name}` is planned, not built yet; remove it. Stages there are: c4, classifier"
    )


def test_no_planned_stage_is_there_already():
    assert not set(NOT_YET) & set(StageEntry.model_fields)


def test_a_pack_folder_is_named_after_packing():
    (line,) = stage_mistakes([MODEL[0], {"pack": {"name": "Foo"}}])
    assert line == "stages.1.pack.name: must be text of the form ^packed[a-z0-9_]*$, got 'Foo'"


def test_what_was_found_is_cut_where_it_is_long():
    (line,) = mistakes({"seed": "x" * 500})
    assert len(line) < 130
    assert line.endswith("...")


def _stage_fields() -> list[tuple[str, str]]:
    found = []
    for name, info in StageEntry.model_fields.items():
        model = next(part for part in info.annotation.__args__ if part is not type(None))
        found += [(name, field) for field in model.model_fields]
    return found


def test_stage_fields_are_seen():
    assert len(_stage_fields()) > 40


@given(st.sampled_from(_stage_fields()), st.data())
def test_a_field_with_one_letter_lost_is_recognised(stage_field, data):
    name, field = stage_field
    at = data.draw(st.integers(0, len(field) - 1))
    typo = field[:at] + field[at + 1 :]
    known = {other for stage_name, other in _stage_fields() if stage_name == name}
    if typo in known or len(field) < 3:
        return
    lines = stage_mistakes([{name: {typo: 1}}])
    (line,) = [line for line in lines if "unknown key" in line]
    assert re.match(rf"stages\.0\.{name}\.{typo}: unknown key `{typo}`; did you mean `\w+`\?$", line)
