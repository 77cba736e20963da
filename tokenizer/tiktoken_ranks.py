"""A byte-level BPE tokenizer as tiktoken's ranks: a line a token, its bytes in base 64, a blank, its id.

Read with `tiktoken.load.load_tiktoken_bpe`, and used with the tokenizer's split pattern, it gives the same ids. Special
tokens have no line; their ids are those of tokenizer.json.
"""

from __future__ import annotations

import json
from base64 import b64encode

from tokenizers import Tokenizer, pre_tokenizers

from tokenizer.bpe_train import bytes_in_order
from tokenizer.pretokenize_patterns import pattern_of


def tiktoken_ranks(tokenizer: Tokenizer) -> bytes | None:
    """The file's content; None of what is no byte-level BPE by a pattern that we know."""
    parts = json.loads(tokenizer.to_str())
    if parts["model"]["type"] != "BPE" or parts["normalizer"] or pattern_of(parts["pre_tokenizer"]) is None:
        return None
    special = {token["content"] for token in parts["added_tokens"]}
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    byte_of = {character: bytes([byte]) for character, byte in zip(alphabet, bytes_in_order(), strict=True)}
    ids = sorted((i, token) for token, i in parts["model"]["vocab"].items() if token not in special)
    lines = (b"%b %d\n" % (b64encode(b"".join(byte_of[one] for one in token)), i) for i, token in ids)
    return b"".join(lines)
