import pytest
from pydantic import ValidationError

from pipeline.config import PerplexityConfig

MODELS = {"en": "en.arpa", "de": "de.arpa"}


def test_models_pieces_and_cutoffs_may_be_given_by_language():
    config = PerplexityConfig.model_validate(
        {
            "model": MODELS,
            "pieces": {"en": "en.model", "de": "words", "fr": "fr.model"},
            "cutoffs": {"en": [340, 520.5]},
        }
    )
    assert config.cutoffs == {"en": (340, 520.5)}
    assert PerplexityConfig.model_validate({"model": "m.arpa", "cutoffs": [1, 2], "keep": ["tail"]}).cutoffs == (1, 2)


def test_defaults_are_ccnets():
    config = PerplexityConfig(model="m.arpa")
    assert (config.profile, config.pieces, config.keep, config.cutoffs) == ("ccnet", "words", None, None)
    assert (config.max_perplexity, config.min_context_gain) == (None, None)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"keep": ["best"]}, "keep"),
        ({"keep": []}, "keep"),
        ({"cutoffs": [520.0, 340.0]}, r"cutoffs must ascend, head before middle, got \[520, 340\]"),
        ({"cutoffs": {"en": [520.0, 340.0]}}, r"cutoffs must ascend"),
        ({"cutoffs": [0.0, 340.0]}, "cutoffs"),
        ({"cutoffs": [340.0]}, "cutoffs"),
        ({"cutoffs": [340.0, float("inf")]}, "cutoffs"),
        ({"max_perplexity": 0.0}, "max_perplexity"),
        ({"min_context_gain": float("-inf")}, "min_context_gain"),
        ({"profile": "wiki"}, "profile"),
        ({"model": None}, "give either `model`"),
        ({"model": {"en": 3}}, "model"),
        ({"model": MODELS, "pieces": {"en": "en.model"}}, "`pieces` by language lack de; give one to each model"),
        ({"pieces": {"en": "en.model"}}, "`pieces` by language need a `model` by language"),
        ({"profile": "plain", "keep": ["head"]}, "`keep` needs `cutoffs`"),
    ],
)
def test_settings_that_make_no_sense_are_refused(values, message):
    with pytest.raises(ValidationError, match=message):
        PerplexityConfig.model_validate({"model": "m.arpa", **values})
