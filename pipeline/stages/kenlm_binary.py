"""Scores by kenlm itself, for models in its binary form such as CCNet's; needs the kenlm extra."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.kernels.ngram_score import Scores

_MAGIC = b"mmap lm http://kheafield.com/code"


def is_kenlm_binary(path: str | Path) -> bool:
    """True for a file in kenlm's binary form, False for any other, and where there is none."""
    try:
        with Path(path).open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


class KenlmBinary:
    """A model that kenlm holds in memory, shared by all processes that map it."""

    def __init__(self, path: str | Path) -> None:
        try:
            import kenlm
        except ImportError:
            raise UserError(
                f"{path} is a binary model of kenlm, which is not installed: pip install 'corpusmill[kenlm]' (it is "
                "compiled, so a C++ compiler is needed), or name the ARPA file that the model was made from"
            ) from None
        try:
            self._model = kenlm.Model(str(path))
        except OSError as error:
            raise UserError(f"kenlm can't read {path}: {error}") from None

    def scores(self, text: pa.StringArray, *, skips_empty: bool) -> Scores:
        """As `ngram_score.ngram_scores`, in float32 sums per sentence; gains are NaN, kenlm gives none."""
        from pipeline.kernels.ngram_score import Scores

        log10_D, num_pieces_D = np.zeros(len(text)), np.zeros(len(text), np.int64)
        # kenlm's binding takes one Python string a sentence.
        for d, document in enumerate(text.to_pylist()):
            sentences = _sentences(document, skips_empty)
            log10_D[d] = sum(self._model.score(sentence) for sentence in sentences)
            num_pieces_D[d] = sum(len(sentence.split()) + 1 for sentence in sentences)
        return Scores(log10_D, np.full(len(text), np.nan), num_pieces_D)


def _sentences(document: str, skips_empty: bool) -> list[str]:
    *lines, rest = document.split("\n")
    return [line for line in lines if line.strip() or not skips_empty] + ([rest] if rest.strip() else [])
