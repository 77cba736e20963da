"""Settings of the tokenizer that a run trains."""

from __future__ import annotations

from fractions import Fraction as Ratio
from math import lcm
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from pipeline.config.strict import Fraction, Names, Strict

MAX_WEIGHT_UNITS = 10**6  # one document's count in the smallest unit; keeps 64-bit counts far from their end
NOT_OF_SENTENCEPIECE = ("pretokenizer", "min_frequency", "max_token_bytes")
OWN_OF_THE_BASE = ("pretokenizer", "max_digits", "special_tokens", "reserved_tokens")
ONLY_OF_SENTENCEPIECE = ("character_coverage",)


def _exact_weight(value: Any) -> str:
    """A weight as a fraction in lowest terms; 0.3 is three tenths, as it is written."""
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        weight = Ratio(str(value))
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"a weight is a number or a fraction such as 1/3, got {value!r}") from None
    if weight < 0:
        raise ValueError(f"a weight must not be below 0, got {value}")
    return str(weight)


Weights = dict[str, Annotated[str, BeforeValidator(_exact_weight)]]


class TrainTokenizerConfig(Strict):
    """Byte-level BPE, or a SentencePiece model. `vocab_size` counts special tokens, the 256 bytes and what is learned.

    A document's words count as often as its weight says: that of its source (the longest of the patterns that match)
    times that of its language, 1 where none is given.
    """

    algorithm: Literal["bpe", "sentencepiece_bpe", "sentencepiece_unigram"] = "bpe"
    vocab_size: int = Field(32_000, gt=0)
    pad_to_multiple_of: int | None = Field(None, gt=0, description="vocab_size is rounded up to a multiple of it")
    special_tokens: Names = Field((), description="tokens of one's own, behind those that the run needs")
    reserved_tokens: int = Field(0, ge=0, le=100_000, description="special tokens <|reserved_0|>, <|reserved_1|>, ...")
    pretokenizer: Literal["gpt2", "gpt4", "o200k", "llama3", "qwen2"] = Field(
        "gpt4", description="split pattern: of GPT-2, GPT-4 (cl100k, as Llama-3's), GPT-4o, or Qwen2 (digits alone)"
    )
    max_digits: int | None = Field(
        None, ge=1, le=3, description="of a number in one token; None: as the pattern has it"
    )
    min_frequency: int = Field(0, ge=0, description="pairs that occur less often are not merged")
    max_token_bytes: int | None = Field(None, ge=2, description="longer tokens are not made")
    min_word_count: int | None = Field(None, ge=1, description="words that occur less often in all text are left out")
    max_words: int | None = Field(None, ge=1, description="most distinct words to learn from, the most frequent ones")
    source_weights: Weights = Field(default_factory=dict, description="by glob pattern of the source")
    lang_weights: Weights = Field(default_factory=dict, description="by label in lang")
    character_coverage: Fraction = Field(
        0.9995, description="share of characters that get a piece, others are bytes; SentencePiece's default"
    )
    compare: Names = Field((), description="tokenizer.json files, or their folders, that the report compares with")
    extend: str | None = Field(
        None, description="folder of a byte-level BPE tokenizer: its ids and pretokenizer stay, merges are added"
    )
    add_tokens: int | None = Field(None, ge=1, description="with extend: how many to add, whatever vocab_size says")

    @model_validator(mode="after")
    def _only_what_is_there_grows(self) -> Self:
        if self.extend is None and self.add_tokens is not None:
            raise ValueError("add_tokens says by how much a tokenizer grows; name its folder with extend")
        if self.extend is not None and self.uses_sentencepiece:
            raise ValueError(f"extend means nothing to algorithm: {self.algorithm}; leave it out")
        for name in OWN_OF_THE_BASE if self.extend is not None else ():
            if getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"a tokenizer that is extended keeps its own {name}; leave it out")
        return self

    @model_validator(mode="after")
    def _settings_fit_the_algorithm(self) -> Self:
        for name in NOT_OF_SENTENCEPIECE if self.uses_sentencepiece else ONLY_OF_SENTENCEPIECE:
            if getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"{name} means nothing to algorithm: {self.algorithm}; leave it out")
        if self.max_digits and self.pretokenizer == "gpt2":
            raise ValueError("max_digits: the pattern of gpt2 takes numbers whole; use gpt4, o200k, llama3 or qwen2")
        if self.uses_sentencepiece and self.max_digits not in (None, 1):
            raise ValueError(f"max_digits: SentencePiece takes digits one by one (1) or not, got {self.max_digits}")
        return self

    @model_validator(mode="after")
    def _weights_have_a_common_unit(self) -> Self:
        weights = [Ratio(one) for group in (self.source_weights, self.lang_weights) for one in group.values()]
        most = max((weight.numerator for weight in weights), default=1)
        if self.weight_units > MAX_WEIGHT_UNITS or most > MAX_WEIGHT_UNITS:
            raise ValueError(
                f"the weights have {self.weight_units} as their common denominator and {most} as their largest "
                f"numerator, at most {MAX_WEIGHT_UNITS} are counted exactly; write them with fewer digits"
            )
        return self

    @property
    def weight_units(self) -> int:
        """What a word of weight 1 counts, so that every weighted count is a whole number."""
        groups = (self.source_weights, self.lang_weights)
        sources, languages = (lcm(*(Ratio(one).denominator for one in group.values())) for group in groups)
        return sources * languages

    @property
    def full_vocab_size(self) -> int:
        """`vocab_size` rounded up."""
        multiple = self.pad_to_multiple_of or 1
        return -(-self.vocab_size // multiple) * multiple

    @property
    def uses_sentencepiece(self) -> bool:
        """True where the sentencepiece library trains."""
        return self.algorithm != "bpe"

    @property
    def pattern(self) -> str:
        """What `tokenizer.pretoken_counts` splits words by."""
        if self.uses_sentencepiece:
            return "spaces"
        if self.max_digits is None:
            return self.pretokenizer
        return f"{'o200k' if self.pretokenizer == 'o200k' else 'cl100k'}-{self.max_digits}".removesuffix("-3")
