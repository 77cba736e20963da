"""What a `tokenizer.json` holds, and how its tokens are used: those never met, the longest, and what fewer would do.

A tokenizer's merges are in order, so each beginning of them is a smaller tokenizer. How many tokens it would make
follows from how often each token was used: whoever emits a token has made each of its merges.

    merges a+b, ab+c; used: abc 5 times, ab twice    ->  without ab+c there are 5 tokens more, without both 12

Shapes: V = ids, S = sizes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tokenizer.byte_level import byte_of, merges_as_pairs

FEW_SIZES = 12
MAX_LISTED = 20
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Vocabulary:
    """ids: of every token as it is spelled, added ones too; added: the ids of those; merges: (left, right, merged) ids.

    `merges` is empty for what is no byte-level BPE. any_token: some token of the model's own.
    """

    tokenizer_json: bytes
    ids: dict[str, int]
    added: frozenset[int]
    merges: tuple[tuple[int, int, int], ...]
    any_token: str

    @property
    def size(self) -> int:
        """How many tokens there are, added ones included."""
        return len(self.ids)

    @cached_property
    def bytes_of(self) -> dict[int, bytes]:
        """Bytes of each token that stands for some; added tokens and those that are no byte-level ones are left out."""
        bytes_by_character = byte_of()
        return {
            token_id: bytes(map(bytes_by_character.__getitem__, token))
            for token, token_id in self.ids.items()
            if self.merges and token_id not in self.added and bytes_by_character.keys() >= set(token)
        }

    def is_fragment(self, num_ids: int) -> npt.NDArray[np.bool_]:
        """True for ids whose bytes are no whole characters: shape (V,)."""
        found_V = np.zeros(num_ids, np.bool_)
        found_V[[token_id for token_id, data in self.bytes_of.items() if _is_cut(data)]] = True
        return found_V

    def learned(self, base_vocab_size: int | None = None) -> list[tuple[int, int, int]]:
        """The merges that made a new token, each once; with a base only those past its tokens."""
        made: dict[int, tuple[int, int, int]] = {}
        for left, right, merged in self.merges:
            made.setdefault(merged, (left, right, merged))
        ordered = list(made.values())
        return ordered if base_vocab_size is None else ordered[len(ordered) - (self.size - base_vocab_size) :]

    def sizes(self, base_vocab_size: int | None = None) -> list[int]:
        """About a dozen sizes of the vocabulary up to its own, from where the merges begin."""
        first = self.size - len(self.learned(base_vocab_size))
        if not self.merges or first == self.size:
            return []
        steps = {size for k in range(9, 31) for size in (1 << k, 3 << (k - 1)) if first < size < self.size}
        if len(steps) < 4 or base_vocab_size is not None:
            steps = set(np.linspace(first, self.size, FEW_SIZES).astype(int).tolist())
        return [*sorted(steps - {self.size}), self.size]

    def tokens_at(self, sizes: Sequence[int], used_V: Ints) -> list[int]:
        """How many tokens the text would have at each size, where each id is used so often at the full one.

        Exact where each merge makes a token of its own, as ours do.
        """
        begun_V = used_V.copy()
        gains = []  # tokens that each merge saves, last one first
        for left, right, merged in reversed(self.learned()):
            gains.append(int(begun_V[merged]))
            begun_V[left] += begun_V[merged]
            begun_V[right] += begun_V[merged]
        saved = np.concatenate([[0], np.cumsum(gains, dtype=np.int64)])
        return [int(used_V.sum() + saved[self.size - size]) for size in sizes]

    def use(self, used_V: Ints) -> dict[str, Any]:
        """Counts of single bytes and fragments, learned tokens that were never used, and the longest tokens.

        Lists hold (token as text, ...); bytes that are no text are written as \\xff. Empty for no byte-level BPE.
        """
        if not self.merges:
            return {}
        used = used_V.tolist()
        learned = sorted({merged for _, _, merged in self.merges})
        unused = [token_id for token_id in learned if not used[token_id]]
        longest = sorted(learned, key=lambda token_id: (-len(self.bytes_of[token_id]), token_id))[:MAX_LISTED]
        return {
            "single_bytes": sum(used[token_id] for token_id, data in self.bytes_of.items() if len(data) == 1),
            "learned": len(learned),
            "unused": len(unused),
            "unused_tokens": [self._text(token_id) for token_id in unused[:MAX_LISTED]],
            "longest_tokens": [[self._text(one), len(self.bytes_of[one]), used[one]] for one in longest],
        }

    def _text(self, token_id: int) -> str:
        return self.bytes_of[token_id].decode("utf-8", "backslashreplace")


def read_vocabulary(tokenizer_json: bytes) -> Vocabulary:
    """The vocabulary of any `tokenizer.json`. Raises ValueError where it is none."""
    try:
        parts = json.loads(tokenizer_json)
        model, added = parts["model"], parts.get("added_tokens") or []
        listed = model["vocab"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"not the JSON of a tokenizer ({type(error).__name__}: {error})") from None
    own = dict(listed) if isinstance(listed, dict) else {token: i for i, (token, _) in enumerate(listed)}
    ids = own | {token["content"]: int(token["id"]) for token in added}
    merges = _merges(model, own) if model.get("type") == "BPE" and own.keys() >= byte_of().keys() else ()
    added_ids = frozenset(int(token["id"]) for token in added)
    plain = next((token for token in own if own[token] not in added_ids), None)
    if plain is None:
        raise ValueError("its vocabulary is empty")
    return Vocabulary(tokenizer_json, ids, added_ids, merges, plain)


def _merges(model: dict[str, Any], ids: dict[str, int]) -> tuple[tuple[int, int, int], ...]:
    return tuple((ids[left], ids[right], ids[left + right]) for left, right in merges_as_pairs(model))


def _is_cut(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return True
    return False
