from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.train.attention import BACKEND, packed_attention, register_backend
from pipeline.train.error import TrainError
from pipeline.train.loss import packed_logits
from tests.oracles import packed_attention as oracle
from tests.pipeline.train.corpus import llama
from tests.pipeline.train.test_loss import batch_of

LENGTHS = [5, 1, 9, 3]


def tensors(lengths, *, heads=4, key_heads=4, dtype=torch.float32, device="cpu"):
    random = torch.Generator().manual_seed(0)
    total = sum(lengths)
    shapes = [(1, heads, total, 16), (1, key_heads, total, 16), (1, key_heads, total, 16)]
    return [torch.randn(shape, generator=random).to(device, dtype).requires_grad_() for shape in shapes]


def borders(lengths, device="cpu"):
    return torch.tensor([0, *lengths], device=device).cumsum(0).to(torch.int32)


def attend(query, key, value, lengths, window=None):
    out, weights = packed_attention(
        torch.nn.Identity(),
        query,
        key,
        value,
        None,
        sliding_window=window,
        cu_seq_lens_q=borders(lengths, query.device),
        max_length_q=max(lengths),
    )
    assert weights is None
    return out


@settings(deadline=None, max_examples=40)
@given(
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=5),
    key_heads=st.sampled_from([1, 2, 4]),
    window=st.none() | st.integers(1, 6),
)
def test_attention_agrees_with_its_oracle(lengths, key_heads, window):
    query, key, value = tensors(lengths, key_heads=key_heads)
    expected = oracle.attention(query, key, value, lengths, window)
    torch.testing.assert_close(attend(query, key, value, lengths, window), expected, atol=2e-6, rtol=0)


@pytest.mark.parametrize("window", [None, 3])
def test_gradients_agree_with_the_oracle(window):
    ours, theirs = tensors(LENGTHS, key_heads=2), tensors(LENGTHS, key_heads=2)
    attend(*ours, LENGTHS, window).square().sum().backward()
    oracle.attention(*theirs, LENGTHS, window).square().sum().backward()
    for our, their in zip(ours, theirs, strict=True):
        torch.testing.assert_close(our.grad, their.grad, atol=2e-5, rtol=0)


def other_models():
    from transformers import AutoConfig

    common = {"vocab_size": 96, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "head_dim": 8}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64}
    ids = {"bos_token_id": None, "eos_token_id": 0, "pad_token_id": None}
    return {
        "mistral": AutoConfig.for_model("mistral", sliding_window=4, **common, **heads, **ids),
        "qwen3": AutoConfig.for_model("qwen3", **common, **heads, **ids),
        "olmo2": AutoConfig.for_model("olmo2", **common, **heads, **ids),
        "gemma3_text": AutoConfig.for_model("gemma3_text", sliding_window=4, **common, **heads, **ids),
        "gpt2": AutoConfig.for_model("gpt2", vocab_size=96, n_embd=32, n_layer=2, n_head=4, n_positions=64, **ids),
    }


@pytest.mark.parametrize("kind", sorted(other_models()))
def test_each_document_has_the_logits_that_transformers_gives_it_alone(kind):
    """Windows, scaling, norms and positions are the model's own, whatever the architecture."""
    from transformers import AutoModelForCausalLM

    config = other_models()[kind]
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    ids = torch.randint(1, 96, (sum(LENGTHS),))
    with torch.no_grad():
        alone = torch.cat([model(input_ids=one[None]).logits[0] for one in ids.split(LENGTHS)])
        model.set_attn_implementation(register_backend())
        packed = packed_logits(model, batch_of(ids.split(LENGTHS)))
    assert alone.std() > 0.01
    torch.testing.assert_close(packed, alone, atol=2e-5, rtol=1e-4)


def test_a_call_without_borders_is_refused():
    register_backend()
    model = llama()
    model.set_attn_implementation(BACKEND)
    with pytest.raises(TrainError, match="without the documents' borders"):
        model(input_ids=torch.ones(1, 4, dtype=torch.long))


@pytest.mark.parametrize("what", [{"softcap": 30.0}, {"s_aux": torch.ones(4)}, {"is_causal": False}])
def test_what_the_kernels_do_not_do_is_refused(what):
    with pytest.raises(TrainError, match="packed training does not do"):
        packed_attention(torch.nn.Identity(), *tensors([3]), None, cu_seq_lens_q=borders([3]), max_length_q=3, **what)


def test_a_mask_is_refused():
    mask = torch.ones(1, 1, 3, 3)
    with pytest.raises(TrainError, match="an attention mask"):
        packed_attention(torch.nn.Identity(), *tensors([3]), mask, cu_seq_lens_q=borders([3]), max_length_q=3)


@pytest.mark.gpu
@pytest.mark.parametrize("key_heads", [1, 4])
@pytest.mark.parametrize("window", [None, 3])
def test_the_flash_kernel_agrees_with_the_oracle(key_heads, window):
    lengths = [50, 1, 200, 33]
    on_gpu = tensors(lengths, key_heads=key_heads, dtype=torch.bfloat16, device="cuda")
    on_cpu = [tensor.detach().float().cpu().requires_grad_() for tensor in on_gpu]
    out = attend(*on_gpu, lengths, window)
    expected = oracle.attention(*on_cpu, lengths, window)
    torch.testing.assert_close(out.float().cpu(), expected, atol=2e-2, rtol=2e-2)
    out.float().square().sum().backward()
    expected.square().sum().backward()
    for ours, theirs in zip(on_gpu, on_cpu, strict=True):
        torch.testing.assert_close(ours.grad.float().cpu(), theirs.grad, atol=6e-2, rtol=6e-2)
