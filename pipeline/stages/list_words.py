"""How many words of the user's lists stand in each document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import KeywordsConfig
from pipeline.io.word_lists import read_words, word_list_files
from pipeline.kernels.buffers import string_view
from pipeline.schema import Float64
from pipeline.stages.word_search import WordSearch, marked_patterns, places_per_document

if TYPE_CHECKING:
    from pipeline.kernels.keywords import Reading

# C4's reference code (tensorflow_datasets/text/c4_utils.py): languages whose words it finds anywhere, and entries that
# it leaves out because each drops more than 10 % of its language's documents.
C4_SUBSTRING_LANGUAGES = frozenset({"ja", "th", "zh"})
C4_ALLOWED = frozenset({"sm", "\u30b0\u30ed", "\u5973\u306e\u5b50", "\u6027"})


@dataclass(frozen=True)
class _List:
    """The entries for one label, ready to be searched for in text that is marked by `reading`."""

    patterns: Sequence[bytes]
    search: WordSearch
    reading: Reading


class ListWords:
    """Counts places, leftmost first, the longest entry of those that begin there, none overlapping another.

    Profile `ours`: in lower case on both sides; an entry is found where it cuts no word in two. Scripts without spaces
    have no such cuts, so their entries are found anywhere. A word is a run of letters, marks and digits here:
    `don't` holds `don`.

    Profile `c4`: as datatrove 0.10 and C4's reference code do it. Only the text is in lower case, so an entry with a
    capital is never found; an entry stands between characters that Python's `re` has no word characters, or for labels
    ja, th and zh anywhere; combining marks are no word characters; four entries are left out.
    """

    def __init__(self, config: KeywordsConfig) -> None:
        self._lists = {
            label: _prepared(label, [word for key, path in files for word in read_words(key, path)], config.profile)
            for label, files in word_list_files(config).items()
        }
        self._default = config.default_language

    @property
    def is_on(self) -> bool:
        """False where no list is given."""
        return bool(self._lists)

    @property
    def patterns(self) -> list[bytes]:
        """All entries, each marked by the reading of its list."""
        return [pattern for one in self._lists.values() for pattern in one.patterns]

    @property
    def reads_as_ours(self) -> bool:
        """True where all are marked by our_reading."""
        from pipeline.kernels.keywords import our_reading

        return all(one.reading is our_reading() for one in self._lists.values())

    def count(self, text: pa.StringArray, lang: pa.StringArray, may_have_D: npt.NDArray[np.bool_]) -> Float64:
        """Places in each document, float64 of shape (D,); NaN where there is no list for its label.

        may_have_D: False where it is known that there are none.
        """
        from pipeline.kernels.keywords import marked_text

        count_D = np.full(len(text), np.nan)
        for rows, one in self._by_list(lang):
            count_D[rows] = 0.0
            rows = rows[may_have_D[rows]]
            marked = marked_text(*string_view(text.take(pa.array(rows))), one.reading)
            count_D[rows] = places_per_document(one.search.find(marked.text_M)[1], marked.offsets_D1)
        return count_D

    def _by_list(self, lang: pa.StringArray) -> Iterator[tuple[npt.NDArray[np.int64], _List]]:
        """The rows of each list that has any."""
        if None in self._lists:
            yield np.arange(len(lang)), self._lists[None]
            return
        labels = lang if self._default is None else pc.fill_null(lang, self._default)
        for label, one in self._lists.items():
            rows = np.flatnonzero(pc.fill_null(pc.equal(labels, label), False).to_numpy(zero_copy_only=False))
            if rows.size:
                yield rows, one


def _prepared(label: str | None, words: Sequence[str], profile: str) -> _List:
    from pipeline.kernels.keywords import as_written, c4_reading, our_reading, substring_reading

    if profile == "ours":
        return _list(marked_patterns(words, our_reading()), our_reading())
    reading = substring_reading() if label in C4_SUBSTRING_LANGUAGES else c4_reading()
    entries = [word for word in words if word not in C4_ALLOWED]
    return _list(marked_patterns(entries, as_written(reading)), reading)


def _list(patterns: Sequence[bytes], reading: Reading) -> _List:
    return _List(patterns, WordSearch(patterns), reading)
