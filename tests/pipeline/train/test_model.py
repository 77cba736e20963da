from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
import torch

from pipeline.config import ShapeBase, TrainConfig
from pipeline.train.attention import BACKEND
from pipeline.train.device import Device
from pipeline.train.error import TrainError
from pipeline.train.model import open_base, stored_dtype
from tests.oracles import nf4 as oracle
from tests.pipeline.train.corpus import MANIFEST, llama

CPU = Device("cpu", False)


def opened(base, method="lora", manifest=MANIFEST, device=CPU):
    config = TrainConfig(method=method, base="x")
    return open_base(config, str(base), manifest=manifest, device=device, seed=0)


def saved(folder, **changes):
    llama(**changes).save_pretrained(folder)
    return folder


def test_a_base_is_opened_with_its_own_weights_and_our_attention(base_dir):
    model = opened(base_dir)
    assert model.config._attn_implementation == BACKEND
    for name, weight in llama().named_parameters():
        assert torch.equal(model.get_parameter(name), weight)


@pytest.mark.parametrize(
    ("method", "bf16", "expected"),
    [("full", True, torch.float32), ("lora", True, torch.bfloat16), ("lora", False, torch.float32)],
)
def test_a_frozen_base_is_held_in_what_it_is_multiplied_in(base_dir, method, bf16, expected):
    weights = opened(base_dir, method, device=Device("cpu", bf16)).parameters()
    assert {weight.dtype for weight in weights} == {expected}


def test_nf4_weights_are_those_of_the_oracle(base_dir):
    model = opened(base_dir, "qlora")
    layer = model.model.layers[1].mlp.down_proj
    state = layer.weight.quant_state
    assert (state.quant_type, state.nested, state.blocksize) == ("nf4", True, 64)
    weights = oracle.dequantize(
        layer.weight.data, state.absmax, state.state2.code, state.state2.absmax, float(state.offset), state.shape
    )
    original = llama().model.layers[1].mlp.down_proj.weight.detach()
    assert 0.02 < float((weights - original).norm() / original.norm()) < 0.12
    eye = torch.eye(weights.shape[1])
    torch.testing.assert_close(layer(eye).T - 0, weights, atol=1e-6, rtol=0)
    codes = torch.stack([layer.weight.data.flatten() >> 4, layer.weight.data.flatten() & 15], dim=1).flatten()
    assert float((codes.long() == oracle.nearest_codes(original)).float().mean()) > 0.999


def test_running_in_eval_mode_leaves_nf4_weights_alone(base_dir):
    model = opened(base_dir, "qlora")
    layer = model.model.layers[0].self_attn.q_proj
    before, constants = layer.weight.data.clone(), layer.weight.quant_state.absmax.clone()
    with torch.no_grad():
        layer.eval()(torch.ones(1, 64))
    assert torch.equal(layer.weight.data, before)
    assert torch.equal(layer.weight.quant_state.absmax, constants)


def test_the_padding_row_trains(tmp_path):
    model = opened(saved(tmp_path, pad_token_id=0), "full")
    model.get_input_embeddings()(torch.tensor([0])).sum().backward()
    assert model.get_input_embeddings().weight.grad[0].abs().sum() > 0


def test_dropout_is_off(tmp_path):
    from transformers import GPT2Config, GPT2LMHeadModel

    GPT2LMHeadModel(GPT2Config(vocab_size=96, n_embd=16, n_layer=1, n_head=2, n_positions=128)).save_pretrained(
        tmp_path
    )
    dropouts = [m.p for m in opened(tmp_path).modules() if isinstance(m, torch.nn.Dropout)]
    assert dropouts
    assert set(dropouts) == {0.0}


def test_a_shape_needs_no_folder():
    config = TrainConfig(method="full", base=ShapeBase(shape="llama-1m"))
    model = open_base(config, config.base, manifest=MANIFEST, device=CPU, seed=0)
    assert model.config._attn_implementation == BACKEND
    assert stored_dtype(config.base) == torch.float32


def test_the_stored_format_is_found(tmp_path):
    llama().to(torch.bfloat16).save_pretrained(tmp_path)
    assert stored_dtype(str(tmp_path)) == torch.bfloat16


def test_a_missing_folder(tmp_path):
    with pytest.raises(TrainError, match="nowhere is no folder; name the folder of a model"):
        opened(tmp_path / "nowhere")


def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(TrainError, match=r"holds no config\.json; expected the folder of a model"):
        opened(tmp_path)


def test_an_adapter_is_no_base(tmp_path):
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(TrainError, match="it holds an adapter: merge it first"):
        opened(tmp_path)


def test_a_config_of_no_known_model(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "no_such_model"}))
    with pytest.raises(TrainError, match="transformers can't read"):
        opened(tmp_path)


def test_a_model_that_is_no_causal_one(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "vit", "vocab_size": 96}))
    with pytest.raises(TrainError, match="can't be opened as a causal language model"):
        opened(tmp_path)


def test_weights_that_are_missing(tmp_path, base_dir):
    (tmp_path / "config.json").write_bytes((base_dir / "config.json").read_bytes())
    with pytest.raises(TrainError, match="can't be opened"):
        opened(tmp_path)


def test_a_weight_that_is_missing(tmp_path):
    from safetensors.torch import load_file, save_file

    path = saved(tmp_path) / "model.safetensors"
    weights = load_file(path)
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(TrainError, match=r"lacks 1 of its weights, the first is model\.layers\.1\.mlp\.up_proj"):
        opened(tmp_path)


def test_a_vocabulary_larger_than_the_embedding(base_dir):
    with pytest.raises(TrainError, match="embeds 96 tokens, the packed rows use a vocabulary of 97"):
        opened(base_dir, manifest=replace(MANIFEST, vocab_size=97))


def test_rows_longer_than_the_positions(base_dir):
    with pytest.raises(TrainError, match="positions for 128 tokens, packed rows may hold 129"):
        opened(base_dir, manifest=replace(MANIFEST, context_len=129))


def test_layers_that_mix_documents(tmp_path):
    config = json.loads((saved(tmp_path) / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"model_type": "qwen3_next"}))
    with pytest.raises(TrainError, match="linear_attention layers, which would mix packed documents"):
        opened(tmp_path)


def test_a_tokenizer_that_is_not_the_shards(tmp_path):
    (saved(tmp_path) / "tokenizer.json").write_text("{}")
    with pytest.raises(TrainError, match=r"another tokenizer \(44136fa355b3\) than the packed rows \(t0\)"):
        opened(tmp_path)
    opened(tmp_path, manifest=replace(MANIFEST, tokenizer=hashlib.sha256(b"{}").hexdigest()))


def test_a_quantised_base_can_only_carry_an_adapter(tmp_path, base_dir):
    saved_in_nf4 = opened(base_dir, "qlora")
    saved_in_nf4.save_pretrained(tmp_path)
    layer = opened(tmp_path, "lora").model.layers[0].mlp.up_proj
    assert torch.equal(layer.weight.data, saved_in_nf4.model.layers[0].mlp.up_proj.weight.data)
    with pytest.raises(TrainError, match="is quantised already; method: full needs it in fp32 or bf16"):
        opened(tmp_path, "full")
