import pytest
from pydantic import ValidationError

from pipeline.config import TrainConfig, TrainTokenizerConfig


def test_a_training_is_as_long_as_one_key_says():
    with pytest.raises(ValidationError, match="max_steps and epochs both say how long to train; give one"):
        TrainConfig(method="lora", base="x", max_steps=1, epochs=1.0)


@pytest.mark.parametrize("method", ["lora", "qlora"])
def test_an_adapter_needs_a_trained_base(method):
    with pytest.raises(ValidationError, match="an adapter on the fresh weights of llama-1m learns nothing"):
        TrainConfig.model_validate({"method": method, "base": {"shape": "llama-1m"}})


def test_only_a_trained_base_is_resized():
    with pytest.raises(ValidationError, match="llama-1m is made with rows for all tokens"):
        TrainConfig.model_validate({"method": "full", "base": {"shape": "llama-1m"}, "resizes_embedding": True})


def test_tokens_are_added_to_a_tokenizer_that_is_there():
    assert TrainTokenizerConfig(extend="base", add_tokens=10).compare == ()
    with pytest.raises(ValidationError, match="name its folder with extend"):
        TrainTokenizerConfig(add_tokens=10)
