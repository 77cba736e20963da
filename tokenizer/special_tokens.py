"""Tokens that a vocabulary begins with, and those that fill it up: which there can be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice

from tokenizers import pre_tokenizers

from tokenizer.byte_level import NUM_BYTES

END_OF_TEXT = "<|endoftext|>"
PAD = "<|pad|>"


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
    """Raise ValueError where one is empty, named twice, a byte, or a character that stands for one."""
    twice = [token for token, times in Counter(special_tokens).items() if times > 1]
    if twice:
        raise ValueError(
            f"special tokens must differ, got {', '.join(twice)} more than once; "
            "the run's own and reserved_tokens (<|reserved_0|> and so on) count too"
        )
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    for token in special_tokens:
        if token in alphabet or len(token.encode()) < 2:
            raise ValueError(
                f"special token {token!r} is {'a byte of the vocabulary' if token else 'empty'}; "
                f"spell it as text is not, such as {'<|' + (token.strip() or 'name') + '|>'!r}"
            )


def reserved_tokens(num: int) -> tuple[str, ...]:
    """Special tokens without a meaning yet: <|reserved_0|> and so on."""
    return tuple(f"<|reserved_{i}|>" for i in range(num))


def filling_tokens(vocab_size: int, special_tokens: Sequence[str], multiple: int | None) -> tuple[str, ...]:
    """Reserved tokens that fill a vocabulary up to a multiple, numbered on from those that are special already."""
    missing = -vocab_size % (multiple or 1)
    spare = (token for token in reserved_tokens(missing + len(special_tokens)) if token not in set(special_tokens))
    return tuple(islice(spare, missing))
