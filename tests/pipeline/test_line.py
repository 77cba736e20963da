"""The line from instructions to an adapter, with the real trainer on a tiny base."""

import json

import datasets
import pyarrow.dataset as ds
import pytest

from tests.runs import corpusmill, write_recipe


@pytest.fixture
def instructions(tmp_path):
    rows = [
        {"instruction": f"Add {a} and {b}.", "input": "", "output": f"The sum of {a} and {b} is {a + b}."}
        for a in range(12) for b in range(12)
    ]  # fmt: skip
    chats = [
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": f"What is {n} squared?"},
                      {"role": "assistant", "content": f"{n} squared is {n * n}. <|im_end|>"}]}
        for n in range(40)
    ]  # fmt: skip
    (tmp_path / "alpaca.json").write_text(json.dumps(rows))
    (tmp_path / "chats.jsonl").write_text("\n".join(json.dumps(chat) for chat in chats))
    return [str(tmp_path / "alpaca.json"), str(tmp_path / "chats.jsonl")]


def test_instructions_become_a_base_and_an_adapter(instructions, tmp_path):
    run_dir, short = tmp_path / "run", {"batch_tokens": 512}
    stages = [
        {"exact_dedup": {}},
        {"train_tokenizer": {"vocab_size": 500}},
        {"format": {"template": "chatml", "train_on": "assistant"}},
        {"pack": {"context_len": 128, "validation_fraction": 0.1}},
        {"train": {"method": "full", "base": {"shape": "llama-1m"}, "max_steps": 12, "learning_rate": 5e-3} | short},
        {"train": {"method": "qlora", "base": "previous", "rank": 4, "max_steps": 4} | short},
    ]  # fmt: skip
    recipe = write_recipe(
        tmp_path / "r.yaml", run_dir=str(run_dir), input=[{"format": "jsonl", "paths": instructions}], stages=stages
    )
    done = corpusmill("run", str(recipe))
    assert done.returncode == 0, done.stderr
    documents = ds.dataset(run_dir / "documents").to_table().to_pylist()
    assert len(documents) == 12 * 12 + 40
    assert documents[0]["messages"][0]["role"] == "user"
    _check_masks(run_dir)
    trainings = json.loads((run_dir / "report.json").read_text())["training"]
    assert len(trainings) == 2
    assert trainings[0]["end_validation_loss"] < trainings[0]["start_validation_loss"]
    assert (run_dir / "adapter" / "adapter_config.json").exists()
    assert not (run_dir / "checkpoints").exists()
    _train_again(run_dir, tmp_path)


def _train_again(run_dir, tmp_path) -> None:
    """`corpusmill train` takes the shards and the base from where a run left them, and goes its own way."""
    packed = [{"format": "packed", "paths": [str(run_dir / "packed")]}]
    lora = {"method": "lora", "base": str(run_dir / "model"), "rank": 2, "max_steps": 2, "batch_tokens": 256}
    recipe = write_recipe(tmp_path / "t.yaml", run_dir=str(tmp_path / "tuned"), input=packed, stages=[{"train": lora}])
    done = corpusmill("train", str(recipe))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "tuned" / "adapter" / "adapter_model.safetensors").exists()
    refused = corpusmill("train", str(recipe), "--set", f"input.0.paths=[{tmp_path}]")
    assert refused.returncode == 2
    assert "expected one packed folder of a run" in refused.stderr


def _check_masks(run_dir) -> None:
    """What is trained is each answer with its end token; a typed end token is text."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(run_dir / "tokenizer")
    rows = datasets.load_from_disk(str(run_dir / "packed" / "train"))
    trained = [t for row in rows for t, label in zip(row["input_ids"], row["labels"], strict=True) if label != -100]
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert trained.count(end) == sum(len(row["seq_lengths"]) for row in rows)
    text = tokenizer.decode(trained)
    assert "The sum of 3 and 4 is 7." in text or "The sum of 4 and 3 is 7." in text
    assert "Add" not in text
    assert "assistant" not in text


def test_conversations_without_a_format_stage_are_refused(instructions, tmp_path):
    stages = [{"train_tokenizer": {"vocab_size": 500}}, {"pack": {"context_len": 128}}]
    recipe = write_recipe(
        tmp_path / "r.yaml",
        run_dir=str(tmp_path / "run"),
        input=[{"format": "jsonl", "paths": instructions}],
        stages=stages,
    )
    done = corpusmill("run", str(recipe))
    assert done.returncode in (1, 2)
    assert "format" in done.stderr
    assert "Traceback" not in done.stderr


def test_folders_that_a_late_stage_needs_are_looked_for_first(instructions, tmp_path):
    stages = [
        {"format": {}},
        {"pack": {"tokenizer": str(tmp_path / "none")}},
        {"train": {"method": "lora", "base": str(tmp_path / "no_model")}},
    ]
    recipe = write_recipe(
        tmp_path / "r.yaml",
        run_dir=str(tmp_path / "run"),
        input=[{"format": "jsonl", "paths": instructions}],
        stages=stages,
    )
    done = corpusmill("run", str(recipe))
    assert done.returncode == 2
    assert "stages.1.pack.tokenizer: no folder" in done.stderr
    assert not (tmp_path / "run").exists()
