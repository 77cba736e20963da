"""Byte-level BPE as the `tokenizers` library trains it from texts: what training from counts is compared with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from tokenizer.special_tokens import check_vocab_size

Pretokenizer = Literal["gpt2", "gpt4"]

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

    Too little to merge gives fewer than `vocab_size`. Raises ValueError where the size leaves no room for the bytes:
    the library would silently make it larger.
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


def _split(pretokenizer: Pretokenizer) -> pre_tokenizers.PreTokenizer:
    if pretokenizer == "gpt2":
        return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    by_pattern = pre_tokenizers.Split(Regex(GPT4_PATTERN), behavior="isolated")
    return pre_tokenizers.Sequence([by_pattern, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
