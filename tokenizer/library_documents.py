"""Documents that only the `tokenizers` library encodes as it does, of tokenizers that are covered otherwise.

They hold a token that is added beside the merges, or what Unicode's normal form C may change: most documents do not,
and a look at the bytes tells. A document may be named without need, never left out.

Shapes: B = UTF-8 bytes of all documents end to end, D = documents.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

HEAD_BYTES = 2  # what is looked for before whole tokens are: hundreds of them begin with <|

Mask = npt.NDArray[np.bool_]


class LibraryDocuments:
    """Made of what a `tokenizer.json` says; see `normalizers_not_covered` for those that it must not have."""

    def __init__(self, parts: Mapping[str, Any]) -> None:
        added = [token for token in parts.get("added_tokens") or () if token["content"]]
        self._added = _Needles(token["content"] for token in added if not token["special"])
        self._specials = _Needles(token["content"] for token in added if token["special"])
        self._is_normalised = bool(_normalizers(parts.get("normalizer")))

    def __call__(
        self, text_B: npt.NDArray[np.uint8], offsets_D1: npt.NDArray[np.signedinteger], *, reads_specials: bool
    ) -> Mask:
        """True where document text_B[offsets_D1[d]:offsets_D1[d + 1]] is one: shape (D,).

        `reads_specials`: special tokens in a text are to be read as such, not as the text that they are spelled in.
        """
        needles = [self._added, self._specials] if reads_specials else [self._added]
        found_D = np.zeros(offsets_D1.size - 1, np.bool_)
        if any(one.heads for one in needles):
            bounds = (offsets_D1 - offsets_D1[0]).tolist()
            data = text_B[offsets_D1[0] : offsets_D1[-1]].tobytes()
            for one in needles:
                one.mark(data, bounds, found_D)
        if self._is_normalised:
            from tokenizer.normal_form import may_change  # Numba, at first use

            found_D |= may_change(text_B, offsets_D1)
        return found_D


def normalizers_not_covered(parts: Mapping[str, Any]) -> list[str]:
    """Types of the normalisers that are not NFC."""
    return [kind for kind in _normalizers(parts.get("normalizer")) if kind != "NFC"]


def _normalizers(normalizer: Mapping[str, Any] | None) -> list[str]:
    if not normalizer:
        return []
    if normalizer["type"] == "Sequence":
        return [kind for one in normalizer["normalizers"] for kind in _normalizers(one)]
    return [str(normalizer["type"])]


class _Needles:
    """Strings to look for, by their first bytes, in the form they are written in and in NFC."""

    def __init__(self, contents: Iterable[str]) -> None:
        self.heads: dict[bytes, set[bytes]] = defaultdict(set)
        for content in contents:
            for form in (content, unicodedata.normalize("NFC", content)):
                needle = form.encode()
                self.heads[needle[:HEAD_BYTES]].add(needle)

    def mark(self, data: bytes, bounds: list[int], found_D: Mask) -> None:
        """Set found_D of each document data[bounds[d]:bounds[d + 1]] that holds a needle."""
        for head, needles in self.heads.items():
            at = data.find(head)
            while at >= 0:
                d = bisect_right(bounds, at) - 1
                document = data[bounds[d] : bounds[d + 1]]
                found_D[d] = found_D[d] or any(needle in document for needle in needles)
                at = data.find(head, bounds[d + 1])
