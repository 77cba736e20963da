"""New tokens get rows that begin as the mean of what spells them, train, and come back with the adapter."""

import hashlib
import json
import shutil

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from pipeline.config import TrainConfig
from pipeline.io.packed import Manifest, write_packed
from pipeline.train.error import TrainError
from pipeline.train.job import train_job
from pipeline.train.new_tokens import NewTokens, add_rows, find_new_tokens
from tests.pipeline.train import corpus
from tests.tokenizer.test_extend import DOMAIN, extend, plain_base, qwen_like, raw
from tokenizer.extend import spellings

OLD, NEW = 320, 350
SETTINGS = {"batch_tokens": 400, "learning_rate": 5e-3, "max_steps": 12, "resizes_embedding": True}


def qwen(**changes):
    from transformers import Qwen2Config, Qwen2ForCausalLM

    settings = {"vocab_size": OLD, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2}
    settings |= {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 128}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Qwen2ForCausalLM(Qwen2Config(**(settings | changes)))


MODELS = {
    "llama": lambda: corpus.llama(vocab_size=OLD),
    "llama tied": lambda: corpus.llama(vocab_size=OLD, tie_word_embeddings=True),
    "llama with room": lambda: corpus.llama(vocab_size=384),
    "qwen": lambda: qwen(tie_word_embeddings=False),
    "qwen tied": lambda: qwen(tie_word_embeddings=True),
}


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    """A run's tokenizer/, which extends a base's by 30 tokens, and packed/ with rows of it."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "tokenizer").mkdir()
    content = extend(plain_base())
    (folder / "tokenizer" / "tokenizer.json").write_bytes(content)
    (folder / "tokenizer" / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>"})
    )
    manifest = Manifest(context_len=96, vocab_size=NEW, eos_id=0, tokenizer=hashlib.sha256(content).hexdigest())
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer" / "tokenizer.json"))
    documents = [np.array([*tokenizer.encode(text).ids, 0], np.int32) for text in DOMAIN]
    rows = [corpus.row(documents[i : i + 2]) for i in range(0, len(documents), 2)]
    write_packed(folder / "packed" / "train", rows, manifest)
    write_packed(folder / "packed" / "validation", rows[:2], manifest, split="validation")
    return folder


@pytest.fixture
def base_dir(tmp_path):
    return with_tokenizer(tmp_path / "base", MODELS["llama"]())


def with_tokenizer(folder, model, tokenizer=None):
    model.save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes(raw(tokenizer or plain_base()))
    return folder


def train(run_dir, base, out, *, tokenizer_dir=None, **changes):
    return train_job(
        TrainConfig(base=str(base), **(SETTINGS | changes)),
        packed_dir=str(run_dir / "packed"),
        base=str(base),
        out_dir=str(out),
        checkpoint_dir=str(out.parent / "checkpoints"),
        seed=0,
        key="k",
        on_step=lambda report: None,
        tokenizer_dir=tokenizer_dir,
    )


def found(run_dir, base, **changes):
    config = TrainConfig(method="lora", base=str(base), **({"resizes_embedding": True} | changes))
    content = (run_dir / "tokenizer" / "tokenizer.json").read_bytes()
    manifest = Manifest(context_len=96, vocab_size=NEW, eos_id=0, tokenizer=hashlib.sha256(content).hexdigest())
    return find_new_tokens(config, str(base), str(run_dir / "packed"), manifest, None)


@pytest.mark.parametrize("name", MODELS)
def test_a_new_row_is_the_mean_of_the_rows_that_spell_it(name):
    model = MODELS[name]()
    before = [model.get_input_embeddings().weight.clone(), model.get_output_embeddings().weight.clone()]
    spelled = spellings(raw(plain_base()), extend(plain_base()))
    add_rows(model, NewTokens(tuple(spelled), tuple(map(tuple, spelled.values())), NEW, ""))
    after = [model.get_input_embeddings().weight, model.get_output_embeddings().weight]
    assert model.config.vocab_size == max(NEW, before[0].shape[0])
    assert (after[0] is after[1]) == ("tied" in name)
    for old, new in zip(before, after, strict=True):
        assert torch.equal(new[:OLD], old[:OLD])
        for token_id, parts in spelled.items():
            torch.testing.assert_close(new[token_id], old[parts].mean(0))
    assert model(input_ids=torch.tensor([[1, NEW - 1]])).logits.shape[-1] == max(NEW, before[0].shape[0])


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("method", ["lora", "qlora"])
def test_an_adapter_carries_the_new_rows_and_loads_after_the_same_resize(tmp_path, run_dir, name, method):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = with_tokenizer(tmp_path / "base", MODELS[name]())
    result = train(run_dir, base, tmp_path / "adapter", method=method, precision="fp32")
    assert result["end_validation_loss"] < result["start_validation_loss"] - 0.3
    assert result["new_tokens"] == 30
    assert (tmp_path / "adapter" / "tokenizer.json").read_bytes() == (
        run_dir / "tokenizer" / "tokenizer.json"
    ).read_bytes()
    size = sum(path.stat().st_size for path in (tmp_path / "adapter").glob("*.safetensors"))
    assert size < 4 * (result["trainable_parameters"] + 1000) + 40_000

    losses = []
    for fill in (0.0, 7.0):  # whatever the resize fills the rows with
        model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        model.resize_token_embeddings(max(NEW, model.config.vocab_size), mean_resizing=False)
        with torch.no_grad():
            model.get_input_embeddings().weight[OLD:NEW] = fill
            model.get_output_embeddings().weight[OLD:NEW] = fill
        adapted = PeftModel.from_pretrained(model, tmp_path / "adapter").eval()
        ids = torch.tensor([Tokenizer.from_file(str(tmp_path / "adapter" / "tokenizer.json")).encode(DOMAIN[0]).ids])
        assert (ids >= OLD).any()
        with torch.no_grad():
            losses.append(float(adapted(input_ids=ids, labels=ids).loss))
            merged = adapted.merge_and_unload()
            torch.testing.assert_close(float(merged(input_ids=ids, labels=ids).loss), losses[-1], atol=1e-4, rtol=0)
    assert losses[0] == losses[1]
    assert losses[0] < result["start_validation_loss"] - (0.3 if method == "lora" else 0.1)


def test_new_rows_train_and_old_ones_stay(tmp_path, run_dir, base_dir):
    from safetensors.torch import load_file

    train(run_dir, base_dir, tmp_path / "adapter", method="lora", precision="fp32")
    saved = load_file(tmp_path / "adapter" / "adapter_model.safetensors")
    rows = {name: tensor for name, tensor in saved.items() if "lora_" not in name}
    assert {tuple(tensor.shape) for tensor in rows.values()} == {(30, 64)}
    assert len(rows) == 2
    spelled = found(run_dir, base_dir)
    old = MODELS["llama"]()
    for name, tensor in rows.items():
        weight = old.get_output_embeddings().weight if "lm_head" in name else old.get_input_embeddings().weight
        first = torch.stack([weight[list(parts)].mean(0) for parts in spelled.spelled])
        moved = ((tensor - first).abs().sum(1) > 0).tolist()
        tokenizer = Tokenizer.from_file(str(run_dir / "tokenizer" / "tokenizer.json"))
        read = {token_id for text in DOMAIN for token_id in tokenizer.encode(text).ids}
        assert moved == [("lm_head" in name) or token_id in read for token_id in range(OLD, NEW)]


@pytest.mark.parametrize("name", ["llama", "qwen tied"])
def test_a_model_that_trains_whole_is_saved_with_its_new_rows(tmp_path, run_dir, name):
    from transformers import AutoModelForCausalLM

    base = with_tokenizer(tmp_path / "base", MODELS[name]())
    result = train(run_dir, base, tmp_path / "model", method="full", precision="fp32")
    assert result["end_validation_loss"] < result["start_validation_loss"] - 0.5
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    assert model.config.vocab_size == model.get_input_embeddings().weight.shape[0] == NEW
    again = train(run_dir, tmp_path / "model", tmp_path / "next" / "adapter", method="lora", precision="fp32")
    assert "new_tokens" not in again  # the tokenizer lies beside the model now
    assert again["start_validation_loss"] == pytest.approx(result["end_validation_loss"], abs=1e-3)


def test_an_interrupted_training_ends_with_the_same_bytes(tmp_path, run_dir, base_dir):
    whole = train(run_dir, base_dir, tmp_path / "a" / "adapter", method="lora", precision="fp32")
    train(run_dir, base_dir, tmp_path / "b" / "adapter", method="lora", precision="fp32")
    shutil.rmtree(tmp_path / "b" / "adapter")
    (last,) = sorted((tmp_path / "b" / "checkpoints").glob("*"))[-1:]
    assert last.name == "step-000000012.safetensors"
    again = train(run_dir, base_dir, tmp_path / "b" / "adapter", method="lora", precision="fp32")
    assert again["end_validation_loss"] == whole["end_validation_loss"]
    name = "adapter_model.safetensors"
    assert (tmp_path / "a/adapter" / name).read_bytes() == (tmp_path / "b/adapter" / name).read_bytes()


def test_without_the_key_a_smaller_embedding_is_an_error_that_names_it(tmp_path, run_dir, base_dir):
    with pytest.raises(TrainError, match=r"embeds 320 tokens, .* vocabulary of 350; .*resizes_embedding: true"):
        train(run_dir, base_dir, tmp_path / "out", method="lora", resizes_embedding=False)
    roomy = with_tokenizer(tmp_path / "roomy", MODELS["llama with room"]())
    with pytest.raises(TrainError, match=r"has another tokenizer .*resizes_embedding: true"):
        train(run_dir, roomy, tmp_path / "out", method="lora", resizes_embedding=False)
    assert found(run_dir, base_dir, resizes_embedding=False) is None


def test_a_base_without_a_tokenizer_is_refused(tmp_path, run_dir):
    with pytest.raises(TrainError, match=r"has no tokenizer\.json, which tells what its ids mean"):
        found(run_dir, tmp_path)


def test_a_tokenizer_that_does_not_extend_the_bases_is_refused(tmp_path, run_dir):
    base = with_tokenizer(tmp_path / "base", MODELS["llama"](), qwen_like())
    with pytest.raises(TrainError, match=r"does not extend the tokenizer of .* tokens have other ids or are gone"):
        found(run_dir, base)


def test_the_rows_tokenizer_must_be_there(tmp_path, run_dir, base_dir):
    shutil.copytree(run_dir / "packed", tmp_path / "alone" / "packed")
    with pytest.raises(TrainError, match=r"the packed rows' tokenizer \(.{12}\) is in none of .*alone/tokenizer"):
        train(tmp_path / "alone", base_dir, tmp_path / "out", method="lora")
    result = train(
        tmp_path / "alone", base_dir, tmp_path / "out", method="lora", tokenizer_dir=str(run_dir / "tokenizer")
    )
    assert result["new_tokens"] == 30
