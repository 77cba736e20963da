from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from pipeline.train.attention import register_backend
from pipeline.train.device import Device
from pipeline.train.error import TrainError
from pipeline.train.isolation import prove_isolation
from pipeline.train.loss import packed_logits
from tests.pipeline.train.corpus import llama

CPU = Device("cpu", False)
CPU_BF16 = Device("cpu", True)
DEVICES = pytest.mark.parametrize("device", [CPU, CPU_BF16], ids=["fp32", "bf16"])


def with_backend(model, backend=None):
    model.set_attn_implementation(register_backend() if backend is None else backend)
    return model


def with_a_mask(model, batch):
    """What a collator does that adds a mask of ones."""
    mask = torch.ones_like(batch.input_ids)
    output = model(input_ids=batch.input_ids, position_ids=batch.position_ids, attention_mask=mask, use_cache=False)
    return output.logits[0]


def with_the_default_cache(model, batch):
    """What anyone writes who trusts restarting positions."""
    return model(input_ids=batch.input_ids, position_ids=batch.position_ids).logits[0]


def without_borders(model, batch):
    """Ours, told that all documents are one."""
    ends = batch.cu_seq_lens[[0, -1]]
    return packed_logits(model, replace(batch, cu_seq_lens=ends, max_length=int(ends[-1])))


def with_running_positions(model, batch):
    return packed_logits(model, replace(batch, position_ids=torch.arange(batch.input_ids.shape[1])[None]))


@DEVICES
def test_ours_keeps_documents_apart_and_leaves_the_mode(device):
    model = with_backend(llama()).eval()
    prove_isolation(model, num_embeddings=96, device=device)
    assert not model.training


@DEVICES
@pytest.mark.parametrize(
    ("forward", "backend"),
    [(with_a_mask, "sdpa"), (with_a_mask, "eager"), (with_the_default_cache, "sdpa"), (without_borders, None)],
)
def test_documents_that_see_each_other_are_noticed(forward, backend, device):
    model = with_backend(llama(), backend)
    with pytest.raises(TrainError, match="packed documents see each other in train mode"):
        prove_isolation(model, num_embeddings=96, device=device, forward=forward)


def test_a_leak_in_eval_mode_alone_is_noticed():
    def forward(model, batch):
        return packed_logits(model, batch) if model.training else without_borders(model, batch)

    with pytest.raises(TrainError, match="see each other in eval mode"):
        prove_isolation(with_backend(llama()), num_embeddings=96, device=CPU, forward=forward)


@DEVICES
def test_positions_that_do_not_restart_are_noticed(device):
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    config = GPT2Config(vocab_size=96, n_embd=32, n_layer=2, n_head=2, n_positions=64, initializer_range=0.3)
    model = with_backend(GPT2LMHeadModel(config))
    for dropout in (m for m in model.modules() if isinstance(m, torch.nn.Dropout)):
        dropout.p = 0.0
    prove_isolation(model, num_embeddings=96, device=device)
    with pytest.raises(TrainError, match="positions do not restart"):
        prove_isolation(model, num_embeddings=96, device=device, forward=with_running_positions)


def test_a_model_that_does_not_read_is_no_proof():
    def deaf(model, batch):
        return torch.ones(batch.input_ids.shape[1], 96)

    with pytest.raises(TrainError, match="same logits whatever it reads"):
        prove_isolation(with_backend(llama()), num_embeddings=96, device=CPU, forward=deaf)


def test_broken_weights_are_no_proof():
    model = with_backend(llama())
    model.model.norm.weight.data.fill_(float("nan"))
    with pytest.raises(TrainError):
        prove_isolation(model, num_embeddings=96, device=CPU)
