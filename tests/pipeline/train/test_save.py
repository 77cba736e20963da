from __future__ import annotations

import json

import pytest
import torch

from pipeline.config import TrainConfig
from pipeline.train.adapter import add_adapter
from pipeline.train.save import atomic_dir, save_adapter, save_model
from tests.pipeline.train.corpus import llama


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_is_replaced_whole(tmp_path):
    for text in ("one", "two"):
        with atomic_dir(tmp_path / "out") as folder:
            (folder / f"{text}.txt").write_text(text)
            (folder / "deep").mkdir()
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["deep", "two.txt"]


def test_a_failure_leaves_what_was_there(tmp_path):
    with atomic_dir(tmp_path / "out") as folder:
        (folder / "good").touch()
    with pytest.raises(FileNotFoundError), atomic_dir(tmp_path / "out") as folder:
        (folder / "half" / "way").touch()
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["good"]


def test_an_adapter_names_its_base_and_carries_the_tokenizer(tmp_path, base_dir):
    (tmp_path / "tokenizer").mkdir()
    (tmp_path / "tokenizer" / "tokenizer.json").write_text("{}")
    (tmp_path / "tokenizer" / "model.safetensors").write_text("not wanted")
    adapter = add_adapter(llama(), TrainConfig(method="lora", base="x"), seed=0)
    for out in ("one", "two"):
        save_adapter(adapter, str(tmp_path / out), base=str(base_dir), tokenizer_dir=str(tmp_path / "tokenizer"))
    assert names(tmp_path / "one") == ["adapter_config.json", "adapter_model.safetensors", "tokenizer.json"]
    config = json.loads((tmp_path / "one" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(base_dir)
    assert config["target_modules"] == sorted(config["target_modules"])
    for name in names(tmp_path / "one"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_model_is_written_in_the_format_asked_for(tmp_path, dtype):
    from transformers import AutoModelForCausalLM

    save_model(llama(), str(tmp_path / "model"), base=None, dtype=dtype, tokenizer_dir=None)
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    assert loaded.dtype == dtype
    for ours, theirs in zip(loaded.parameters(), llama().parameters(), strict=True):
        assert torch.equal(ours, theirs.to(dtype))
    assert "corpusmill" not in (tmp_path / "model" / "config.json").read_text()


def test_without_a_tokenizer_folder_the_bases_own_is_copied(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{}")
    save_model(llama(), str(tmp_path / "model"), base=str(tmp_path), dtype=torch.float32, tokenizer_dir=None)
    assert (tmp_path / "model" / "tokenizer.json").read_text() == "{}"
