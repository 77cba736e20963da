"""A byte-level BPE tokenizer as tiktoken's ranks: a line a token, its bytes in base 64, a blank, its id.

Read with `tiktoken.load.load_tiktoken_bpe`, and used with the tokenizer's split pattern, it gives the same ids. Special
tokens have no line; their ids are those of tokenizer.json.
"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from tokenizer.byte_level import byte_of, merges_as_pairs
from tokenizer.pretokenize_patterns import pattern_of

FILE_NAME = "tokenizer.tiktoken"


def tiktoken_file(tokenizer_json: bytes) -> dict[str, bytes]:
    """The file under its name; nothing where tiktoken would not give the tokenizer's ids.

    It joins the neighbours whose joint token has the least id, so ids must follow the order of merges, and each token
    be a byte or merged. There must be no normaliser, and a split pattern that we know.
    """
    parts = json.loads(tokenizer_json)
    if parts["model"]["type"] != "BPE" or parts.get("normalizer") or pattern_of(parts.get("pre_tokenizer")) is None:
        return {}
    added = {token["content"] for token in parts.get("added_tokens") or ()}
    id_of = {token: token_id for token, token_id in parts["model"]["vocab"].items() if token not in added}
    return {FILE_NAME: _lines(id_of)} if _ids_follow_merges(parts["model"], id_of) else {}


def _ids_follow_merges(model: dict[str, Any], id_of: dict[str, int]) -> bool:
    merged = ["".join(pair) for pair in merges_as_pairs(model)]
    ids = [id_of.get(token, -1) for token in merged]
    return all(a < b for a, b in zip([-1, *ids], ids, strict=False)) and id_of.keys() == {*byte_of(), *merged}


def _lines(id_of: dict[str, int]) -> bytes:
    bytes_by_character = byte_of()
    ordered = sorted((token_id, token) for token, token_id in id_of.items())
    lines = ((bytes(map(bytes_by_character.__getitem__, token)), token_id) for token_id, token in ordered)
    return b"".join(b"%b %d\n" % (b64encode(data), token_id) for data, token_id in lines)
