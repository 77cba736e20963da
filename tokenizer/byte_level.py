"""How a `tokenizer.json` of byte-level BPE spells bytes and merges."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

NUM_BYTES = 256


def bytes_in_order() -> list[int]:
    """The 256 bytes in the order of the characters that stand for them.

    GPT-2's map: bytes that Latin-1 prints stand for themselves, the others for the characters from U+0100 on.
    """
    printed = _printed()
    return printed + sorted(set(range(NUM_BYTES)) - set(printed))


@cache
def byte_of() -> dict[str, int]:
    """Byte of each character that stands for one, in that order."""
    num_printed = len(_printed())
    return {
        chr(byte if i < num_printed else NUM_BYTES + i - num_printed): byte for i, byte in enumerate(bytes_in_order())
    }


def merges_as_pairs(model: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The merges of a BPE model in their order: files have them as "a b" or as ["a", "b"]."""
    pairs = []
    for merge in model.get("merges") or ():
        if isinstance(merge, str):
            if merge.startswith("#version"):
                continue
            merge = merge.split(" ")
        left, right = merge
        pairs.append((left, right))
    return pairs


def _printed() -> list[int]:
    return [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
