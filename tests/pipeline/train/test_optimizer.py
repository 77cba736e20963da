from __future__ import annotations

import pytest
import torch

from pipeline.config import TrainConfig
from pipeline.train.optimizer import learning_rate, make_optimizer
from tests.pipeline.train.corpus import llama


def config(**changes) -> TrainConfig:
    return TrainConfig(**({"method": "full", "base": "x", "learning_rate": 1.0, "warmup_fraction": 0.2} | changes))


def rates(num_steps, **changes):
    return [learning_rate(config(**changes), step, num_steps) for step in range(num_steps)]


def test_cosine_warms_up_and_ends_at_a_tenth():
    assert rates(12) == pytest.approx(
        [1 / 3, 2 / 3, 1, 1, 0.9657, 0.8682, 0.7222, 0.55, 0.3778, 0.2318, 0.1343, 0.1], abs=1e-4
    )


def test_constant_stays_after_the_warm_up():
    assert rates(10, schedule="constant") == [0.5] + [1.0] * 9


@pytest.mark.parametrize("num_steps", [1, 2, 3])
@pytest.mark.parametrize("warmup_fraction", [0.0, 0.03, 1.0])
def test_short_trainings_have_a_rate_too(num_steps, warmup_fraction):
    assert all(0 < rate <= 1 for rate in rates(num_steps, warmup_fraction=warmup_fraction))


def test_only_matrices_of_a_full_training_decay():
    model = llama()
    decays = {id(w): g["weight_decay"] for g in make_optimizer(model, config()).param_groups for w in g["params"]}
    assert decays == {id(w): 0.1 if w.ndim == 2 else 0.0 for w in model.parameters()}


def test_an_adapter_does_not_decay_and_frozen_weights_are_left_out():
    model = llama()
    for name, weight in model.named_parameters():
        weight.requires_grad = "q_proj" in name
    groups = make_optimizer(model, config(method="lora")).param_groups
    assert [(len(group["params"]), group["weight_decay"], group["betas"]) for group in groups] == [
        (2, 0.0, (0.9, 0.999))
    ]


def test_sgd_is_sgd():
    assert isinstance(make_optimizer(llama(), config(optimizer="sgd")), torch.optim.SGD)
