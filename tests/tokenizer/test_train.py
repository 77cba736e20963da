"""Training: ids in their order, sizes that mean what they say, bytes that depend on the texts alone."""

import hashlib
import os
import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tokenizer.corpus import texts
from tokenizer.train import check_special_tokens, filling_tokens, reserved_tokens, train_bpe

SPECIALS = ("<|endoftext|>", "<|pad|>", "<|im_start|>", "<|im_end|>")
GPT4 = train_bpe(texts(), vocab_size=340, pretokenizer="gpt4", special_tokens=SPECIALS)
GPT2 = train_bpe(texts(), vocab_size=340, pretokenizer="gpt2", special_tokens=SPECIALS)


def pretokens(tokenizer, text):
    """The pretokens of a text as text."""
    return [text[a:b] for _, (a, b) in tokenizer.pre_tokenizer.pre_tokenize_str(text)]


def test_ids_are_specials_then_bytes_then_merges():
    assert [GPT4.id_to_token(i) for i in range(4)] == list(SPECIALS)
    assert all(len(GPT4.id_to_token(i)) == 1 for i in range(4, 260))
    assert all(len(GPT4.id_to_token(i)) > 1 for i in range(260, 340))
    assert GPT4.get_vocab_size() == 340


def test_the_order_of_the_texts_does_not_matter():
    shuffled = texts()
    random.Random(1).shuffle(shuffled)
    again = train_bpe(iter(shuffled), vocab_size=340, pretokenizer="gpt4", special_tokens=SPECIALS)
    assert shuffled != texts()
    assert again.to_str() == GPT4.to_str()


@pytest.mark.parametrize("threads", ["1", "3"])
def test_another_process_with_another_number_of_threads_makes_the_same_bytes(threads):
    script = (
        "import hashlib; from tests.tokenizer.test_train import GPT4;"
        "print(hashlib.sha256(GPT4.to_str().encode()).hexdigest())"
    )
    environment = {**os.environ, "RAYON_NUM_THREADS": threads}
    run = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == hashlib.sha256(GPT4.to_str().encode()).hexdigest()


def test_patterns_split_by_hand():
    text = "It's 12345 days!\n\n  Don'T"
    assert pretokens(GPT4, text) == ["It", "'s", " ", "123", "45", " days", "!\n\n", " ", " Don", "'T"]
    assert pretokens(GPT2, text) == ["It", "'s", " 12345", " days", "!", "\n\n ", " Don", "'", "T"]


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_comes_back(text):
    for tokenizer in (GPT4, GPT2):
        assert "".join(pretokens(tokenizer, text)) == text
        tokenizer.encode_special_tokens = True
        assert tokenizer.decode(tokenizer.encode(text).ids, skip_special_tokens=False) == text


def test_a_vocabulary_without_room_for_the_bytes_is_refused():
    with pytest.raises(ValueError, match="use at least 260"):
        train_bpe([], vocab_size=259, pretokenizer="gpt4", special_tokens=SPECIALS)


def test_the_least_vocabulary_is_the_bytes():
    tokenizer = train_bpe(texts(), vocab_size=260, pretokenizer="gpt4", special_tokens=SPECIALS)
    assert tokenizer.get_vocab_size() == 260


def test_a_small_corpus_gives_a_smaller_vocabulary():
    tokenizer = train_bpe(["abab"], vocab_size=1000, pretokenizer="gpt4", special_tokens=SPECIALS[:2])
    assert tokenizer.get_vocab_size() == 258 + 2  # ab, abab


def test_a_special_token_named_twice_is_refused():
    with pytest.raises(ValueError, match="must differ"):
        train_bpe([], vocab_size=300, pretokenizer="gpt4", special_tokens=["<|pad|>", "<|pad|>"])


def test_special_tokens_typed_in_the_corpus_are_text():
    tokenizer = train_bpe(["<|im_end|>"] * 50, vocab_size=1000, pretokenizer="gpt4", special_tokens=SPECIALS)
    tokenizer.encode_special_tokens = True
    assert tokenizer.encode("<|im_end|>").tokens == ["<|", "im", "_end", "|>"]


@pytest.mark.parametrize(
    ("tokens", "told"),
    [
        (("<|a|>", "<|b|>", "<|a|>"), r"must differ, got <\|a\|> more than once; .*reserved_tokens"),
        (("<|reserved_0|>", *reserved_tokens(2)), r"got <\|reserved_0\|> more than once"),
        (("\u0120",), r"is a byte of the vocabulary; spell it as text is not, such as '<\|\u0120\|>'"),
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
