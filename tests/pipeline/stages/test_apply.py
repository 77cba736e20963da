import pickle

import pytest

from pipeline.config import PiiConfig
from pipeline.schema import judge
from pipeline.stages.apply import ApplyStage
from pipeline.stages.pii import PiiStage
from tests.documents import documents


def test_the_stage_is_built_on_the_worker_and_never_travels():
    fn = pickle.loads(pickle.dumps(ApplyStage(PiiStage, PiiConfig())))
    fn.setup()
    (kept,) = fn.process(documents(["to ada@example.com"]))
    assert kept.column("text").to_pylist() == ["to <EMAIL>"]


def test_a_batch_of_which_nothing_stays_is_no_batch():
    fn = ApplyStage(lambda config: lambda batch: judge("none", batch, [], {}, batch.slice(0, 0)), PiiConfig())
    fn.setup()
    assert list(fn.process(documents(["a"]))) == []


def test_a_stage_that_can_not_be_built_says_so():
    def fails(config: PiiConfig):
        raise ValueError("no model")

    with pytest.raises(ValueError, match="no model"):
        ApplyStage(fails, PiiConfig()).setup()
