"""Drop documents that repeat themselves, by the Gopher repetition rules (Rae et al. 2021, table A1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.pvalue import PCollection

from pipeline.config import GopherRepetitionConfig
from pipeline.kernels.buffers import string_view
from pipeline.schema import Float64, Limit, Rule, Verdict, judge, limit_rules
from pipeline.stages.apply import ApplyStage
from pipeline.stages.by_language import thresholds_by_language
from pipeline.stages.text_words import with_words_kept
from pipeline.stages.word_kinds import words_as

if TYPE_CHECKING:
    from pipeline.kernels.words import WordSpans

# rule, what it measures (in the order of the kernel's parts_4D), its setting; in datatrove's order.
_PART_RULES = (
    ("too_many_duplicate_paragraphs", "duplicate_paragraph_fraction", "max_duplicate_paragraph_fraction"),
    (
        "too_many_duplicate_paragraph_chars",
        "duplicate_paragraph_char_fraction",
        "max_duplicate_paragraph_char_fraction",
    ),
    ("too_many_duplicate_lines", "duplicate_line_fraction", "max_duplicate_line_fraction"),
    ("too_many_duplicate_line_chars", "duplicate_line_char_fraction", "max_duplicate_line_char_fraction"),
)


_DROP_EMPTY_TEXTS = ("datatrove", "dclm")


class GopherRepetitionStage:
    """Drops documents in which lines, paragraphs or n-grams come back too often. A rule whose setting is None is off.

    A profile has the formulas of the implementation that it names, on our words (STYLE.md) or on what str.split gives;
    given the words of the original every value agrees. How often our words change a verdict, and how far the profiles
    disagree: tests/benchmarks/results.

    datatrove: datatrove 0.10 (`kernels.gopher_repetition`). Its own tokens include punctuation, ours do not, so rows of
    dashes and the like repeat nothing here: of 1,500 news articles, mails and PEPs 188 go there and 90 here.
    dolma, dclm, curator, paper: `kernels.gopher_repetition_profiles`. The words of dolma and curator are str.split's;
    those of dclm Unicode's (uniseg) that begin with a letter or number, to which ours are near. dolma: no paragraphs.

    empty_text: as in datatrove an empty text goes, and as in DCLM one of blank lines: value 0 characters, threshold 1.
    """

    name = "gopher_repetition"

    def __init__(self, config: GopherRepetitionConfig) -> None:
        self._profile = config.profile
        self._words = config.words
        self._top_orders = _orders(config, "max_top_ngram_char_fraction")
        self._duplicate_orders = _orders(config, "max_duplicate_ngram_char_fraction")
        self._limits = [
            Limit("empty_text", self._signal("num_chars"), "<", 1.0 if config.profile in _DROP_EMPTY_TEXTS else None),
            *(
                Limit(
                    rule,
                    self._signal(signal),
                    ">",
                    getattr(config, setting),
                    thresholds_by_language(config.languages, setting),
                )
                for rule, signal, setting in (_PART_RULES[2:] if config.profile == "dolma" else _PART_RULES)
            ),
            *(self._ngram_limit(config, "top", n) for n in self._top_orders),
            *(self._ngram_limit(config, "duplicate", n) for n in self._duplicate_orders),
        ]
        self.signals = tuple(limit.signal for limit in self._limits)
        self.rules = tuple(limit.rule for limit in self._limits if limit.is_on)

    def __call__(self, batch: pa.RecordBatch) -> Verdict:
        """Verdict of DOCUMENT rows, with every signal whether its rule is on or not."""
        text = batch.column("text")
        return with_words_kept(text, self.judge_words(batch, words_as(self._words, text)))

    def judge_words(self, batch: pa.RecordBatch, words: WordSpans) -> Verdict:
        """The same for the words of any tokenizer, given as spans of the text."""
        from pipeline.kernels.gopher_repetition import gopher_repetition_signals
        from pipeline.kernels.gopher_repetition_profiles import profile_repetition_signals

        asked = *string_view(batch.column("text")), words, self._top_orders, self._duplicate_orders
        if self._profile == "datatrove":
            measured = gopher_repetition_signals(*asked)
        else:
            measured = profile_repetition_signals(*asked, self._profile)
        rows = (measured.num_chars.astype(np.float64), *measured.parts_4D, *measured.top_ND, *measured.duplicate_MD)
        signals = dict(zip(self.signals, rows, strict=True))
        return judge(self.name, batch, self.rules_on(signals, batch.column("lang")), signals)

    def rules_on(self, signals: Mapping[str, Float64], lang: pa.StringArray) -> list[Rule]:
        """The rules on documents with these values and labels."""
        return limit_rules(self._limits, signals, lang)

    def _signal(self, name: str) -> str:
        return f"{self.name}.{name}"

    def _ngram_limit(self, config: GopherRepetitionConfig, which: Literal["top", "duplicate"], n: int) -> Limit:
        setting = f"max_{which}_ngram_char_fraction"
        return Limit(
            f"too_many_{which}_{n}_gram_chars",
            self._signal(f"{which}_{n}_gram_char_fraction"),
            ">",
            getattr(config, setting).get(n),
            thresholds_by_language(config.languages, setting, n),
        )


def _orders(config: GopherRepetitionConfig, setting: str) -> list[int]:
    """Orders that have a threshold in any language."""
    written = [limits for limits in config.languages.values() if setting in limits.model_fields_set]
    return sorted({n for limits in (config, *written) for n in getattr(limits, setting)})


class FilterGopherRepetition(beam.PTransform):
    """RecordBatch of DOCUMENT -> RecordBatch of DOCUMENT with fewer rows, for your own Beam pipeline."""

    def __init__(self, config: GopherRepetitionConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, batches: PCollection[pa.RecordBatch]) -> PCollection[pa.RecordBatch]:
        return batches | beam.ParDo(ApplyStage(GopherRepetitionStage, self._config)).with_output_types(pa.RecordBatch)
