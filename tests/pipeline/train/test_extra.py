from __future__ import annotations

import pytest

from pipeline.train import extra
from pipeline.train.error import TrainError


@pytest.mark.parametrize("method", ["lora", "qlora", "full"])
def test_what_these_tests_need_is_installed(method):
    extra.check_installed(method)


def test_a_missing_package_is_named_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setattr(extra, "NEEDED", ("json", "no_such_package_1", "no_such_package_2"))
    with pytest.raises(TrainError, match=r"no_such_package_1, no_such_package_2, .* pip install 'corpusmill\[train\]'"):
        extra.check_installed("lora")
