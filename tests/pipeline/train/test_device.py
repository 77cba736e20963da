from __future__ import annotations

import pytest
import torch

from pipeline.train.device import Device, choose_device


@pytest.mark.skipif(torch.cuda.is_available(), reason="is about machines without CUDA")
@pytest.mark.parametrize(("precision", "bf16"), [("auto", False), ("fp32", False), ("bf16", True)])
def test_a_cpu_computes_in_bf16_only_when_told_to(precision, bf16):
    assert choose_device(precision) == Device("cpu", bf16)


@pytest.mark.parametrize(("bf16", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_matrices_are_multiplied_in_the_compute_dtype(bf16, dtype):
    device = Device("cpu", bf16)
    with device.autocast():
        assert torch.nn.Linear(2, 2)(torch.ones(1, 2)).dtype == device.compute_dtype == dtype


def test_peak_memory_is_that_of_a_process_with_torch_in_it():
    assert 50e6 < Device("cpu", False).peak_memory_bytes() < 1e12


@pytest.mark.gpu
@pytest.mark.parametrize(("precision", "bf16"), [("auto", True), ("bf16", True), ("fp32", False)])
def test_a_gpu_is_taken_and_computes_in_bf16_unless_told_not_to(precision, bf16):
    assert choose_device(precision) == Device("cuda", bf16)
