"""Merges of byte-level BPE as their definition has them, one at a time."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from tokenizer.bpe_encode_tables import Merges, merges_of

Ranks = Mapping[tuple[int, int], tuple[int, int]]


def merged_ids(word: bytes, ranks: Ranks) -> list[int]:
    """Token ids: the leftmost of the pairs of lowest rank is merged, again and again; a byte's id is the byte."""
    ids = list(word)
    while found := [(ranks[pair][0], i) for i, pair in enumerate(itertools.pairwise(ids)) if pair in ranks]:
        _, i = min(found)
        ids[i : i + 2] = [ranks[ids[i], ids[i + 1]][1]]
    return ids


def tables(merges: Sequence[tuple[str, str]]) -> tuple[Merges, Ranks]:
    """Merges of tokens as the kernels' tables and as a dictionary, pair of ids -> (rank, id), in the order given."""
    ids = {chr(byte): byte for byte in range(256)}
    for token in itertools.chain.from_iterable((left, right, left + right) for left, right in merges):
        ids.setdefault(token, len(ids))
    rows = [(ids[left], ids[right], ids[left + right]) for left, right in merges]
    return merges_of(rows, range(256), None), {(row[0], row[1]): (rank, row[2]) for rank, row in enumerate(rows)}
