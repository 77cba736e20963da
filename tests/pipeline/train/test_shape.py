from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from pipeline.train.shape import SHAPES, fresh_model, shape_config
from tests.pipeline.train.corpus import MANIFEST


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_a_name_says_the_millions_outside_the_embedding(name):
    model = fresh_model(name, MANIFEST, seed=0)
    millions = (model.num_parameters() - model.get_input_embeddings().weight.numel()) / 1e6
    assert millions == pytest.approx(int(name.removeprefix("llama-").removesuffix("m")), rel=0.08)


def test_the_vocabulary_and_the_context_fit_the_shards():
    config = shape_config("llama-1m", replace(MANIFEST, vocab_size=1001, context_len=4096))
    assert (config.vocab_size, config.max_position_embeddings, config.eos_token_id) == (1024, 4096, MANIFEST.eos_id)
    assert shape_config("llama-1m", MANIFEST).max_position_embeddings == 2048


def test_weights_follow_from_the_seed_and_nothing_else():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = fresh_model("llama-1m", MANIFEST, seed=1)
    assert torch.equal(torch.rand(3), expected)
    same, other = fresh_model("llama-1m", MANIFEST, seed=1), fresh_model("llama-1m", MANIFEST, seed=2)
    name = "model.layers.0.mlp.up_proj.weight"
    assert torch.equal(first.get_parameter(name), same.get_parameter(name))
    assert not torch.equal(first.get_parameter(name), other.get_parameter(name))
