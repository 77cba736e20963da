"""Perplexity of documents under an n-gram model, and CCNet's buckets (Wenzek et al. 2019)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.pvalue import PCollection

from pipeline.config import PerplexityConfig
from pipeline.errors import UserError
from pipeline.io.arpa import read_arpa
from pipeline.schema import Float64, Limit, Rule, Verdict, judge, limit_rules
from pipeline.stages.apply import ApplyStage
from pipeline.stages.ccnet_cutoffs import CCNET_CUTOFFS
from pipeline.stages.kenlm_binary import KenlmBinary, is_kenlm_binary
from pipeline.stages.model_text import ModelText

if TYPE_CHECKING:
    from pipeline.kernels.ngram_score import Scores

BUCKETS = ("head", "middle", "tail", "all")  # numbered so in `perplexity.bucket`
ALL = BUCKETS.index("all")
EVERY_LANGUAGE = ""

Measure = Callable[[pa.StringArray], "Scores"]


class PerplexityStage:
    """Measures perplexity, 10 ** (-log10 p / num_pieces), and drops by bucket or by a bound. Lower is better.

    What the model reads of a document: see `ModelText`. In profile ccnet perplexities are rounded to 0.1, as CCNet
    does. Documents without a model for their `lang`, or without a piece, are not measured and stay.

    perplexity.num_pieces: words or pieces, and ends of sentences. perplexity.bucket: 0 head, 1 middle, 2 tail, 3 all.
    perplexity.context_gain: what each of them gains in log10 probability, on average, by what stands before the one
    word in front of it. Text that is written gains; a Markov chain of word pairs, of which every one is real so that
    its perplexity is low, loses. That holds for words: five pieces of a SentencePiece model are a word or two, and the
    gain is within words. 0 for models of order 2; kenlm's binaries are not measured. Figures:
    tests/benchmarks/results/perplexity_separation_202611.md.

    bucket_not_kept: the value is the perplexity, the threshold the cut-off that parts its bucket from the one before,
    or head from middle. perplexity_too_high: above `max_perplexity`. context_gain_too_low: below `min_context_gain`.
    """

    name = "perplexity"
    signals: tuple[str, ...] = (
        "perplexity.perplexity",
        "perplexity.context_gain",
        "perplexity.num_pieces",
        "perplexity.bucket",
    )

    def __init__(self, config: PerplexityConfig) -> None:
        assert config.model, "the model is trained before the stage is made"
        self._models = _models(config)
        self._is_rounded = config.profile == "ccnet"
        self._cutoffs = CCNET_CUTOFFS if config.cutoffs is None else config.cutoffs
        kept = {ALL, *(BUCKETS.index(bucket) for bucket in config.keep or BUCKETS)}
        self._unwanted = sorted(set(range(len(BUCKETS))) - kept)
        self._limits = (
            Limit("perplexity_too_high", "perplexity.perplexity", ">", config.max_perplexity),
            Limit("context_gain_too_low", "perplexity.context_gain", "<", config.min_context_gain),
        )
        bucket_rule = ("bucket_not_kept",) if self._unwanted else ()
        self.rules: tuple[str, ...] = (*bucket_rule, *(limit.rule for limit in self._limits if limit.is_on))

    def __call__(self, batch: pa.RecordBatch) -> Verdict:
        """Verdict of DOCUMENT rows."""
        text, lang = batch.column("text"), batch.column("lang")
        log10_D, gain_D, num_pieces_D = np.zeros((3, len(text)))
        for label, measure in self._models.items():
            rows = np.arange(len(text)) if label == EVERY_LANGUAGE else np.flatnonzero(_has_label(lang, label))
            scores = measure(text if rows.size == len(text) else text.take(pa.array(rows)))
            log10_D[rows], gain_D[rows], num_pieces_D[rows] = scores
        num_pieces_D[num_pieces_D == 0] = np.nan
        with np.errstate(over="ignore"):  # a model may be as sure as 10 ** -400
            perplexity_D = 10.0 ** (-log10_D / num_pieces_D)
        if self._is_rounded:
            perplexity_D = np.round(perplexity_D, 1)
        bucket_D = self._buckets(perplexity_D, lang)[0].astype(np.float64)
        measured = (perplexity_D, gain_D / num_pieces_D, num_pieces_D, bucket_D)
        signals = dict(zip(self.signals, measured, strict=True))
        return judge(self.name, batch, self.rules_on(signals, lang), signals)

    def rules_on(self, signals: Mapping[str, Float64], lang: pa.StringArray) -> list[Rule]:
        """The rules on documents with these perplexities and labels."""
        rules = limit_rules(self._limits, signals, lang)
        if not self._unwanted:
            return rules
        perplexity_D = signals["perplexity.perplexity"]
        bucket_D, head_D, middle_D = self._buckets(perplexity_D, lang)
        border_D = np.where(bucket_D == BUCKETS.index("tail"), middle_D, head_D)
        return [Rule("bucket_not_kept", np.isin(bucket_D, self._unwanted), perplexity_D, border_D), *rules]

    def _buckets(self, perplexity_D: Float64, lang: pa.StringArray) -> tuple[npt.NDArray[np.int64], Float64, Float64]:
        """(bucket, its language's cut-offs) of each document; ALL and NaN where there are no cut-offs."""
        head_D, middle_D = np.full(len(lang), np.nan), np.full(len(lang), np.nan)
        if isinstance(self._cutoffs, tuple):
            head_D[:], middle_D[:] = self._cutoffs
        else:
            # The labels of a batch, not its rows.
            for label in set(pc.unique(lang).to_pylist()) & self._cutoffs.keys():
                has_label_D = _has_label(lang, label)
                head_D[has_label_D], middle_D[has_label_D] = self._cutoffs[label]
        bucket_D = (perplexity_D >= head_D).astype(np.int64) + (perplexity_D >= middle_D)
        return np.where(np.isnan(perplexity_D) | np.isnan(head_D), ALL, bucket_D), head_D, middle_D


def _has_label(lang: pa.StringArray, label: str) -> npt.NDArray[np.bool_]:
    return pc.fill_null(pc.equal(lang, label), False).to_numpy(zero_copy_only=False)


def _models(config: PerplexityConfig) -> dict[str, Measure]:
    """What measures documents, by the label of their language."""
    paths = config.model if isinstance(config.model, dict) else {EVERY_LANGUAGE: str(config.model)}
    measures = {}
    for label, path in paths.items():
        pieces = config.pieces[label] if isinstance(config.pieces, dict) else config.pieces
        if config.min_context_gain is not None and is_kenlm_binary(path):
            raise UserError(
                f"perplexity: min_context_gain needs an ARPA file, and {path} is a binary of kenlm, which gives sums "
                "only; name the ARPA file that it was made from, or leave the bound out"
            )
        measures[label] = _measure(path, ModelText(config.profile, pieces))
    return measures


def _measure(path: str, model_text: ModelText) -> Measure:
    """Scores by the model at `path`."""
    if is_kenlm_binary(path):
        binary = KenlmBinary(path)
        return lambda text: binary.scores(model_text(text), skips_empty=model_text.skips_empty)
    from pipeline.kernels.ngram_score import ngram_scores

    model = read_arpa(path)
    return lambda text: ngram_scores(model_text.numbered(text, model), model, skips_empty=model_text.skips_empty)


class FilterPerplexity(beam.PTransform):
    """RecordBatch of DOCUMENT -> RecordBatch of DOCUMENT with fewer rows, for your own Beam pipeline."""

    def __init__(self, config: PerplexityConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, batches: PCollection[pa.RecordBatch]) -> PCollection[pa.RecordBatch]:
        return batches | beam.ParDo(ApplyStage(PerplexityStage, self._config)).with_output_types(pa.RecordBatch)
