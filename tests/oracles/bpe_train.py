"""BPE training as slow and plain as its rules: an independent reading of the `tokenizers` library's trainer.

Words are lists of strings of bytes, walked from end to end for each merge; counts are Python's unbounded integers. The
library's memory of what it entered into its queue is followed: an entry merges the words known when it was made.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence

from tokenizer.byte_level import bytes_in_order

Pair = tuple[int, int]


def train_merges(
    counts: Mapping[bytes, int], *, num_merges: int, min_frequency: int = 0, max_token_bytes: int | None = None
) -> list[Pair]:
    """Pairs of ids in the order of merging, as `tokenizer.bpe_train.train_merges` gives them."""
    tokens = [bytes([byte]) for byte in bytes_in_order()]
    ids = {token: i for i, token in enumerate(tokens)}
    words = [([ids[bytes([byte])] for byte in word], count) for word, count in counts.items()]
    totals: dict[Pair, int] = defaultdict(int)
    named: dict[Pair, set[int]] = defaultdict(set)
    for w, (word, count) in enumerate(words):
        for pair in itertools.pairwise(word):
            totals[pair] += count
            named[pair].add(w)
    queue = [(totals[pair], pair, places) for pair, places in named.items() if totals[pair] > 0]
    merges: list[Pair] = []
    while queue and len(tokens) < 256 + num_merges:
        first = min(range(len(queue)), key=lambda q: (-queue[q][0], queue[q][1]))
        count, pair, places = queue.pop(first)
        if count != totals[pair]:
            queue.append((totals[pair], pair, places))
            continue
        if count < max(1, min_frequency):
            break
        token = tokens[pair[0]] + tokens[pair[1]]
        if token not in ids:
            ids[token] = len(tokens)
            tokens.append(token)
        merges.append(pair)
        named = defaultdict(set)
        for w in sorted(places):
            for changed, by in merge(words[w][0], pair, ids[token], [len(t) for t in tokens], max_token_bytes):
                totals[changed] += by * words[w][1]
                if by > 0:
                    named[changed].add(w)
        queue += [(totals[new], new, places) for new, places in named.items() if totals[new] > 0]
    return merges


def merge(
    word: list[int], pair: Pair, new: int, lengths: Sequence[int], max_token_bytes: int | None
) -> list[tuple[Pair, int]]:
    """Merge the pair in a word from left to right; the pairs that went (-1) and that came about (1)."""

    def fits(a: int, b: int) -> bool:
        return max_token_bytes is None or lengths[a] + lengths[b] <= max_token_bytes

    changes = []
    i = 0
    while i + 1 < len(word):
        if (word[i], word[i + 1]) == pair:
            word[i : i + 2] = [new]
            if i > 0:
                changes.append(((word[i - 1], pair[0]), -1))
                changes += [((word[i - 1], new), 1)] if fits(word[i - 1], new) else []
            if i + 1 < len(word):
                changes.append(((pair[1], word[i + 1]), -1))
                changes += [((new, word[i + 1]), 1)] if fits(new, word[i + 1]) else []
        i += 1
    return changes
