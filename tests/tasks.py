"""Work for the engine's tests. Workers import it by name."""

import os
import signal
import time
from pathlib import Path
from typing import Any


def double(number: int) -> dict[str, Any]:
    return {"twice": 2 * number, "worker": os.getpid()}


def sleep(seconds: float) -> dict[str, Any]:
    time.sleep(seconds)
    return {"slept": seconds, "worker": os.getpid()}


def refuse(number: int) -> dict[str, Any]:
    if number == 3:
        raise ValueError("three is not wanted")
    return {"number": number}


def die_once(marker: str) -> dict[str, Any]:
    """Kills its own worker on the first call, and works on the second."""
    if not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"survived": True}


def environment(name: str) -> dict[str, Any]:
    return {name: os.environ.get(name)}


def compile_kernels(text: str) -> dict[str, Any]:
    """First use of kernels that no cache holds yet."""
    import pyarrow as pa

    from pipeline.kernels.buffers import string_view
    from pipeline.kernels.words import word_spans

    starts, _, _ = word_spans(*string_view(pa.array([text])))
    return {"words": int(starts.size), "worker": os.getpid()}
