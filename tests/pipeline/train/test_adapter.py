from __future__ import annotations

import pytest
import torch

from pipeline.config import TrainConfig
from pipeline.train.adapter import add_adapter
from pipeline.train.error import TrainError
from tests.pipeline.train.corpus import llama


def config(**changes) -> TrainConfig:
    return TrainConfig(**({"method": "lora", "base": "x", "rank": 4} | changes))


def trained_names(model):
    return {name for name, weight in model.named_parameters() if weight.requires_grad}


def test_all_linear_layers_but_the_head_get_an_adapter():
    model = llama()
    add_adapter(model, config(), seed=0)
    # per layer and rank: in + out of q, k, v, o (64->64, 64->32 twice, 64->64) and gate, up, down
    per_layer = (64 + 64) + 2 * (64 + 32) + (64 + 64) + 3 * (64 + 128)
    assert model.num_parameters(only_trainable=True) == 2 * 4 * per_layer
    assert all("lora_" in name and "lm_head" not in name for name in trained_names(model))


def test_alpha_is_twice_the_rank_unless_said():
    assert add_adapter(llama(), config(), seed=0).peft_config["default"].lora_alpha == 8
    assert add_adapter(llama(), config(alpha=3.0), seed=0).peft_config["default"].lora_alpha == 3.0


def test_a_fresh_adapter_changes_nothing():
    ids = torch.arange(1, 9)[None]
    model = llama()
    before = model(input_ids=ids).logits
    add_adapter(model, config(), seed=0)
    torch.testing.assert_close(model(input_ids=ids).logits, before, atol=0, rtol=0)


def test_the_adapter_follows_from_the_seed():
    drawn = [add_adapter(llama(), config(), seed=seed).state_dict() for seed in (1, 1, 2)]
    name = next(key for key in drawn[0] if "lora_A" in key)
    assert torch.equal(drawn[0][name], drawn[1][name])
    assert not torch.equal(drawn[0][name], drawn[2][name])


def test_named_targets_alone_are_trained():
    model = llama()
    add_adapter(model, config(target_modules=("q_proj", "layers.1.mlp.up_proj")), seed=0)
    assert {name.split(".lora_")[0] for name in trained_names(model)} == {
        "model.layers.0.self_attn.q_proj",
        "model.layers.1.self_attn.q_proj",
        "model.layers.1.mlp.up_proj",
    }


def test_a_target_that_matches_nothing_is_an_error_even_beside_one_that_does():
    with pytest.raises(TrainError, match=r"called q_prj; did you mean q_proj\? There are: .*down_proj, .*v_proj"):
        add_adapter(llama(), config(target_modules=("v_proj", "q_prj")), seed=0)
