"""Special tokens that collide are refused, and so is a vocabulary without room for them; reserved ones fill it up."""

import pytest

from tokenizer.special_tokens import check_special_tokens, check_vocab_size, filling_tokens, reserved_tokens


def test_a_vocabulary_without_room_for_the_bytes_is_refused():
    with pytest.raises(ValueError, match="259 leaves no room for 4 special tokens and 256 bytes; use at least 260"):
        check_vocab_size(259, ["<|a|>", "<|b|>", "<|c|>", "<|d|>"])
    check_vocab_size(260, ["<|a|>", "<|b|>", "<|c|>", "<|d|>"])
    with pytest.raises(ValueError, match="must differ"):
        check_vocab_size(300, ["<|pad|>", "<|pad|>"])


@pytest.mark.parametrize(
    ("tokens", "told"),
    [
        (("<|a|>", "<|b|>", "<|a|>"), r"must differ, got <\|a\|> more than once; .*reserved_tokens"),
        (("<|reserved_0|>", *reserved_tokens(2)), r"got <\|reserved_0\|> more than once"),
        (("\u0120",), r"is a byte of the vocabulary; spell it as text is not, such as '<\|\u0120\|>'"),
        ((" ",), r"special token ' ' is a byte of the vocabulary; spell it as text is not, such as '<\|name\|>'"),
        (("",), r"special token '' is empty; spell it as text is not, such as '<\|name\|>'"),
    ],
)
def test_special_tokens_that_collide_are_refused(tokens, told):
    with pytest.raises(ValueError, match=told):
        check_special_tokens(tokens)


def test_reserved_tokens_fill_a_vocabulary_up():
    assert reserved_tokens(2) == ("<|reserved_0|>", "<|reserved_1|>")
    assert filling_tokens(10, ["a", "<|reserved_0|>"], 4) == ("<|reserved_1|>", "<|reserved_2|>")
    assert filling_tokens(12, [], 4) == filling_tokens(11, [], None) == ()
