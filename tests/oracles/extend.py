"""Continued BPE training as plain as its rule: cut words by the base, then count all pairs anew for each merge."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping

from tokenizers import Tokenizer


def further_merges(
    base: Tokenizer, counts: Mapping[str, int], *, num: int, min_frequency: int = 0, max_token_bytes: int | None = None
) -> list[tuple[str, str]]:
    """Pairs of tokens as they are spelled, in the order of merging; `counts` are of pretokens by the base's pattern."""
    spelled = {token_id: token for token, token_id in base.get_vocab(with_added_tokens=True).items()}
    words = [(list(base.encode(word, add_special_tokens=False).ids), count) for word, count in counts.items()]
    merges = []
    for new in range(len(spelled), len(spelled) + num):
        totals: Counter[tuple[int, int]] = Counter()
        for word, count in words:
            for pair in itertools.pairwise(word):
                if max_token_bytes is None or sum(len(spelled[one]) for one in pair) <= max_token_bytes:
                    totals[pair] += count
        best = min(totals, key=lambda pair: (-totals[pair], pair), default=None)
        if best is None or totals[best] < max(1, min_frequency):
            break
        merges.append((spelled[best[0]], spelled[best[1]]))
        spelled[new] = "".join(merges[-1])
        for word, _ in words:
            i = 0
            while i + 1 < len(word):
                if (word[i], word[i + 1]) == best:
                    word[i : i + 2] = [new]
                i += 1
    return merges
