"""The optimiser and the learning rate of each step."""

from __future__ import annotations

import math

import torch

from pipeline.config import TrainConfig

MAX_GRADIENT_NORM = 1.0
COSINE_FLOOR_FRACTION = 0.1
FULL_BETAS = (0.9, 0.95)
ADAPTER_BETAS = (0.9, 0.999)
FULL_WEIGHT_DECAY = 0.1
SGD_MOMENTUM = 0.9


def make_optimizer(model: torch.nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """AdamW or SGD with momentum 0.9 over the parameters that train.

    Full training: betas 0.9 and 0.95 and decay 0.1 on matrices alone, as Llama 2 (Touvron et al. 2023). Adapters: betas
    0.9 and 0.999 and no decay, as in LoRA's published runs (Hu et al. 2021): decay would pull towards the base, which
    a small rank does already.
    """
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    full = config.method == "full"
    groups = [
        {"params": [w for w in trained if w.ndim >= 2], "weight_decay": FULL_WEIGHT_DECAY if full else 0.0},
        {"params": [w for w in trained if w.ndim < 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=config.learning_rate, momentum=SGD_MOMENTUM)
    betas = FULL_BETAS if full else ADAPTER_BETAS
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=betas, fused=True)


def learning_rate(config: TrainConfig, step: int, num_steps: int) -> float:
    """Rate of `step`, counted from 0: a linear warm-up, then constant or a cosine down to a tenth of the peak."""
    warmup_steps = math.ceil(config.warmup_fraction * num_steps)
    if step < warmup_steps:
        return config.learning_rate * (step + 1) / warmup_steps
    if config.schedule == "constant":
        return config.learning_rate
    done_fraction = (step - warmup_steps) / max(1, num_steps - 1 - warmup_steps)
    cosine = (1 + math.cos(math.pi * done_fraction)) / 2
    return config.learning_rate * (COSINE_FLOOR_FRACTION + (1 - COSINE_FLOOR_FRACTION) * cosine)
