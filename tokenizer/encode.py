"""Texts to token ids, with any `tokenizer.json`.

What a text says is text: special tokens typed in it are encoded as the characters they are. Tokens that a vocabulary
adds without calling them special (runs of blanks, say) stay what they are, but a control token never does, even where
its tokenizer forgot to call it special.

Byte-level BPE is encoded by kernels, everything else by the `tokenizers` library, some twenty times slower; the ids are
the library's either way, which `prove` makes sure of on texts of the corpus at hand.

Shapes: B = UTF-8 bytes of all texts end to end, D = texts, T = tokens of all texts end to end.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from tokenizers import AddedToken, Encoding, Tokenizer

from tokenizer.bpe_encode import FastEncoder, why_not

Bytes = npt.NDArray[np.uint8]
Tokens = npt.NDArray[np.int32]
Bounds = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
GROUP_CHARS = 1 << 20  # the library holds over 100 bytes per token of a group; this bounds it at some 50 MB


class TokenLists(NamedTuple):
    """Text d is ids_T[bounds_D1[d]:bounds_D1[d + 1]]."""

    ids_T: Tokens
    bounds_D1: Bounds


class HeadedTokens(NamedTuple):
    """Text d is ids_T[bounds_D1[d]:bounds_D1[d + 1]], of which the first head_D end within the text's head.

    spans_D: true where the token behind those spans the border of head and rest, or no token tells.
    """

    ids_T: Tokens
    bounds_D1: Bounds
    head_D: Bounds
    spans_D: Mask


class Encoder:
    """Encodes batches of texts; adds no token that the text does not hold (no BOS, no EOS).

    eos, pad: the tokens themselves. `vocab_size` is the highest id + 1. `fingerprint` is the SHA-256 of tokenizer.json.
    `why_library` says why the library encodes all texts, and is None where kernels do; `num_by_library` counts the
    texts that it encoded. Raises ValueError where the tokenizer names no end-of-text token, or one that it does not
    hold.
    """

    def __init__(
        self, tokenizer_json: bytes, *, eos: str | None, pad: str | None, controls: Sequence[str] = ()
    ) -> None:
        parts = json.loads(tokenizer_json)
        parts.update(post_processor=None, truncation=None, padding=None)
        tokenizer: Tokenizer = Tokenizer.from_str(json.dumps(parts))
        self.eos_id = _id_of(tokenizer, eos)
        self.pad_id = tokenizer.token_to_id(pad) if pad else None
        self.vocab_size = max(tokenizer.get_vocab(with_added_tokens=True).values()) + 1
        self.fingerprint = hashlib.sha256(tokenizer_json).hexdigest()
        self.why_library = why_not(parts)
        self.num_by_library = 0
        specials = {eos, pad, *controls}
        self._parts: Mapping[str, Any] = _with_specials_named(parts, specials)
        self._tokenizer = _with_specials_off(tokenizer, specials)

    @cached_property
    def _fast(self) -> FastEncoder:
        fast = FastEncoder.of(self._parts)
        assert fast is not None, self.why_library
        return fast

    def encode(self, texts: Sequence[str]) -> TokenLists:
        """Ids of every text, end to end."""
        return self.encode_bytes(*_end_to_end(texts))

    def encode_bytes(
        self, text_B: Bytes, offsets_D1: npt.NDArray[np.signedinteger], *, reads_specials: bool = False
    ) -> TokenLists:
        """Ids of every text text_B[offsets_D1[d]:offsets_D1[d + 1]], end to end, which must be UTF-8.

        With `reads_specials` special tokens in a text are those tokens, as the library has it if not told otherwise.
        """
        if self.why_library:
            self.num_by_library += offsets_D1.size - 1
            return self._by_library(_strings(text_B, offsets_D1), reads_specials)
        fast = TokenLists(*self._fast.encode(text_B, offsets_D1))
        left_D = np.flatnonzero(self._fast.left_out(text_B, offsets_D1, reads_specials=reads_specials))
        self.num_by_library += left_D.size
        if not left_D.size:
            return fast
        return _spliced(fast, self._by_library(_strings(text_B, offsets_D1, left_D), reads_specials), left_D)

    def prove(self, texts: Sequence[str]) -> None:
        """Leave all texts to the library from now on, with the reason, where its ids of one of these are others."""
        if self.why_library:
            return
        num_by_library = self.num_by_library
        ours, theirs = self.encode(texts), self._by_library(texts, reads_specials=False)
        self.num_by_library = num_by_library
        if not (np.array_equal(ours.ids_T, theirs.ids_T) and np.array_equal(ours.bounds_D1, theirs.bounds_D1)):
            self.use_library("its ids are not those of the library on a sample of the corpus; please report it")

    def use_library(self, reason: str) -> None:
        """Leave all texts to the library from now on, whatever the tokenizer is."""
        self.why_library = self.why_library or reason

    def encode_headed(self, texts: Sequence[str], head_chars_D: Sequence[int]) -> HeadedTokens:
        """Ids of every text, end to end, and which of them lie within its first characters."""
        token_bytes_V = None if self.why_library else self._fast.token_bytes_V
        if token_bytes_V is None:
            self.num_by_library += len(texts)
            return self._headed_by_library(texts, head_chars_D)
        text_B, offsets_D1 = _end_to_end(texts)
        ids_T, bounds_D1 = self._fast.encode(text_B, offsets_D1)
        ends_T1 = np.concatenate([np.zeros(1, np.int64), np.cumsum(token_bytes_V[ids_T], dtype=np.int64)])
        heads = (text[:chars] for text, chars in zip(texts, head_chars_D, strict=True))
        border_D = offsets_D1[:-1] + np.fromiter((len(head.encode()) for head in heads), np.int64, len(texts))
        first_D = np.searchsorted(ends_T1, border_D, side="right") - 1  # of the tokens that end behind the border
        fast = HeadedTokens(ids_T, bounds_D1, first_D - bounds_D1[:-1], ends_T1[first_D] < border_D)
        left_D = np.flatnonzero(self._fast.left_out(text_B, offsets_D1, reads_specials=False))
        self.num_by_library += left_D.size
        if not left_D.size:
            return fast
        left_out = left_D.tolist()
        left = self._headed_by_library([texts[d] for d in left_out], [head_chars_D[d] for d in left_out])
        fast.head_D[left_D], fast.spans_D[left_D] = left.head_D, left.spans_D
        spliced = _spliced(TokenLists(ids_T, bounds_D1), TokenLists(left.ids_T, left.bounds_D1), left_D)
        return HeadedTokens(*spliced, fast.head_D, fast.spans_D)

    def encode_rendered(self, text: str) -> list[int]:
        """Ids of a text in which special tokens are recognised, as `apply_chat_template` encodes what it rendered."""
        ids_T, _ = self._by_library([text], reads_specials=True)
        found: list[int] = ids_T.tolist()
        return found

    def decode(self, ids: Sequence[int] | npt.NDArray[Any]) -> str:
        """The text of `ids`, special tokens included."""
        return str(self._tokenizer.decode([int(i) for i in ids], skip_special_tokens=False))

    def token_id(self, token: str) -> int | None:
        """Id of a token, or None."""
        found: int | None = self._tokenizer.token_to_id(token)
        return found

    def _by_library(self, texts: Sequence[str], reads_specials: bool) -> TokenLists:
        self._tokenizer.encode_special_tokens = not reads_specials
        try:
            return _end_to_end_ids(
                np.array(encoding.ids, np.int32)
                for group in _groups(texts)  # one group's encodings at a time: they are far larger than their ids
                for encoding in self._tokenizer.encode_batch_fast(group, add_special_tokens=False)
            )
        finally:
            self._tokenizer.encode_special_tokens = True

    def _headed_by_library(self, texts: Sequence[str], head_chars_D: Sequence[int]) -> HeadedTokens:
        ids, heads, spans = [], [], []
        encodings = (
            e for group in _groups(texts) for e in self._tokenizer.encode_batch(group, add_special_tokens=False)
        )
        for text, encoding, chars in zip(texts, encodings, head_chars_D, strict=True):
            ids.append(np.array(encoding.ids, np.int32))
            head, is_spanned = _head_of(encoding, chars, len(text))
            heads.append(head)
            spans.append(is_spanned)
        return HeadedTokens(*_end_to_end_ids(ids), np.array(heads, np.int64), np.array(spans, bool))


def _head_of(encoding: Encoding, head_chars: int, num_chars: int) -> tuple[int, bool]:
    if head_chars == num_chars:
        return len(encoding.ids), False
    first = encoding.char_to_token(head_chars)
    span = None if first is None else encoding.token_to_chars(first)
    return first or 0, span is None or span[0] < head_chars


def _end_to_end(texts: Sequence[str]) -> tuple[Bytes, Bounds]:
    encoded = [text.encode() for text in texts]
    return np.frombuffer(b"".join(encoded), np.uint8), np.cumsum([0, *map(len, encoded)], dtype=np.int64)


def _end_to_end_ids(ids: Iterable[Tokens]) -> TokenLists:
    ids_of_each = list(ids)
    lengths_D = np.fromiter(map(len, ids_of_each), np.int64, len(ids_of_each))
    bounds_D1 = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths_D)])
    return TokenLists(np.concatenate([np.empty(0, np.int32), *ids_of_each]), bounds_D1)


def _strings(
    text_B: Bytes, offsets_D1: npt.NDArray[np.signedinteger], chosen: npt.NDArray[np.intp] | None = None
) -> list[str]:
    """The texts, or those chosen, as the library takes them."""
    bounds = offsets_D1.tolist()
    numbers = range(len(bounds) - 1) if chosen is None else chosen.tolist()
    return [text_B[bounds[d] : bounds[d + 1]].tobytes().decode() for d in numbers]


def _spliced(all_texts: TokenLists, some: TokenLists, some_D: npt.NDArray[np.intp]) -> TokenLists:
    """The ids of all texts, of the texts some_D those of `some`."""
    parts: list[Tokens] = []
    behind = 0
    for i, d in enumerate(some_D.tolist()):
        parts.append(all_texts.ids_T[behind : all_texts.bounds_D1[d]])
        parts.append(some.ids_T[some.bounds_D1[i] : some.bounds_D1[i + 1]])
        behind = int(all_texts.bounds_D1[d + 1])
    lengths_D = np.diff(all_texts.bounds_D1)
    lengths_D[some_D] = np.diff(some.bounds_D1)
    bounds_D1 = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths_D)])
    return TokenLists(np.concatenate([*parts, all_texts.ids_T[behind:]]), bounds_D1)


def _id_of(tokenizer: Tokenizer, eos: str | None) -> int:
    found: int | None = tokenizer.token_to_id(eos) if eos else None
    if found is None:
        raise ValueError(
            f"the tokenizer has no end-of-text token (eos_token: {eos}), which ends every packed document; "
            "name one of its tokens as eos_token in tokenizer_config.json"
        )
    return found


def _with_specials_named(parts: Mapping[str, Any], controls: set[str | None]) -> dict[str, Any]:
    """The parts of a tokenizer.json with these tokens called special."""
    added = parts.get("added_tokens") or ()
    named = [token | {"special": token["special"] or token["content"] in controls} for token in added]
    return {**parts, "added_tokens": named}


def _with_specials_off(tokenizer: Tokenizer, controls: set[str | None]) -> Tokenizer:
    added = sorted(tokenizer.get_added_tokens_decoder().items())
    forgotten = [token for _, token in added if token.content in controls and not token.special]
    tokenizer.add_special_tokens([AddedToken(token.content, special=True, normalized=False) for token in forgotten])
    tokenizer.encode_special_tokens = True
    return tokenizer


def _groups(texts: Sequence[str]) -> Iterator[list[str]]:
    group: list[str] = []
    size = 0
    for text in texts:
        if group and size + len(text) > GROUP_CHARS:
            yield group
            group, size = [], 0
        group.append(text)
        size += len(text)
    if group:
        yield group
