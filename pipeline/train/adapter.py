"""LoRA on a frozen base: y = W x + (alpha / rank) B A x, with A drawn at random and B zero (Hu et al. 2021).

The adapter's weights are fp32 whatever the base is held in; the base may be NF4 (QLoRA).
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import torch

from pipeline.config import TrainConfig
from pipeline.train.error import TrainError
from pipeline.train.new_tokens import NewTokens

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


def add_adapter(
    model: PreTrainedModel, config: TrainConfig, *, seed: int, new_tokens: NewTokens | None = None
) -> PeftModel:
    """Freeze `model` and put adapters beside its linear layers, in place; the result is the handle that saves them.

    Rows of `new_tokens` train with it, those of the input's and of the output's embedding: PEFT keeps them as tensors
    of their own that stand in for the base's rows, and saves them with the adapter.
    """
    from peft import LoraConfig, get_peft_model

    targets = config.target_modules
    if targets != "all-linear":
        check_targets(model, targets)
    lora = LoraConfig(
        task_type="CAUSAL_LM",
        r=config.rank,
        lora_alpha=2 * config.rank if config.alpha is None else config.alpha,
        lora_dropout=0.0,
        target_modules=targets if targets == "all-linear" else list(targets),
        trainable_token_indices=_rows_to_train(model, new_tokens) if new_tokens else None,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        adapter = get_peft_model(model, lora)
    for name, weight in adapter.named_parameters():
        if "trainable_tokens_delta" in name:
            weight.data = weight.data.float()
    return adapter


def _rows_to_train(model: PreTrainedModel, new_tokens: NewTokens) -> dict[str, list[int]]:
    """Ids by the name of the embedding; of one that is tied to the other PEFT itself takes care."""
    modules = {id(model.get_input_embeddings()), id(model.get_output_embeddings())}
    if model.config.get_text_config().tie_word_embeddings:
        modules = {id(model.get_input_embeddings())}
    return {name: list(new_tokens.ids) for name, module in model.named_modules() if id(module) in modules}


def check_targets(model: PreTrainedModel, targets: tuple[str, ...]) -> None:
    """Raise TrainError for a name that no linear layer bears, naming those there are."""
    linear = [name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)]
    there = sorted({name.rsplit(".", 1)[-1] for name in linear})
    for target in targets:
        if not any(name == target or name.endswith(f".{target}") for name in linear):
            near = difflib.get_close_matches(target, there, n=1)
            hint = f"; did you mean {near[0]}?" if near else "."
            raise TrainError(
                f"target_modules: no linear layer of the base is called {target}{hint} There are: {', '.join(there)}"
            )
