"""How often a document's words count, by its source and its language, in whole units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.config import TrainTokenizerConfig

WEIGHT_COLUMNS = ("source", "lang")
SOURCE, LANG = "source_weights", "lang_weights"
UNIT = Fraction(1)

Int64 = npt.NDArray[np.int64]
Named = Callable[[str | None], str | None]  # the key of the weight that holds for a name, if any does


class DocumentWeights:
    """The weights of one recipe; `config.weight_units` is what a document of weight 1 counts."""

    def __init__(self, config: TrainTokenizerConfig) -> None:
        self._sources, self._languages = _exact(config.source_weights), _exact(config.lang_weights)
        self._patterns = sorted(self._sources, key=lambda pattern: (-len(pattern), pattern))
        self._units = config.weight_units

    @property
    def given(self) -> bool:
        """True where any is asked for."""
        return bool(self._sources or self._languages)

    @property
    def keys(self) -> list[str]:
        """The weights' names as `times` counts them: `source_weights.PATTERN`, `lang_weights.LABEL`."""
        return [*(f"{SOURCE}.{one}" for one in self._sources), *(f"{LANG}.{one}" for one in self._languages)]

    def times(self, batch: pa.RecordBatch) -> tuple[Int64, Counter[str]]:
        """times_D, how often each document of `batch`, which has WEIGHT_COLUMNS, counts; documents by weight's name."""
        found: Counter[str] = Counter()
        of_source = _of_column(batch.column("source"), self._sources, self._pattern_of, SOURCE, found)
        of_lang = _of_column(batch.column("lang"), self._languages, self._label_of, LANG, found)
        pairs, inverse_D = np.unique(of_source[0] * len(of_lang[1]) + of_lang[0], return_inverse=True)
        products = [of_source[1][p // len(of_lang[1])] * of_lang[1][p % len(of_lang[1])] for p in pairs.tolist()]
        times = np.array([int(product * self._units) for product in products], np.int64)
        return times[inverse_D], found

    def _pattern_of(self, source: str | None) -> str | None:
        return next((one for one in self._patterns if source is not None and fnmatchcase(source, one)), None)

    def _label_of(self, label: str | None) -> str | None:
        return label if label in self._languages else None


def _exact(weights: Mapping[str, str]) -> dict[str, Fraction]:
    return {name: Fraction(weight) for name, weight in weights.items()}


def _of_column(
    column: pa.StringArray, weights: Mapping[str, Fraction], key_of: Named, group: str, found: Counter[str]
) -> tuple[Int64, list[Fraction]]:
    """(code_D, weights by code); adds to `found` how many documents each weight was given to."""
    coded = column.dictionary_encode("encode")
    keys = [key_of(name) for name in coded.dictionary.to_pylist()]  # one per file or language of a batch, not per row
    code_D = coded.indices.to_numpy().astype(np.int64)
    for key, num in zip(keys, np.bincount(code_D, minlength=len(keys)).tolist(), strict=True):
        if key is not None:
            found[f"{group}.{key}"] += num
    return code_D, [weights[key] if key is not None else UNIT for key in keys]
