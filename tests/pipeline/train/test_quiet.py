from __future__ import annotations

import logging
import warnings

from pipeline.train.quiet import quietly


def test_libraries_are_silent_inside_and_as_before_outside():
    from transformers.utils import logging as hf_logging

    hf_logging.enable_progress_bar()
    hf_logging.set_verbosity_info()
    try:
        with quietly():
            assert hf_logging.get_verbosity() == logging.ERROR
            assert not hf_logging.is_progress_bar_enabled()
        assert hf_logging.get_verbosity() == logging.INFO
        assert hf_logging.is_progress_bar_enabled()
    finally:
        hf_logging.set_verbosity_warning()


def test_their_warnings_are_dropped_and_others_are_not():
    def warn(module: str) -> None:
        warnings.warn_explicit("said", UserWarning, f"{module}.py", 1, module=module)

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with quietly():
            warn("peft.tuners.lora")
            warn("torchlike")
    assert [str(one.filename) for one in heard] == ["torchlike.py"]
