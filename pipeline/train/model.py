"""Open the base: a folder or a fresh small shape, in fp32, bf16 or NF4, told to keep packed documents apart."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from pipeline.config import ShapeBase, TrainConfig
from pipeline.io.packed import Manifest
from pipeline.train.attention import register_backend
from pipeline.train.device import Device
from pipeline.train.error import TrainError
from pipeline.train.new_tokens import NewTokens, add_rows
from pipeline.train.shape import fresh_model

if TYPE_CHECKING:
    from transformers import BitsAndBytesConfig, PretrainedConfig, PreTrainedModel

_OR_GROW = "; if it extends the base's, the embedding can grow with it (train: {resizes_embedding: true})"
KNOWN_LAYERS = {"full_attention", "sliding_attention"}


def open_base(
    config: TrainConfig,
    base: str | ShapeBase,
    *,
    manifest: Manifest,
    device: Device,
    seed: int,
    new_tokens: NewTokens | None = None,
) -> PreTrainedModel:
    """The base on the device, its dropout off, with rows for `new_tokens`.

    Full training keeps its weights in fp32 and multiplies in bf16 where asked (autocast); a frozen base is held in
    bf16 where it is multiplied in it, and in NF4 with double quantisation for qlora (Dettmers et al. 2023).
    """
    backend = register_backend()
    if isinstance(base, ShapeBase):
        model = fresh_model(base.shape, manifest, seed=seed)
        model.set_attn_implementation(backend)
        return _settled(model.to(device.name))
    base_config = read_base_config(base)
    check_base(base, base_config, config.method, manifest, grows=new_tokens is not None)
    dtype = torch.float32 if config.method == "full" else device.compute_dtype
    model = _load(base, dtype, device, backend, nf4=config.method == "qlora")
    if new_tokens:
        add_rows(model, new_tokens)
    return _settled(model)


def stored_dtype(base: str | ShapeBase) -> torch.dtype:
    """The number format in which the base's weights lie on disk: what a fully trained model is saved in."""
    dtype = None if isinstance(base, ShapeBase) else read_base_config(base).dtype
    return dtype if isinstance(dtype, torch.dtype) else torch.float32


def read_base_config(base: str) -> PretrainedConfig:
    """The base's config, or a TrainError that says what the folder is instead."""
    from transformers import AutoConfig

    folder = Path(base)
    if not folder.is_dir():
        raise TrainError(f"base: {base} is no folder; name the folder of a model, as save_pretrained writes it")
    if not (folder / "config.json").is_file():
        adapter = " (it holds an adapter: merge it first)" if (folder / "adapter_config.json").is_file() else ""
        raise TrainError(f"base: {base} holds no config.json{adapter}; expected the folder of a model")
    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (ValueError, OSError) as error:
        raise TrainError(
            f"base: {base} has a config.json that transformers can't read: {_first_line(error)}"
        ) from error


def check_base(base: str, config: PretrainedConfig, method: str, manifest: Manifest, *, grows: bool = False) -> None:
    """Refuse what would train on wrong tokens, wrong positions or wrong attention.

    `grows`: the embedding gets rows for the tokens by which the rows' tokenizer extends the base's.
    """
    text = config.get_text_config()
    if text.vocab_size < manifest.vocab_size and not grows:
        raise TrainError(
            f"base: {base} embeds {text.vocab_size} tokens, the packed rows use a vocabulary of {manifest.vocab_size}; "
            f"pack with the base's own tokenizer (pack: {{tokenizer: DIR}}){_OR_GROW}"
        )
    longest = getattr(text, "max_position_embeddings", None)
    if longest is not None and longest < manifest.context_len:
        raise TrainError(
            f"base: {base} has positions for {longest} tokens, packed rows may hold {manifest.context_len}; "
            f"pack with context_len: {longest} or less"
        )
    strange = sorted(set(getattr(text, "layer_types", None) or ()) - KNOWN_LAYERS)
    if strange:
        raise TrainError(f"base: {base} has {strange[0]} layers, which would mix packed documents; use another base")
    if method != "lora" and getattr(config, "quantization_config", None) is not None:
        raise TrainError(f"base: {base} is quantised already; method: {method} needs it in fp32 or bf16, or use lora")
    if not grows:
        _check_tokenizer(Path(base), manifest)


def _check_tokenizer(folder: Path, manifest: Manifest) -> None:
    path = folder / "tokenizer.json"
    if not path.is_file():
        return
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != manifest.tokenizer:
        raise TrainError(
            f"base: {folder} has another tokenizer ({found[:12]}) than the packed rows ({manifest.tokenizer[:12]}); "
            f"its ids would mean other tokens. Pack with the base's own (pack: {{tokenizer: {folder}}}){_OR_GROW}"
        )


def _load(base: str, dtype: torch.dtype, device: Device, backend: str, *, nf4: bool) -> PreTrainedModel:
    from transformers import AutoModelForCausalLM

    options = {"quantization_config": _nf4(device)} if nf4 else {}
    try:
        model, info = AutoModelForCausalLM.from_pretrained(
            base,
            dtype=dtype,
            device_map={"": device.name},
            attn_implementation=backend,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
            **options,
        )
    except (ValueError, OSError, ImportError, json.JSONDecodeError) as error:
        raise TrainError(f"base: {base} can't be opened as a causal language model: {_first_line(error)}") from error
    missing = sorted(info["missing_keys"]) + sorted(str(key) for key in info["mismatched_keys"])
    if missing:
        raise TrainError(
            f"base: {base} lacks {len(missing)} of its weights, the first is {missing[0]}; they would be random. "
            "Is the folder complete, and a causal language model?"
        )
    return model


def _nf4(device: Device) -> BitsAndBytesConfig:
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=device.compute_dtype,
    )


def _settled(model: PreTrainedModel) -> PreTrainedModel:
    """Dropout off; the embedding's padding row trains like any other; NF4 weights stay as they were quantised.

    Many bases pad with their end-of-text token; torch then leaves that token's embedding out of training. And on CPUs
    with AVX512-BF16, bitsandbytes 0.50 repacks a layer the first time it runs in eval mode, rounding its constants to
    bf16: one validation would change the base that the adapter learns beside.
    """
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
    model.get_input_embeddings().padding_idx = None
    return model


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
