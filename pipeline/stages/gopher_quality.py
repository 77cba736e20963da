"""Drop documents that fail the Gopher document rules (Rae et al. 2021, table A1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import apache_beam as beam
import pyarrow as pa
from apache_beam.pvalue import PCollection

from pipeline.config import GopherQualityConfig
from pipeline.kernels.buffers import string_view
from pipeline.schema import Float64, Limit, Rule, Verdict, judge, limit_rules
from pipeline.stages.apply import ApplyStage
from pipeline.stages.by_language import thresholds_by_language
from pipeline.stages.stop_words import StopWords
from pipeline.stages.text_words import with_words_kept
from pipeline.stages.word_kinds import words_as

if TYPE_CHECKING:
    from pipeline.kernels.words import WordSpans

_LINES = ("bullet_line_fraction", "ellipsis_line_fraction", "alphabetic_word_fraction", "num_stop_words")
_SYMBOLS_APART = ("num_words", "mean_word_chars", "hash_word_fraction", "ellipsis_word_fraction", *_LINES)
_SYMBOLS_TOGETHER = ("num_words", "mean_word_chars", "symbol_word_fraction", *_LINES)
_SIGNALS = {
    "datatrove": _SYMBOLS_APART,
    "dolma": _SYMBOLS_TOGETHER,
    "dclm": _SYMBOLS_TOGETHER,
    "curator": _SYMBOLS_TOGETHER,
    "paper": _SYMBOLS_APART,
}
_COUNT_DISTINCT_STOP_WORDS = ("datatrove", "paper")
_STOP_WORDS_IN_ANY_CASE = ("dclm", "paper")

# rule, what it measures, the setting it is compared with; in datatrove's order, so that the first reason agrees.
_RULES = (
    ("too_few_words", "num_words", "min_words"),
    ("too_many_words", "num_words", "max_words"),
    ("mean_word_too_short", "mean_word_chars", "min_mean_word_chars"),
    ("mean_word_too_long", "mean_word_chars", "max_mean_word_chars"),
    ("too_many_hashes", "hash_word_fraction", "max_symbol_word_fraction"),
    ("too_many_ellipses", "ellipsis_word_fraction", "max_symbol_word_fraction"),
    ("too_many_symbols", "symbol_word_fraction", "max_symbol_word_fraction"),
    ("too_many_bullet_lines", "bullet_line_fraction", "max_bullet_line_fraction"),
    ("too_many_ellipsis_lines", "ellipsis_line_fraction", "max_ellipsis_line_fraction"),
    ("too_few_alphabetic_words", "alphabetic_word_fraction", "min_alphabetic_word_fraction"),
    ("too_few_stop_words", "num_stop_words", "min_stop_words"),
)


class GopherQualityStage:
    """Drops documents whose words, lines or symbols are not those of prose. A rule whose setting is None is off.

    A profile has the formulas of the implementation that it names, on our words (STYLE.md) or on what str.split gives;
    given the words of the original every value agrees. How often our words change a verdict, and how far the profiles
    disagree: tests/benchmarks/results.

    datatrove: datatrove 0.10 (`kernels.gopher_quality`). Its own tokens include punctuation, ours do not, so here `#`
    and ellipses weigh more, and the share of alphabetic words is higher: of 1,500 news articles, mails and PEPs that
    rule drops 914 there and 57 here.
    dolma, dclm, curator, paper: `kernels.gopher_quality_profiles`. The words of dolma and curator are str.split's;
    those of dclm too, but their number, which is of fastText's tokens.
    Stop words: distinct ones in datatrove and paper, every one in the others; in any case in dclm and paper, as written
    in the others. In a document whose language has none they are not measured (`stop_words`).
    """

    name = "gopher_quality"

    def __init__(self, config: GopherQualityConfig) -> None:
        self._profile = config.profile
        self._words = config.words
        self._stop_words = StopWords(config)
        self.signals = tuple(f"{self.name}.{signal}" for signal in _SIGNALS[config.profile])
        self._limits = [
            Limit(
                rule,
                f"{self.name}.{signal}",
                "<" if setting.startswith("min_") else ">",
                getattr(config, setting),
                thresholds_by_language(config.languages, setting),
            )
            for rule, signal, setting in _RULES
            if signal in _SIGNALS[config.profile]
        ]
        self.rules = tuple(limit.rule for limit in self._limits if limit.is_on)

    def __call__(self, batch: pa.RecordBatch) -> Verdict:
        """Verdict of DOCUMENT rows, with every signal whether its rule is on or not."""
        text = batch.column("text")
        return with_words_kept(text, self.judge_words(batch, words_as(self._words, text)))

    def judge_words(self, batch: pa.RecordBatch, words: WordSpans) -> Verdict:
        """The same for the words of any tokenizer, given as spans of the text."""
        measured = self._measure(batch, words)
        signals = {f"{self.name}.{signal}": measured[signal] for signal in _SIGNALS[self._profile]}
        return judge(self.name, batch, self.rules_on(signals, batch.column("lang")), signals)

    def rules_on(self, signals: Mapping[str, Float64], lang: pa.StringArray) -> list[Rule]:
        """The rules on documents with these values and labels."""
        return limit_rules(self._limits, signals, lang)

    def _measure(self, batch: pa.RecordBatch, words: WordSpans) -> Mapping[str, Float64]:
        from pipeline.kernels.gopher_quality import gopher_quality_signals
        from pipeline.kernels.gopher_quality_profiles import profile_quality_signals
        from pipeline.kernels.stop_words import stop_word_counts

        text_B, offsets_D1 = string_view(batch.column("text"))
        lists, list_D = self._stop_words.lists(batch.column("lang"))
        if self._profile == "datatrove":
            return gopher_quality_signals(text_B, offsets_D1, words, lists, list_D)._asdict()
        measured = profile_quality_signals(text_B, offsets_D1, words, self._profile)
        counts_D = stop_word_counts(
            text_B,
            words,
            lists,
            list_D,
            distinct=self._profile in _COUNT_DISTINCT_STOP_WORDS,
            any_case=self._profile in _STOP_WORDS_IN_ANY_CASE,
        )
        return {**measured, "num_stop_words": counts_D}


class FilterGopherQuality(beam.PTransform):
    """RecordBatch of DOCUMENT -> RecordBatch of DOCUMENT with fewer rows, for your own Beam pipeline."""

    def __init__(self, config: GopherQualityConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, batches: PCollection[pa.RecordBatch]) -> PCollection[pa.RecordBatch]:
        return batches | beam.ParDo(ApplyStage(GopherQualityStage, self._config)).with_output_types(pa.RecordBatch)
