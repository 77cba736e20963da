import pytest
from pydantic import ValidationError

from pipeline.config import StageEntry, SubstringDedupConfig


def test_defaults_are_those_of_lee_et_al_with_words_for_tokens():
    config = SubstringDedupConfig()
    assert (config.min_tokens, config.prefer, config.min_words_left) == (50, ("longest", "first"), 0)


def test_it_is_a_stage_that_compares_documents():
    entry = StageEntry.model_validate({"substring_dedup": {"min_tokens": 100}})
    assert entry.name in StageEntry.DEDUP
    assert entry.config == SubstringDedupConfig(min_tokens=100)


@pytest.mark.parametrize(
    "values", [{"min_tokens": 1}, {"min_tokens": 10_001}, {"min_words_left": -1}, {"prefer": []}, {"tokens": 50}]
)
def test_what_cannot_be_is_refused(values):
    with pytest.raises(ValidationError, match=next(iter(values))):
        SubstringDedupConfig.model_validate(values)
