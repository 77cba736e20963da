"""One thread for every test here: the machine is shared, and sums of floats depend on the number of threads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.pipeline.train import corpus


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def packed_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A packed folder of the periodic corpus, with a validation split."""
    folder = tmp_path_factory.mktemp("packed")
    corpus.write(folder)
    return folder


@pytest.fixture(scope="session")
def base_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small Llama with grouped key heads, saved as transformers saves it."""
    folder = tmp_path_factory.mktemp("base")
    corpus.llama().save_pretrained(folder)
    return folder
