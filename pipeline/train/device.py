"""Where the arithmetic happens, and in which number format."""

from __future__ import annotations

import resource
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch

from pipeline.train.error import TrainError


@dataclass(frozen=True)
class Device:
    """A device and whether matrices are multiplied in bf16 there (else fp32). Sums, losses and norms stay in fp32."""

    name: str
    bf16: bool

    @property
    def compute_dtype(self) -> torch.dtype:
        """bfloat16 or float32."""
        return torch.bfloat16 if self.bf16 else torch.float32

    @property
    def micro_tokens(self) -> int:
        """Tokens that go through the model at once: what fills a GPU, or what stays in a CPU's caches.

        A 2-million Llama on 2 CPU cores made 9,350 tokens/s at 2,048 and 8,100 at 8,192. The result is the same.
        """
        return 2048 if self.name == "cpu" else 8192

    def autocast(self) -> AbstractContextManager[None]:
        """Context in which matrix products are taken in `compute_dtype`."""
        return torch.autocast(self.name, dtype=torch.bfloat16, enabled=self.bf16)

    def peak_memory_bytes(self) -> int:
        """Most memory held: by tensors on a GPU, by the whole process on a CPU."""
        if self.name == "cuda":
            return int(torch.cuda.max_memory_allocated())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def choose_device(precision: str) -> Device:
    """CUDA where there is one, else the CPU. `auto`: bf16 on a GPU that computes in it, fp32 elsewhere.

    A CPU takes bf16 only when told to: most have no unit for it and get slower.
    """
    if not torch.cuda.is_available():
        return Device("cpu", precision == "bf16")
    has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
    if precision == "bf16" and not has_bf16:
        raise TrainError(
            f"precision: bf16 needs a GPU that computes in it, found {torch.cuda.get_device_name()}; use auto or fp32"
        )
    return Device("cuda", has_bf16 and precision != "fp32")
