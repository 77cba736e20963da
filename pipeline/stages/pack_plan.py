"""Middle phase of packing: which documents are validation, how they are cut, which pieces share a row.

Numbers only, a few bytes per document; the tokens stay on disk.

Shapes: D = kept documents over all encoded shards in order, S = pieces, R = rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.io.commit import atomic_path
from pipeline.kernels.packing import assign_pieces, mix64, plan_rows, run_indices, stable_order

Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]
_ARRAYS = ("document_S", "offset_S", "length_S", "bounds_R1")


@dataclass(frozen=True)
class SplitPlan:
    """The pieces of one split in the order of their rows.

    document_S: number of the document; offset_S: where the piece starts in its tokens; length_S: tokens.
    Row r is pieces bounds_R1[r] to bounds_R1[r + 1].
    """

    document_S: Ints
    offset_S: Ints
    length_S: Ints
    bounds_R1: Ints

    @property
    def num_rows(self) -> int:
        """Rows of the split."""
        return self.bounds_R1.size - 1

    def save(self, stem: str) -> None:
        """Write one .npy file per array: `<stem>.<array>.npy`."""
        for name in _ARRAYS:
            with atomic_path(f"{stem}.{name}.npy") as path, path.open("wb") as file:
                np.save(file, getattr(self, name))

    @classmethod
    def open(cls, stem: str) -> SplitPlan:
        """Map what `save` wrote."""
        return cls(*(np.load(f"{stem}.{name}.npy", mmap_mode="r") for name in _ARRAYS))


def validation_documents(key_D: Keys, fraction: float) -> Mask:
    """True for the documents with the lowest keys: `fraction` of them, rounded.

    A fraction between 0 and 1 leaves at least one document on each side where there are two; one alone is trained on.
    """
    count = round(fraction * key_D.size)
    if 0 < fraction < 1:
        count = min(max(count, 1), key_D.size - 1)
    chosen_D = np.zeros(key_D.size, bool)
    chosen_D[stable_order(key_D)[: max(count, 0)]] = True
    return chosen_D


def plan_split(document_D: Ints, tokens_D: Ints, key_D: Keys, *, context_len: int, seed: int) -> SplitPlan:
    """Cut documents into pieces of at most `context_len` tokens and deal them to rows.

    document_D, tokens_D, key_D: number, length (at least 1) and hash of each document of the split.
    """
    pieces_D = -(-tokens_D // context_len)
    owner_S = np.repeat(np.arange(tokens_D.size, dtype=np.int64), pieces_D)
    number_S = run_indices(np.zeros_like(pieces_D), pieces_D)
    offset_S = number_S * context_len
    length_S = np.minimum(tokens_D[owner_S] - offset_S, context_len)
    key_S = key_D[owner_S] + mix64(number_S.astype(np.uint64))
    rows = plan_rows(np.bincount(length_S, minlength=context_len + 1), context_len)
    order_S, bounds_R1 = assign_pieces(rows, length_S, key_S, seed=seed)
    return SplitPlan(document_D[owner_S[order_S]], offset_S[order_S], length_S[order_S], bounds_R1)
