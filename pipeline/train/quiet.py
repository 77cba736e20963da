"""The libraries below keep off the network and the terminal."""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator

TALKERS = r"(transformers|peft|bitsandbytes|accelerate|torch|huggingface_hub)(\.|$)"


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Silence transformers, peft, bitsandbytes and torch below errors, progress bars included, for the block.

    `HF_HUB_OFFLINE` stays set: a base is a folder, and a training that looks something up on the way is not the one
    that was asked for. It is read when huggingface_hub is first imported, so this comes before any such import.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"
    from transformers.utils import logging as hf_logging

    verbosity, had_bars = hf_logging.get_verbosity(), hf_logging.is_progress_bar_enabled()
    talker = logging.getLogger("bitsandbytes")
    level = talker.level
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=TALKERS)
        hf_logging.set_verbosity_error()
        hf_logging.disable_progress_bar()
        talker.setLevel(logging.ERROR)
        try:
            yield
        finally:
            talker.setLevel(level)
            hf_logging.set_verbosity(verbosity)
            if had_bars:
                hf_logging.enable_progress_bar()
