"""Training speed from packed rows, beside padding and beside rows whose documents are told apart by a dense mask.

Same documents, same fresh model, same optimiser, one process; the tokens counted are the documents' own. On the CPU one
thread and its own seconds, so that a busy machine does not count. `pytest tests/benchmarks/bench_train.py -m bench -s`
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import numpy as np
import pytest
import torch

from pipeline.io.packed import Manifest
from pipeline.train.attention import register_backend
from pipeline.train.batch import MicroBatch, collate
from pipeline.train.device import Device, choose_device
from pipeline.train.loss import packed_logits, summed_loss
from pipeline.train.shape import fresh_model
from tests.pipeline.train.corpus import row

VOCAB = 8192
STEP_TOKENS = 8192
ROUNDS = 3


def documents(total: int) -> list[np.ndarray]:
    """Random documents with log-normal lengths (median 150, at most 1,024), `total` tokens in all."""
    random = np.random.default_rng(0)
    lengths: list[int] = []
    while sum(lengths) < total:
        lengths.append(int(np.clip(random.lognormal(5.0, 1.0), 8, min(1024, max(8, total - sum(lengths))))))
    return [random.integers(1, VOCAB, length).astype(np.int32) for length in lengths]


def micro_batches(docs: list[np.ndarray], micro_tokens: int, device: Device) -> list[MicroBatch]:
    """Documents end to end, in runs of about `micro_tokens`."""
    runs: list[list[np.ndarray]] = [[]]
    for document in docs:
        if runs[-1] and sum(map(len, runs[-1])) + len(document) > micro_tokens:
            runs.append([])
        runs[-1].append(document)
    return [collate([row(run)], num_embeddings=VOCAB, device=device.name) for run in runs]


def padded_loss(model: torch.nn.Module, docs: list[np.ndarray], device: Device) -> torch.Tensor:
    """The naive way: eight documents to a batch, padded to the longest, masked."""
    longest = max(map(len, docs))
    ids = torch.zeros(len(docs), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for at, document in enumerate(docs):
        ids[at, : len(document)] = torch.from_numpy(document.astype(np.int64))
        mask[at, : len(document)] = 1
    labels = ids.masked_fill(mask == 0, -100).to(device.name)
    batch = {"input_ids": ids.to(device.name), "attention_mask": mask.to(device.name)}
    return model(**batch, labels=labels, use_cache=False, num_items_in_batch=1).loss


def seconds_per_step(model: torch.nn.Module, losses: list[Callable[[], torch.Tensor]], device: Device) -> float:
    """Median of a few optimiser steps over all losses, after one to warm up."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    clock = time.process_time if device.name == "cpu" else time.perf_counter
    times = []
    for _ in range(ROUNDS + 1):
        began = clock()
        for loss in losses:
            with device.autocast():
                value = loss() / STEP_TOKENS
            value.backward()
        optimizer.step()
        optimizer.zero_grad()
        if device.name == "cuda":
            torch.cuda.synchronize()
        times.append(clock() - began)
    return median(times[1:])


@pytest.mark.bench
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("shape", ["llama-1m", "llama-2m"])
def test_tokens_per_second(shape: str, precision: str) -> None:
    torch.set_num_threads(1)
    device = choose_device(precision)
    docs = documents(STEP_TOKENS)
    tokens = sum(map(len, docs))
    manifest = Manifest(context_len=1024, vocab_size=VOCAB, eos_id=0, tokenizer="none")

    def speed(backend: str, losses_of: Callable[[torch.nn.Module], list[Callable[[], torch.Tensor]]]) -> float:
        model = fresh_model(shape, manifest, seed=0).to(device.name)
        model.set_attn_implementation(backend)
        return tokens / seconds_per_step(model, losses_of(model), device)

    batches = micro_batches(docs, device.micro_tokens, device)
    eights = [docs[at : at + 8] for at in range(0, len(docs), 8)]
    ours = speed(register_backend(), lambda m: [lambda b=b: summed_loss(m, b) for b in batches])
    dense = speed("sdpa", lambda m: [lambda b=b: summed_loss(m, b) for b in batches])
    padded = speed("sdpa", lambda m: [lambda e=e: padded_loss(m, e, device) for e in eights])
    print(
        f"\n{shape} {device.name} {precision}, vocabulary {VOCAB}, {len(docs)} documents in a step of {tokens} tokens:"
        f" ours {ours:,.0f} tokens/s, packed with a dense mask {dense:,.0f} ({ours / dense:.2f}x),"
        f" padded {padded:,.0f} ({ours / padded:.2f}x)"
    )
    assert ours > padded


@pytest.mark.bench
def test_both_backends_compute_the_same() -> None:
    """The race is fair: the dense mask gives the same logits."""
    device = choose_device("fp32")
    manifest = Manifest(context_len=1024, vocab_size=VOCAB, eos_id=0, tokenizer="none")
    batch = micro_batches(documents(1024), 1024, device)[0]
    model = fresh_model("llama-1m", manifest, seed=0).to(device.name)
    logits = []
    for backend in (register_backend(), "sdpa"):
        model.set_attn_implementation(backend)
        with torch.no_grad():
            logits.append(packed_logits(model, batch))
    torch.testing.assert_close(logits[0], logits[1], atol=1e-5, rtol=0)
