"""Slow, obvious twins of near-duplicate removal: shingles, signatures, buckets, similarity and the decision itself.

Signatures come from datasketch, which is the reference.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
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
    kept_in: dict[int, list[int]] = defaultdict(list)
    found = []
    for d in ranked:
        candidates = {other for bucket in places[d] for other in kept_in[bucket][:max_representatives]}
        edges = [o for o in ranked if o in candidates and is_verified(sets[d], sets[o], min_jaccard)]
        if edges:
            keeper = edges[0]
            found.append(Removal(d, keeper, len(sets[d] & sets[keeper]) / len(sets[d] | sets[keeper])))
        else:
            for bucket in places[d]:
                kept_in[bucket].append(d)
    return sorted(found)
