"""Weights are exact, and the most telling pattern holds."""

from fractions import Fraction

import pyarrow as pa
import pytest

from pipeline.config import TrainTokenizerConfig
from pipeline.stages.train_tokenizer_weights import DocumentWeights


def batch(*rows: tuple[str, str | None]) -> pa.RecordBatch:
    sources, langs = zip(*rows, strict=True)
    return pa.RecordBatch.from_arrays(
        [pa.array(sources, pa.string()), pa.array(langs, pa.string())], ["source", "lang"]
    )


def test_source_and_language_multiply_in_whole_units():
    config = TrainTokenizerConfig(
        source_weights={"*": 0.3, "books/*": 2, "books/a*": "1/7", "none": 5}, lang_weights={"de": 0.5, "en": 1}
    )
    weights = DocumentWeights(config)
    found = batch(("web/1", None), ("books/b", "de"), ("books/a1", "de"), ("books/a2", "fr"), ("web/2", "en"))
    times_D, counted = weights.times(found)
    exact = [Fraction(3, 10), Fraction(2) / 2, Fraction(1, 14), Fraction(1, 7), Fraction(3, 10)]
    assert config.weight_units == 140
    assert times_D.tolist() == [140 * one for one in exact]
    assert counted == {
        "source_weights.*": 2,
        "source_weights.books/*": 1,
        "source_weights.books/a*": 2,
        "lang_weights.de": 2,
        "lang_weights.en": 1,
    }
    assert sorted(weights.keys) == sorted([*counted, "source_weights.none"])


@pytest.mark.parametrize("settings", [{}, {"source_weights": {"x": 1}}])
def test_a_batch_of_slices_and_no_rows(settings):
    weights = DocumentWeights(TrainTokenizerConfig(**settings))
    assert weights.given == bool(settings)
    times_D, counted = weights.times(batch(("a", None), ("x", "en"), ("b", None)).slice(1, 1))
    assert (times_D.tolist(), sum(counted.values())) == ([1], len(settings))
    assert weights.times(batch(("a", None)).slice(1))[0].size == 0
