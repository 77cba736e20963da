import pytest
from pydantic import ValidationError

from pipeline.config import TrainTokenizerConfig

SENTENCEPIECE = {"algorithm": "sentencepiece_bpe"}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"pretokenizer": "gpt2", "max_digits": 3}, "the pattern of gpt2 takes numbers whole; use gpt4"),
        ({"max_digits": 4}, "less than or equal to 3"),
        ({"max_token_bytes": 1}, "greater than or equal to 2"),
        ({"reserved_tokens": -1}, "greater than or equal to 0"),
        ({"min_word_count": 0}, "greater than or equal to 1"),
        ({"pad_to_multiple_of": 0}, "greater than 0"),
        ({"character_coverage": 0.9}, "character_coverage means nothing to algorithm: bpe; leave it out"),
        (SENTENCEPIECE | {"pretokenizer": "gpt2"}, "pretokenizer means nothing to algorithm: sentencepiece_bpe"),
        (SENTENCEPIECE | {"min_frequency": 2}, "min_frequency means nothing"),
        (SENTENCEPIECE | {"max_digits": 2}, r"SentencePiece takes digits one by one \(1\) or not, got 2"),
        ({"lang_weights": {"en": -1}}, "a weight must not be below 0, got -1"),
        ({"lang_weights": {"en": "much"}}, "a weight is a number or a fraction such as 1/3, got 'much'"),
        ({"lang_weights": {"en": "1/0"}}, "a weight is a number or a fraction"),
        ({"lang_weights": {"en": True}}, "a weight is a number or a fraction"),
        ({"source_weights": {"a": float("nan")}}, "a weight is a number or a fraction"),
        ({"source_weights": {"a": "1/1234567"}}, "1234567 as their common denominator.*write them with fewer digits"),
        ({"add_tokens": 5}, "name its folder with extend"),
        (SENTENCEPIECE | {"extend": "base"}, "extend means nothing to algorithm: sentencepiece_bpe"),
        ({"extend": "base", "reserved_tokens": 3}, "a tokenizer that is extended keeps its own reserved_tokens"),
        ({"extend": "base", "pretokenizer": "gpt2"}, "keeps its own pretokenizer; leave it out"),
        ({"source_weights": {"a": 1234567}}, "1234567 as their largest numerator"),
    ],
)
def test_what_makes_no_sense_is_refused(settings, told):
    with pytest.raises(ValidationError, match=told):
        TrainTokenizerConfig(**settings)


def test_weights_are_kept_as_they_are_written_and_read_back():
    config = TrainTokenizerConfig(source_weights={"a": 0.3, "b": "2/6", "c": 2}, lang_weights={"de": "1.5"})
    assert config.source_weights == {"a": "3/10", "b": "1/3", "c": "2"}
    assert config.weight_units == 60
    for one in (config, TrainTokenizerConfig(**SENTENCEPIECE)):
        assert TrainTokenizerConfig.model_validate(one.model_dump(mode="json")) == one


@pytest.mark.parametrize(
    ("settings", "pattern"),
    [
        ({}, "gpt4"),
        ({"max_digits": 3}, "cl100k"),
        ({"max_digits": 1, "pretokenizer": "llama3"}, "cl100k-1"),
        ({"max_digits": 3, "pretokenizer": "qwen2"}, "cl100k"),
        ({"max_digits": 2, "pretokenizer": "o200k"}, "o200k-2"),
        (SENTENCEPIECE | {"max_digits": 1}, "spaces"),
    ],
)
def test_the_pattern_is_one_that_the_kernels_know(settings, pattern):
    assert TrainTokenizerConfig(**settings).pattern == pattern


@pytest.mark.parametrize(("multiple", "size"), [(None, 1000), (64, 1024), (1000, 1000), (7, 1001)])
def test_the_size_is_rounded_up(multiple, size):
    assert TrainTokenizerConfig(vocab_size=1000, pad_to_multiple_of=multiple).full_vocab_size == size
