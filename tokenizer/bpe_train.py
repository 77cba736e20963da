"""Byte-level BPE trained from distinct words and how often each occurs: the merges that `tokenizers` learns.

Nothing but the counts decides: the most frequent pair is merged, of those as frequent the one with the smallest left
id, then right id. A pair is counted at each place where it is adjacent, so that "aaa" has two of "aa". Counts have 64
bits, where the library's wrap at 32. Cost follows the bytes of distinct words, not those of the corpus; so does memory
(see `bpe_train_kernels`).

Shapes: B = UTF-8 bytes of all words end to end, W = words, M = merges.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

from tokenizer.byte_level import NUM_BYTES, byte_of, bytes_in_order
from tokenizer.pretokenize_patterns import GPT2, PATTERNS
from tokenizer.special_tokens import check_vocab_size, filling_tokens

_MAX_INT32 = 2**31 - 1

Number = TypeVar("Number", bound=np.generic)


def train_from_counts(
    word_B: npt.NDArray[np.uint8],
    word_offsets_W1: npt.NDArray[np.int64],
    counts_W: npt.NDArray[np.int64],
    *,
    vocab_size: int,
    pattern: str,
    special_tokens: Sequence[str],
    min_frequency: int = 0,
    max_token_bytes: int | None = None,
    pad_to_multiple_of: int | None = None,
) -> Tokenizer:
    """A tokenizer whose ids are the special tokens in the order given, then 256 bytes, then merges.

    The words are pretokens by `pattern`, a name of PATTERNS. Where less than `vocab_size` is learned, reserved special
    tokens behind the merges fill the vocabulary up to a multiple of `pad_to_multiple_of`. Raises ValueError as
    `train_merges` and `check_vocab_size` do, and where a special token is spelled as one that was learned.
    """
    check_vocab_size(vocab_size, special_tokens)
    merges_M2 = train_merges(
        word_B,
        word_offsets_W1,
        counts_W,
        num_merges=vocab_size - len(special_tokens) - NUM_BYTES,
        min_frequency=min_frequency,
        max_token_bytes=max_token_bytes,
    )
    size = len(special_tokens) + NUM_BYTES + len(merges_M2)
    fillers = filling_tokens(size, special_tokens, pad_to_multiple_of) if size < vocab_size else ()
    return tokenizer_of(merges_M2, pattern=pattern, special_tokens=special_tokens, last_tokens=fillers)


def train_merges(
    word_B: npt.NDArray[np.uint8],
    word_offsets_W1: npt.NDArray[np.int64],
    counts_W: npt.NDArray[np.int64],
    *,
    num_merges: int,
    min_frequency: int = 0,
    max_token_bytes: int | None = None,
) -> npt.NDArray[np.int32]:
    """merges_M2, left and right id: 0 to 255 are bytes in the order of their characters, then comes a new id a merge.

    Word w is word_B[word_offsets_W1[w]:word_offsets_W1[w + 1]] and occurs counts_W[w] times; words may repeat, and
    their order does not matter. Fewer merges than `num_merges` come back where there is too little to merge: pairs that
    occur less than `min_frequency` times, or would have more than `max_token_bytes`, are not merged.
    Raises ValueError for 2**31 bytes of words and more, and for counts below zero or past 64 bits.
    """
    from tokenizer.bpe_train_kernels import bpe_merges  # Numba, at first use

    offsets_W1 = np.asarray(word_offsets_W1, np.int64)
    lengths_W = np.diff(offsets_W1)
    word_B = word_B[offsets_W1[0] : offsets_W1[-1]]
    counts_W = np.asarray(counts_W, np.int64)
    _check(word_B.size + lengths_W.size, lengths_W, counts_W, num_merges, max_token_bytes)
    if not counts_W.all():
        word_B, lengths_W, counts_W = (
            word_B[np.repeat(counts_W > 0, lengths_W)],
            lengths_W[counts_W > 0],
            counts_W[counts_W > 0],
        )
    offsets_W1 = np.concatenate(([0], np.cumsum(lengths_W, dtype=np.int64)))
    rank_of_byte = np.empty(NUM_BYTES, np.int32)
    rank_of_byte[bytes_in_order()] = np.arange(NUM_BYTES)
    longest = _MAX_INT32 if max_token_bytes is None else max_token_bytes
    word_B, counts_W, min_count = _read_only(word_B), _read_only(counts_W), max(min_frequency, 1)
    merges_M2: npt.NDArray[np.int32]
    merges_M2 = bpe_merges(word_B, offsets_W1, counts_W, rank_of_byte, num_merges, min_count, longest)
    return merges_M2


def tokens_of(merges_M2: npt.NDArray[np.int32]) -> list[bytes]:
    """Bytes of each id of `train_merges`."""
    tokens = [bytes([byte]) for byte in bytes_in_order()]
    for left, right in merges_M2.tolist():
        tokens.append(tokens[left] + tokens[right])
    return tokens


def tokenizer_of(
    merges_M2: npt.NDArray[np.int32], *, pattern: str, special_tokens: Sequence[str], last_tokens: Sequence[str] = ()
) -> Tokenizer:
    """The tokenizer of merges as `train_merges` returns them; `last_tokens` are special ones behind the merges.

    Raises ValueError where a special token is spelled as one that was learned, or is its text: the library would take
    the one for the other.
    """
    characters = {byte: character for character, byte in byte_of().items()}
    spelled = tokens_of(merges_M2)
    tokens = [token.decode("latin-1").translate(characters) for token in spelled]
    learned, learned_bytes = set(tokens), set(spelled)
    for special in (*special_tokens, *last_tokens):
        if special in learned or special.encode() in learned_bytes:
            raise ValueError(
                f"special token {special!r} is spelled as a token that was learned from the text; "
                f"spell it as text is not, such as {'<|' + special.strip() + '|>'!r}"
            )
    vocab = {token: i for i, token in enumerate([*special_tokens, *tokens, *last_tokens])}
    merges = [(tokens[left], tokens[right]) for left, right in merges_M2.tolist()]
    tokenizer = Tokenizer(models.BPE(vocab, merges))
    tokenizer.pre_tokenizer = pre_tokenizer(pattern)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([*special_tokens, *last_tokens])
    return tokenizer


def pre_tokenizer(pattern: str) -> pre_tokenizers.PreTokenizer:
    """The library's pre-tokenizer that cuts as `pattern`, a name of PATTERNS."""
    if PATTERNS[pattern].family == GPT2:
        return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    by_pattern = pre_tokenizers.Split(Regex(PATTERNS[pattern].regex), behavior="isolated")
    return pre_tokenizers.Sequence([by_pattern, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def _check(
    size: int,
    lengths_W: npt.NDArray[np.int64],
    counts_W: npt.NDArray[np.int64],
    num_merges: int,
    max_token_bytes: int | None,
) -> None:
    if size >= _MAX_INT32:
        raise ValueError(
            f"{size} bytes of distinct words, at most {_MAX_INT32} fit; leave out rare words "
            "(min_word_count: 2, or max_words)"
        )
    if counts_W.size != lengths_W.size:
        raise ValueError(f"a count for each word is needed, got {counts_W.size} counts for {lengths_W.size} words")
    if counts_W.size and counts_W.min() < 0:
        raise ValueError(f"counts of words must not be below 0, got {counts_W.min()}")
    if float(counts_W.astype(np.float64) @ lengths_W) >= 2.0**62:
        raise ValueError("the words' bytes times their counts do not fit 62 bits")
    if num_merges < 0:
        raise ValueError(f"num_merges must not be below 0, got {num_merges}")
    if max_token_bytes is not None and max_token_bytes < 2:
        raise ValueError(f"max_token_bytes must be at least 2, got {max_token_bytes}: a merge has two bytes or more")


def _read_only(array: npt.NDArray[Number]) -> npt.NDArray[Number]:
    array = np.ascontiguousarray(array).view()
    array.flags.writeable = False
    return array
