"""The settings tree: frozen, checked across keys, stages in an order that works."""

import pytest
from pydantic import BaseModel, ValidationError

from pipeline.config import (
    PackConfig,
    Recipe,
    StageEntry,
    Strict,
)

TEXT = ({"format": "text", "paths": ["a.txt"]},)
PACKED = ({"format": "packed", "paths": ["packed"]},)
SETTINGS = {
    "language": {"keep": ["en"]},
    "train": {"method": "full", "base": {"shape": "llama-1m"}},
    "pack": {},
}


def recipe(*names: str, read=TEXT, **settings: dict) -> Recipe:
    """A recipe of these stages; the settings of a stage stand under its name."""
    stages = [{name: SETTINGS.get(name, {}) | settings.get(name, {})} for name in names]
    return Recipe.model_validate({"run_dir": "r", "input": list(read), "stages": stages})


def strict_models() -> list[type[BaseModel]]:
    return sorted(Strict.__subclasses__(), key=lambda model: model.__name__)


def test_the_models_are_seen():
    assert len(strict_models()) >= 14


@pytest.mark.parametrize("model", strict_models(), ids=lambda model: model.__name__)
def test_every_model_is_frozen_and_refuses_unknown_keys(model):
    assert model.model_config["frozen"]
    assert model.model_config["extra"] == "forbid"
    assert model.__doc__
    with pytest.raises(ValidationError, match="extra_forbidden"):
        model.model_validate({"no_such_key": 1})


def test_a_stage_knows_its_name_and_its_settings():
    entry = StageEntry.model_validate({"pack": {"context_len": 64}})
    assert (entry.name, entry.config) == ("pack", PackConfig(context_len=64))


def test_row_and_dedup_stages_are_stages():
    assert set(StageEntry.model_fields) > StageEntry.ROW | StageEntry.DEDUP
    assert not StageEntry.ROW & StageEntry.DEDUP


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("language",),
        ("pii", "gopher_quality", "language", "gopher_repetition"),
        ("near_dedup", "exact_dedup"),
        ("exact_dedup", "gopher_quality", "near_dedup", "pii"),
        ("exact_dedup", "near_dedup", "exact_dedup"),
        ("train_tokenizer",),
        ("train_tokenizer", "pack", "train"),
        ("language", "exact_dedup", "near_dedup", "pii", "train_tokenizer", "format", "pack", "train"),
    ],
)
def test_orders_that_work(names):
    assert tuple(entry.name for entry in recipe(*names).stages) == names


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("train_tokenizer", "language"), "language stands after train_tokenizer; everything that drops or rewrites"),
        (("train_tokenizer", "pack", "near_dedup"), "near_dedup stands after train_tokenizer"),
        (("pii", "language", "pii"), "pii stands twice; its scores would share one name"),
        (("train_tokenizer", "train_tokenizer"), "train_tokenizer stands once, before format, pack and train"),
        (("format", "train_tokenizer", "pack"), "train_tokenizer stands once, before format, pack and train"),
        (("train_tokenizer", "format", "format"), "format stands once; it holds for every pack after it"),
        (("train_tokenizer", "pack", "format"), "format stands before pack: it says how pack writes conversations"),
        (("train",), "train needs a pack stage before it: it reads packed shards"),
        (("train_tokenizer", "train", "pack"), "train needs a pack stage before it"),
        (("pack",), "pack needs a tokenizer: put a train_tokenizer stage before it or name one with `tokenizer: DIR`"),
        (("train_tokenizer", "pack", "pack"), r"two stages would write packed/; give one of them another name"),
        (
            ("train_tokenizer", "pack", "train", "train"),
            r"two stages would write model/; give one of them another name",
        ),
    ],
)
def test_orders_that_do_not_work_say_why(names, message):
    with pytest.raises(ValidationError, match=message):
        recipe(*names)


def test_two_stages_of_a_kind_cannot_leave_one_index():
    with pytest.raises(ValidationError, match="two exact_dedup stages say write_index"):
        recipe("exact_dedup", "near_dedup", "exact_dedup", exact_dedup={"write_index": True})


def test_a_named_tokenizer_is_enough_to_pack():
    assert recipe("pack", pack={"tokenizer": "base"}).stages[0].pack.tokenizer == "base"


def test_a_unigram_model_packs_nothing_and_does_not_stand_in_the_way():
    unigram = {"algorithm": "sentencepiece_unigram"}
    with pytest.raises(ValidationError, match="none gives the ids of algorithm: sentencepiece_unigram everywhere"):
        recipe("train_tokenizer", "pack", train_tokenizer=unigram)
    stages = recipe("train_tokenizer", "pack", train_tokenizer=unigram, pack={"tokenizer": "base"}).stages
    assert [entry.name for entry in stages] == ["train_tokenizer", "pack"]


def test_two_packings_under_two_names_work():
    stages = [{"pack": {"tokenizer": "t", "name": name}} for name in ("packed", "packed_chat")]
    assert len(Recipe.model_validate({"run_dir": "r", "input": list(TEXT), "stages": stages}).stages) == 2


def test_previous_needs_a_training_before_it():
    with pytest.raises(ValidationError, match="base: previous needs a train stage before it"):
        recipe("train_tokenizer", "pack", "train", train={"method": "lora", "base": "previous"})
    full = {"train": {"method": "full", "base": {"shape": "llama-1m"}}}
    lora = {"train": {"method": "lora", "base": "previous"}}
    stages = [{"train_tokenizer": {}}, {"pack": {}}, full, lora]
    assert len(Recipe.model_validate({"run_dir": "r", "input": list(TEXT), "stages": stages}).stages) == 4


def test_packed_shards_can_only_be_trained_on():
    assert recipe("train", read=PACKED).reads_packed
    assert not recipe("language").reads_packed
    with pytest.raises(ValidationError, match="an input of packed shards can only be trained on"):
        recipe("language", read=PACKED)


def test_lifted_columns_of_all_inputs_in_order_of_first_mention():
    columns = [{"b": "string", "a": "int64"}, {"c": "bool", "a": "int64"}]
    inputs = [TEXT[0] | {"columns": one} for one in columns]
    assert list(recipe(read=inputs).lifted_columns.items()) == [("b", "string"), ("a", "int64"), ("c", "bool")]
