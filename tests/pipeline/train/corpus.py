"""A corpus that a tiny model learns in seconds (each document repeats a few ids), and that tiny model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from pipeline.io.packed import IGNORED, Manifest, PackedRow, write_packed

VOCAB = 90
EOS = 0
MANIFEST = Manifest(context_len=96, vocab_size=VOCAB, eos_id=EOS, tokenizer="t0")


def row(documents: list[np.ndarray]) -> PackedRow:
    """A packed row of these documents in which everything is trained."""
    ids = np.concatenate(documents).astype(np.int32)
    lengths = np.array([document.size for document in documents], np.int32)
    labels = ids.copy()
    labels[np.cumsum(lengths) - lengths] = IGNORED
    return PackedRow(ids, labels, lengths)


def documents(count: int, seed: int) -> list[np.ndarray]:
    """Documents of 4 to 30 tokens: one of six patterns over and over, then EOS."""
    random = np.random.default_rng(seed)
    patterns = np.random.default_rng(7).integers(1, VOCAB, (6, 5))
    out = []
    for _ in range(count):
        length = int(random.integers(4, 30))
        out.append(np.append(np.resize(patterns[random.integers(6)], length - 1), EOS).astype(np.int32))
    return out


def rows(count: int, seed: int) -> list[PackedRow]:
    """Packed rows of three documents each."""
    docs = documents(3 * count, seed)
    return [row(docs[i : i + 3]) for i in range(0, 3 * count, 3)]


def write(folder: Path, *, validation: bool = True, manifest: Manifest = MANIFEST) -> None:
    """Write a packed folder: 60 rows to train on, 6 to validate."""
    write_packed(folder / "train", rows(60, 0), manifest)
    if validation:
        write_packed(folder / "validation", rows(6, 1), manifest, split="validation")


def llama(*, seed: int = 0, **changes: object):
    """A Llama of about 90 thousand parameters with two query heads to a key head."""
    from transformers import LlamaConfig, LlamaForCausalLM

    settings = {
        "vocab_size": 96,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 128,
        "eos_token_id": EOS,
        "bos_token_id": None,
        "initializer_range": 0.1,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LlamaForCausalLM(LlamaConfig(**(settings | changes)))
