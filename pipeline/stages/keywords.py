"""Drop documents by their words, by what is left of web pages in them, and by their address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from apache_beam.pvalue import PCollection

from pipeline.config import KeywordsConfig
from pipeline.kernels.buffers import string_view
from pipeline.schema import Float64, Limit, Rule, Verdict, judge, limit_rules
from pipeline.stages.apply import ApplyStage
from pipeline.stages.list_words import ListWords
from pipeline.stages.phrases import Phrases
from pipeline.stages.text_words import num_words_of
from pipeline.stages.url_lists import UrlLists

if TYPE_CHECKING:
    from pipeline.kernels.keywords import MarkedText

_TEXT_SIGNALS = (
    "num_explicit_words",
    "boilerplate_paragraph_fraction",
    "boilerplate_line_fraction",
    "markup_char_fraction",
    "links_per_word",
    "link_char_fraction",
    "link_line_fraction",
)
_LIST, _EXPLICIT, _BOILERPLATE = 1, 2, 4  # groups of words and phrases
_LIST_SIGNALS = ("num_list_words", "list_word_fraction", "keep_draw")
# rule, what it measures, the setting it is compared with.
_LIST_RULES = (
    ("too_many_list_words", "num_list_words", "max_hits"),
    ("too_dense_list_words", "list_word_fraction", "max_hit_fraction"),
)
_TEXT_RULES = (
    ("too_many_explicit_words", "num_explicit_words", "max_explicit_words"),
    ("too_much_boilerplate", "boilerplate_paragraph_fraction", "max_boilerplate_paragraph_fraction"),
    ("too_many_boilerplate_lines", "boilerplate_line_fraction", "max_boilerplate_line_fraction"),
    ("too_much_markup", "markup_char_fraction", "max_markup_char_fraction"),
    ("too_many_links", "links_per_word", "max_links_per_word"),
    ("too_much_link_text", "link_char_fraction", "max_link_char_fraction"),
    ("too_many_link_lines", "link_line_fraction", "max_link_line_fraction"),
)


class KeywordsStage:
    """Drops documents; the rules on addresses come first, then the user's word lists, then our own.

    Block lists: `url_lists.py`. Word lists: `list_words.py`; of the documents that they would drop, those whose
    `keep_draw`, a hash of doc_id and seed, is below `keep_fraction` stay. Our words and phrases: `phrases.py`.
    Documents that may hold any are searched, one in ten (`kernels/word_anchors.py`); in the others there are none.
    Markup and links: `kernels/markup.py`; shares of nothing are 0.
    """

    name = "keywords"

    def __init__(self, config: KeywordsConfig) -> None:
        from pipeline.kernels.word_anchors import anchors_of

        self._config = config
        self._urls = UrlLists(config.urls)
        self._list_words = ListWords(config)
        self._phrases = Phrases()
        list_patterns = self._list_words.patterns if self._list_words.reads_as_ours else []
        self._anchors = anchors_of((list_patterns, self._phrases.explicit_patterns, self._phrases.boilerplate_patterns))
        self._url_limits = self._urls.limits(self.name)
        self._list_limits = self._limits(_LIST_RULES) if self._list_words.is_on else []
        self._text_limits = self._limits(_TEXT_RULES)
        limits = (*self._url_limits, *self._list_limits, *self._text_limits)
        self.rules = tuple(limit.rule for limit in limits if limit.is_on)
        of_lists = _LIST_SIGNALS if self._list_words.is_on else ()
        self.signals = tuple(f"{self.name}.{one}" for one in (*self._urls.signals, *of_lists, *_TEXT_SIGNALS))

    def __call__(self, batch: pa.RecordBatch) -> Verdict:
        """Verdict of DOCUMENT rows, with every signal whether its rule is on or not."""
        groups_D = self._groups_that_may_be(batch.column("text"))
        measured = {
            **self._urls.measure(batch.column("url")),
            **self._of_lists(batch, groups_D & _LIST > 0),
            **self._of_text(batch, groups_D),
        }
        signals = {f"{self.name}.{signal}": value_D for signal, value_D in measured.items()}
        return judge(self.name, batch, self.rules_on(signals, batch.column("lang")), signals)

    def _groups_that_may_be(self, text: pa.StringArray) -> npt.NDArray[np.uint8]:
        from pipeline.kernels.word_anchors import groups_that_may_be

        groups_D = groups_that_may_be(*string_view(text), self._anchors)
        return groups_D if self._list_words.reads_as_ours else groups_D | np.uint8(_LIST)

    def rules_on(self, signals: Mapping[str, Float64], lang: pa.StringArray) -> list[Rule]:
        """The rules on documents with these values and labels."""
        of_lists = limit_rules(self._list_limits, signals, lang)
        if of_lists:
            is_spared_D = signals[f"{self.name}.keep_draw"] < self._config.keep_fraction
            of_lists = [replace(rule, gone_D=rule.gone_D & ~is_spared_D) for rule in of_lists]
        return [
            *limit_rules(self._url_limits, signals, lang),
            *of_lists,
            *limit_rules(self._text_limits, signals, lang),
        ]

    def _limits(self, rules: tuple[tuple[str, str, str], ...]) -> list[Limit]:
        return [
            Limit(rule, f"{self.name}.{signal}", ">", getattr(self._config, setting)) for rule, signal, setting in rules
        ]

    def _of_lists(self, batch: pa.RecordBatch, may_have_D: npt.NDArray[np.bool_]) -> dict[str, Float64]:
        if not self._list_words.is_on:
            return {}
        from pipeline.kernels.keywords import document_draws

        count_D = self._list_words.count(batch.column("text"), batch.column("lang"), may_have_D)
        fraction_D = count_D / np.maximum(_num_words(batch), 1)
        draw_D = document_draws(*string_view(batch.column("doc_id")), self._config.seed)
        return dict(zip(_LIST_SIGNALS, (count_D, fraction_D, draw_D), strict=True))

    def _of_text(self, batch: pa.RecordBatch, groups_D: npt.NDArray[np.uint8]) -> dict[str, Float64]:
        from pipeline.kernels.markup import markup_counts

        text = batch.column("text")
        counts = markup_counts(*string_view(text))
        some_chars_D, some_lines_D = np.maximum(counts.chars_D, 1), np.maximum(counts.lines_D, 1)
        explicit_D, boilerplate_D, boilerplate_lines_D = np.zeros((3, len(text)))
        rows, marked = _marked_rows(text, groups_D & _EXPLICIT > 0)
        explicit_D[rows] = self._phrases.explicit_words(marked)
        rows, marked = _marked_rows(text, groups_D & _BOILERPLATE > 0)
        boilerplate_D[rows], boilerplate_lines_D[rows] = self._phrases.boilerplate(marked)
        values = (
            explicit_D,
            boilerplate_D,
            boilerplate_lines_D / some_lines_D,
            counts.markup_chars_D / some_chars_D,
            counts.links_D / np.maximum(_num_words(batch), 1),
            counts.link_chars_D / some_chars_D,
            counts.link_lines_D / some_lines_D,
        )
        return dict(zip(_TEXT_SIGNALS, values, strict=True))


def _marked_rows(text: pa.StringArray, is_wanted_D: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], MarkedText]:
    from pipeline.kernels.keywords import marked_text, our_reading

    rows = np.flatnonzero(is_wanted_D)
    return rows, marked_text(*string_view(text.take(pa.array(rows))), our_reading())


def _num_words(batch: pa.RecordBatch) -> Float64:
    return num_words_of(batch.column("text")).astype(np.float64)


class FilterKeywords(beam.PTransform):
    """RecordBatch of DOCUMENT -> RecordBatch of DOCUMENT with fewer rows, for your own Beam pipeline."""

    def __init__(self, config: KeywordsConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, batches: PCollection[pa.RecordBatch]) -> PCollection[pa.RecordBatch]:
        return batches | beam.ParDo(ApplyStage(KeywordsStage, self._config)).with_output_types(pa.RecordBatch)
