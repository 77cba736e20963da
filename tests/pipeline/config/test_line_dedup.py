import pytest
from pydantic import ValidationError

from pipeline.config import LineDedupConfig, StageEntry


def test_a_profile_fills_in_what_its_original_does():
    ccnet = LineDedupConfig(profile="ccnet")
    assert (ccnet.unit, ccnet.normalize, ccnet.keep, ccnet.blank_lines) == ("line", "ccnet", "none", "compare")
    c4 = LineDedupConfig()
    assert (c4.profile, c4.normalize, c4.keep, c4.min_sentences_left) == ("c4", "lower", "one", 3)
    fineweb = LineDedupConfig(profile="fineweb")
    assert (fineweb.unit, fineweb.window, fineweb.min_words_left, fineweb.min_sentences_left) == ("sentence", 3, 50, 3)


def test_what_is_given_goes_before_the_profile():
    config = StageEntry.model_validate({"line_dedup": {"profile": "fineweb", "window": 2, "min_words_left": None}})
    assert config.line_dedup is not None
    assert (config.line_dedup.window, config.line_dedup.min_words_left, config.line_dedup.min_sentences_left) == (
        2,
        None,
        3,
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"profile": "dolma"},
        {"unit": "word"},
        {"window": 0},
        {"window": 17},
        {"keep": "first"},
        {"min_count": 1},
        {"min_chars": -1},
        {"min_words_left": -1},
        {"normalize": "upper"},
        {"prefer": []},
    ],
)
def test_what_makes_no_sense_is_refused(settings):
    with pytest.raises(ValidationError):
        LineDedupConfig.model_validate(settings)
