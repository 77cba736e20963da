"""Continued pre-training as a user meets it: a base's tokenizer grows, its embedding with it; mistakes come first."""

import json

import pytest
import torch
from tokenizers import Tokenizer

from tests.pipeline.train import corpus
from tests.runs import corpusmill, hashes, write_recipe
from tests.tokenizer.test_extend import DOMAIN, plain_base, raw


@pytest.fixture
def base_dir(tmp_path):
    """A tiny model with its tokenizer of 320 tokens."""
    folder = tmp_path / "base"
    corpus.llama(vocab_size=320).save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes(raw(plain_base()))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>", "pad_token": "<|pad|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


def run(folder, settings, *arguments, stages=(), name="run"):
    path = folder / "in.jsonl"
    path.write_text("".join(json.dumps({"text": f"{text} {i}"}) + "\n" for i, text in enumerate(DOMAIN)))
    recipe = write_recipe(
        folder / f"{name}.yaml",
        run_dir=str(folder / name),
        input=[{"format": "jsonl", "paths": [str(path)]}],
        stages=[{"train_tokenizer": settings}, *stages],
    )
    return corpusmill("run", str(recipe), *arguments)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"compare": ["nowhere"]}, "compare.0: expected a file at nowhere/tokenizer.json, found nothing"),
        ({"extend": "nowhere", "add_tokens": 5}, "extend: expected a file at nowhere/tokenizer.json, found nothing"),
        ({"extend": "BASE", "vocab_size": 320}, "vocab_size 320 leaves no room for more"),
        ({"add_tokens": 5}, "name its folder with extend"),
    ],
)
def test_mistakes_are_told_before_any_work(tmp_path, base_dir, settings, told):
    done = run(tmp_path, {key: str(base_dir) if value == "BASE" else value for key, value in settings.items()})
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run" / "documents").exists()


@pytest.mark.slow
def test_tokenizer_rows_and_adapter_fit_each_other(tmp_path, base_dir):
    from peft import AutoPeftModelForCausalLM
    from transformers import AutoTokenizer

    train = {"method": "lora", "base": str(base_dir), "resizes_embedding": True, "max_steps": 5, "precision": "fp32"}
    stages = ({"pack": {"context_len": 64}}, {"train": train})
    settings = {"extend": str(base_dir), "add_tokens": 30, "compare": [str(base_dir)]}
    done = run(tmp_path, settings, "--workers", "1", stages=stages)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    measured = report["tokenizer"][0]["measured"]
    assert [one["vocab_size"] for one in measured["tokenizers"]] == [350, 320]
    assert measured["tokens_by_size"][""][0] == measured["sample"]["tokens"][1]  # without merges of its own: the base
    assert measured["sample"]["tokens"][0] < measured["sample"]["tokens"][1]
    assert f"{report['tokenizer'][0]['vocab_size']:,} tokens; " in done.stdout
    assert report["training"][0]["new_tokens"] == 30

    model = AutoPeftModelForCausalLM.from_pretrained(tmp_path / "run" / "adapter")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "run" / "adapter")
    ids = tokenizer.encode(DOMAIN[0])
    assert ids == Tokenizer.from_file(str(tmp_path / "run" / "tokenizer" / "tokenizer.json")).encode(DOMAIN[0]).ids
    assert max(ids) >= 320
    assert model(input_ids=torch.tensor([ids])).logits.shape[-1] == 350

    done = run(tmp_path, settings, "--workers", "2", stages=stages[:1], name="again")
    assert done.returncode == 0, done.stderr
    assert hashes(tmp_path / "again", ("tokenizer",)) == hashes(tmp_path / "run", ("tokenizer",))
    again = json.loads((tmp_path / "again" / "report.json").read_text())
    assert again["tokenizer"][0]["measured"] == measured
