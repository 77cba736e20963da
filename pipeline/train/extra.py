"""Is the trainer installed? Asked before hours of cleaning, and without importing any of it."""

from __future__ import annotations

from importlib.util import find_spec

from pipeline.train.error import TrainError

NEEDED = ("torch", "transformers", "peft", "safetensors", "accelerate")


def check_installed(method: str) -> None:
    """Raise TrainError if a package that trains with `method` is missing."""
    needed = (*NEEDED, "bitsandbytes") if method == "qlora" else NEEDED
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        raise TrainError(
            f"training needs {', '.join(missing)}, which is not installed: pip install 'corpusmill[train]'"
        )
