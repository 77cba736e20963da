import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from tokenizer.byte_level import byte_of, bytes_in_order, merges_as_pairs


def test_characters_are_those_of_the_library():
    assert sorted(byte_of()) == sorted(pre_tokenizers.ByteLevel.alphabet())
    assert list(byte_of()) == sorted(byte_of())
    assert list(byte_of().values()) == bytes_in_order()
    assert sorted(bytes_in_order()) == list(range(256))


def test_each_character_is_decoded_to_its_byte():
    library = Tokenizer(models.WordLevel(byte_of(), unk_token="!"))
    library.decoder = decoders.ByteLevel()
    for text in ("a", "\n", " ", "\x7f", "\xe9", "\xad", "\u0421", "\U0001f600"):
        assert library.decode(list(text.encode()), skip_special_tokens=False) == text


@pytest.mark.parametrize("merges", [["a b", "ab c"], [["a", "b"], ["ab", "c"]], ["#version: 0.2", "a b", "ab c"]])
def test_merges_in_both_spellings(merges):
    assert merges_as_pairs({"merges": merges}) == [("a", "b"), ("ab", "c")]


def test_a_model_without_merges():
    assert merges_as_pairs({}) == []
