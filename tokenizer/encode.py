"""Texts to token ids, with any `tokenizer.json`.

What a text says is text: special tokens typed in it are encoded as the characters they are. Tokens that a vocabulary
adds without calling them special (runs of blanks, say) stay what they are, but a control token never does, even where
its tokenizer forgot to call it special.

Shapes: D = texts, T = tokens of all texts end to end.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from tokenizers import AddedToken, Encoding, Tokenizer

Tokens = npt.NDArray[np.int32]
Bounds = npt.NDArray[np.int64]
GROUP_CHARS = 1 << 20  # the library holds over 100 bytes per token of a group; this bounds it at some 50 MB


class TokenLists(NamedTuple):
    """Text d is ids_T[bounds_D1[d]:bounds_D1[d + 1]]."""

    ids_T: Tokens
    bounds_D1: Bounds


class Encoder:
    """Encodes batches of texts; adds no token that the text does not hold (no BOS, no EOS).

    eos, pad: the tokens themselves. `vocab_size` is the highest id + 1. `fingerprint` is the SHA-256 of tokenizer.json.
    Raises ValueError where the tokenizer names no end-of-text token, or one that it does not hold.
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
        self._tokenizer = _with_specials_off(tokenizer, {eos, pad, *controls})

    def encode(self, texts: Sequence[str]) -> TokenLists:
        """Ids of every text, end to end."""
        ids_of_each = [
            np.array(encoding.ids, np.int32)
            for group in _groups(texts)  # one group's encodings at a time: they are far larger than their ids
            for encoding in self._tokenizer.encode_batch_fast(group, add_special_tokens=False)
        ]
        lengths_D = np.fromiter(map(len, ids_of_each), np.int64, len(ids_of_each))
        bounds_D1 = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths_D)])
        return TokenLists(np.concatenate([np.empty(0, np.int32), *ids_of_each]), bounds_D1)

    def encodings(self, texts: Sequence[str]) -> Iterator[Encoding]:
        """The library's own encodings of every text, which know where in the text each token stands."""
        for group in _groups(texts):
            yield from self._tokenizer.encode_batch(group, add_special_tokens=False)

    def encode_rendered(self, text: str) -> list[int]:
        """Ids of a text in which special tokens are recognised, as `apply_chat_template` encodes what it rendered."""
        self._tokenizer.encode_special_tokens = False
        try:
            return list(self._tokenizer.encode(text, add_special_tokens=False).ids)
        finally:
            self._tokenizer.encode_special_tokens = True

    def decode(self, ids: Sequence[int] | npt.NDArray[Any]) -> str:
        """The text of `ids`, special tokens included."""
        return str(self._tokenizer.decode([int(i) for i in ids], skip_special_tokens=False))

    def token_id(self, token: str) -> int | None:
        """Id of a token, or None."""
        found: int | None = self._tokenizer.token_to_id(token)
        return found


def _id_of(tokenizer: Tokenizer, eos: str | None) -> int:
    found: int | None = tokenizer.token_to_id(eos) if eos else None
    if found is None:
        raise ValueError(
            f"the tokenizer has no end-of-text token (eos_token: {eos}), which ends every packed document; "
            "name one of its tokens as eos_token in tokenizer_config.json"
        )
    return found


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
