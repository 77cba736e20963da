"""Byte-level BPE, trained by the `tokenizers` library.

The merges follow from the counts of pretokens alone, ties broken by token id: the order of the texts, the number of
threads and how the iterator chunks them do not matter. Memory grows with distinct pretokens. The library counts in 32
bits: past some billions of occurrences of one pair counts would wrap (its issue 1170), so train on a sample there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Literal

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

END_OF_TEXT = "<|endoftext|>"
PAD = "<|pad|>"

Pretokenizer = Literal["gpt2", "gpt4"]
NUM_BYTES = 256

# The split pattern of GPT-4's cl100k_base, as OpenAI's tiktoken publishes it (possessive quantifiers written greedy:
# the same matches, and the form that this regex engine reads).
GPT4_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def train_bpe(
    texts: Iterable[str], *, vocab_size: int, pretokenizer: Pretokenizer, special_tokens: Sequence[str]
) -> Tokenizer:
    """A tokenizer whose ids are the special tokens in the order given, then 256 bytes, then merges.

    `vocab_size` counts all three; a corpus with too little to merge gives fewer, ask `get_vocab_size()`. Merges that
    occur once are learned too where the size allows. Raises ValueError where the size leaves no room for the bytes
    (the library would silently make it larger) and where a special token is named twice.
    """
    check_vocab_size(vocab_size, special_tokens)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = _split(pretokenizer)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=0,
        show_progress=False,
        special_tokens=list(special_tokens),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def check_vocab_size(vocab_size: int, special_tokens: Sequence[str]) -> None:
    """Raise ValueError where `vocab_size` leaves no room for the bytes, or a special token is named twice."""
    least = len(special_tokens) + NUM_BYTES
    if vocab_size < least:
        raise ValueError(
            f"vocab_size {vocab_size} leaves no room for {len(special_tokens)} special tokens and {NUM_BYTES} bytes; "
            f"use at least {least}"
        )
    check_special_tokens(special_tokens)


def check_special_tokens(special_tokens: Sequence[str]) -> None:
    """Raise ValueError where one is empty, named twice, or a character that stands for a byte."""
    twice = [token for token, times in Counter(special_tokens).items() if times > 1]
    if twice:
        raise ValueError(
            f"special tokens must differ, got {', '.join(twice)} more than once; "
            "the run's own and reserved_tokens (<|reserved_0|> and so on) count too"
        )
    alphabet = {"", *pre_tokenizers.ByteLevel.alphabet()}
    for token in special_tokens:
        if token in alphabet:
            raise ValueError(
                f"special token {token!r} is {'a byte of the vocabulary' if token else 'empty'}; "
                f"spell it as text is not, such as {'<|' + (token or 'name') + '|>'!r}"
            )


def reserved_tokens(num: int) -> tuple[str, ...]:
    """Special tokens without a meaning yet: <|reserved_0|> and so on."""
    return tuple(f"<|reserved_{i}|>" for i in range(num))


def filling_tokens(vocab_size: int, special_tokens: Sequence[str], multiple: int | None) -> tuple[str, ...]:
    """Reserved tokens that fill a vocabulary up to a multiple, numbered on from those that are special already."""
    missing = -vocab_size % (multiple or 1)
    spare = (token for token in reserved_tokens(missing + len(special_tokens)) if token not in set(special_tokens))
    return tuple(islice(spare, missing))


def _split(pretokenizer: Pretokenizer) -> pre_tokenizers.PreTokenizer:
    if pretokenizer == "gpt2":
        return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    by_pattern = pre_tokenizers.Split(Regex(GPT4_PATTERN), behavior="isolated")
    return pre_tokenizers.Sequence([by_pattern, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
