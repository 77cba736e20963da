"""Slow, obvious twins of near-duplicate removal: shingles, signatures, buckets, similarity and the decision itself.

Signatures come from datasketch, which is the reference.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from fractions import Fraction
from typing import NamedTuple

from datasketch import MinHash

from tests.oracles.words import word_hash, words

MASK = 2**64 - 1
M = 0xA0761D6478BD642F


class Removal(NamedTuple):
    """Document `ordinal` goes because of `keeper`."""

    ordinal: int
    keeper: int
    jaccard: float


def shingles(text: str, shingle_words: int) -> list[int]:
    hashes = [word_hash(word) for word in words(text)]
    if 0 < len(hashes) < shingle_words:
        return [_polynomial(hashes)]
    return [_polynomial(hashes[i : i + shingle_words]) for i in range(len(hashes) - shingle_words + 1)]


def char_shingles(text: str, shingle_chars: int) -> list[int]:
    hashes = [_mix(ord(char) + 1) for char in text]
    if 0 < len(hashes) < shingle_chars:
        return [_polynomial(hashes)]
    return [_polynomial(hashes[i : i + shingle_chars]) for i in range(len(hashes) - shingle_chars + 1)]


def normalized(text: str, profile: str) -> str:
    """What `fineweb` adds to lower-cased words: numbers are 0, letters have no accents."""
    if profile != "fineweb":
        return text
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")
    return re.sub(r"\d+", "0", bare)


def _polynomial(hashes: list[int]) -> int:
    return sum(h * pow(M, len(hashes) - 1 - i, 2**64) for i, h in enumerate(hashes)) & MASK


def upper_half(shingle: bytes) -> int:
    return int.from_bytes(shingle[4:], "little")


def signature(shingle_hashes: Sequence[int], num_perm: int) -> list[int]:
    sketch = MinHash(num_perm, seed=1, scheme="affine32", hashfunc=upper_half)
    sketch.update_batch({h.to_bytes(8, "little") for h in shingle_hashes})
    return [int(value) for value in sketch.hashvalues]


def buckets(rows: Sequence[int], num_bands: int) -> list[int]:
    per_band = len(rows) // num_bands
    found = []
    for band in range(num_bands):
        h = _mix(band)
        for row in rows[band * per_band : (band + 1) * per_band]:
            h = _mix(h ^ row)
        found.append(h)
    return found


def _mix(h: int) -> int:
    h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9 & MASK
    h = (h ^ h >> 27) * 0x94D049BB133111EB & MASK
    return h ^ h >> 31


def is_verified(a: set[int], b: set[int], min_jaccard: float) -> bool:
    """In whole numbers, the threshold read as the decimal it was written as."""
    return len(a & b) >= Fraction(str(min_jaccard)) * len(a | b)


def removals(
    texts: Sequence[str],
    *,
    shingle_words: int,
    num_bands: int,
    rows_per_band: int,
    min_jaccard: float,
    prefer: Sequence[str] = ("longest", "first"),
    max_representatives: int = 64,
) -> list[Removal]:
    """The definition, read aloud. Ordinals are positions in `texts`."""
    sets = [set(shingles(text, shingle_words)) for text in texts]
    places = [buckets(signature(list(s), num_bands * rows_per_band), num_bands) if s else [] for s in sets]
    rules = {"longest": lambda d: -len(texts[d]), "first": lambda d: d}
    ranked = sorted(range(len(texts)), key=lambda d: (*(rules[rule](d) for rule in prefer), d))
    at = {d: r for r, d in enumerate(ranked)}

    def edge(r: int, other: int) -> bool:
        return is_verified(sets[ranked[r]], sets[ranked[other]], min_jaccard)

    keepers = keepers_of([places[d] for d in ranked], edge, max_representatives).keepers
    removed = [(d, ranked[keepers[at[d]]]) for d in range(len(texts)) if keepers[at[d]] >= 0]
    return [Removal(d, k, len(sets[d] & sets[k]) / len(sets[d] | sets[k])) for d, k in removed]


class Decided(NamedTuple):
    """Of each document its keeper, or -1; those it was compared with; how many it was not compared with."""

    keepers: list[int]
    compared: list[list[int]]
    left_out: list[int]


def keepers_of(
    places: Sequence[Sequence[int]],
    edge: Callable[[int, int], bool],
    cap: int,
    settled: int = 0,
    own: int | None = None,
) -> Decided:
    """Documents in rank order, which stand in the buckets `places`; the first `settled` stay."""
    own = len(places) if own is None else own
    decided = Decided([-1] * len(places), [[] for _ in places], [0] * len(places))
    _one_round(places, places, edge, cap, settled, own, decided)
    wider = [set(place) for place in places]
    for r, keeper in enumerate(decided.keepers[:own]):
        if keeper >= 0:
            wider[keeper] |= set(places[r])
    _one_round(places, wider, edge, cap, settled, own, decided)
    return decided


def _one_round(
    before: Sequence[Collection[int]],
    places: Sequence[Collection[int]],
    edge: Callable[[int, int], bool],
    cap: int,
    settled: int,
    own: int,
    decided: Decided,
) -> None:
    """Who stayed is not compared again with who stayed, where `before` has both in the bucket that joins them."""
    is_second = places is not before
    had, keepers = list(decided.keepers), decided.keepers
    standing: dict[int, list[int]] = defaultdict(list)
    for r, place in enumerate(places):

        def is_old(other: int, bucket: int, r: int = r) -> bool:
            both_stayed = had[r] == had[other] == -1
            return is_second and both_stayed and bucket in before[r] and bucket in before[other]

        if r >= settled and (keepers[r] < 0 or keepers[keepers[r]] >= 0):
            met = sorted({other for b in place for other in standing[b][:cap] if not is_old(other, b)})
            decided.compared[r].extend(met)
            keepers[r] = next((other for other in met if edge(r, other)), -1)
        who = r if keepers[r] < 0 else keepers[r]
        stays = keepers[r] < 0 and r >= settled
        decided.left_out[r] = sum(max(0, len(standing[b]) - cap) for b in place) if stays else 0
        if r < own:
            for bucket in place:
                if who not in standing[bucket][:cap]:
                    standing[bucket].append(who)
