"""Drop documents that a fastText classifier scores low (DCLM: Li et al. 2024, section 4.4)."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.pvalue import PCollection

from pipeline.config import ClassifierConfig
from pipeline.errors import UserError
from pipeline.io.fasttext_model import read_model
from pipeline.kernels.buffers import string_view
from pipeline.schema import Float64, Limit, Rule, Verdict, judge, limit_rules
from pipeline.stages.apply import ApplyStage

_SCORE, _DRAW = "classifier.score", "classifier.draw"
_SALT = int.from_bytes(b"pareto", "little")  # its draws are not those of another stage with the same seed


class ClassifierStage:
    """Drops documents by the probability that a fastText model gives one label.

    The text is read as fasttext.predict does with newlines as spaces. (datatrove takes them out instead, which makes
    one word of the last of a line and the first of the next.)

    low_score: the probability is below `min_score`.
    pareto_draw, instead, with `pareto_alpha`: a draw from Pareto II (Lomax) with this shape is at most 1 - probability,
    as in GPT-3 (Brown et al. 2020, appendix A, with 9) and NeMo Curator (3): of the low ones some stay. The draw comes
    from doc_id and seed; value is the probability, threshold what it had to exceed.

    classifier.draw is uniform in [0, 1), whether it is used or not: other shapes can be tried on the scores of a run.
    """

    name = "classifier"
    signals: tuple[str, ...] = (_SCORE, _DRAW)

    def __init__(self, config: ClassifierConfig) -> None:
        assert config.model, "a classifier is trained before its stage is made"
        from pipeline.kernels.fasttext import MeanRows

        self._model = read_model(config.model)
        self._mean_rows = MeanRows(self._model.input)
        self._label = _number_of(config.label, self._model.labels, config.model)
        self._limits = [Limit("low_score", _SCORE, "<", config.min_score)]
        self._alpha, self._seed = config.pareto_alpha, config.seed ^ _SALT
        of_draw = () if self._alpha is None else ("pareto_draw",)
        self.rules: tuple[str, ...] = (*(limit.rule for limit in self._limits if limit.is_on), *of_draw)

    def __call__(self, batch: pa.RecordBatch) -> Verdict:
        """Verdict of DOCUMENT rows, with both signals."""
        from pipeline.kernels.fasttext_labels import label_scores
        from pipeline.kernels.keywords import document_draws

        means = self._mean_rows(*string_view(batch.column("text")))
        score_D = label_scores(*means, self._model.output, self._label).astype(np.float64)
        draw_D = document_draws(*string_view(batch.column("doc_id")), self._seed)
        signals = {_SCORE: score_D, _DRAW: draw_D}
        return judge(self.name, batch, self.rules_on(signals, batch.column("lang")), signals)

    def rules_on(self, signals: Mapping[str, Float64], lang: pa.StringArray) -> list[Rule]:
        """The rules on documents with these signals."""
        rules = limit_rules(self._limits, signals, lang)
        if self._alpha is None:
            return rules
        score_D, threshold_D = signals[_SCORE], 1 - _lomax(signals[_DRAW], self._alpha)
        return [*rules, Rule("pareto_draw", score_D <= threshold_D, score_D, threshold_D)]


def _lomax(draw_D: Float64, alpha: float) -> Float64:
    """Draws from Pareto II with shape `alpha` (numpy.random.pareto's) from uniform ones, by its quantile function."""
    return (1 - draw_D) ** (-1 / alpha) - 1


def _number_of(label: str, labels: tuple[str, ...], path: str) -> int:
    if label not in labels:
        (nearest,) = difflib.get_close_matches(label, labels, 1, 0.0)
        raise UserError(
            f"classifier.label: {path} has no label {label!r}; did you mean {nearest!r}? "
            f"It has {len(labels)}: {', '.join(labels[:8])}{', ...' if len(labels) > 8 else ''}"
        )
    return labels.index(label)


class FilterByClassifier(beam.PTransform):
    """RecordBatch of DOCUMENT -> RecordBatch of DOCUMENT with fewer rows, for your own Beam pipeline."""

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, batches: PCollection[pa.RecordBatch]) -> PCollection[pa.RecordBatch]:
        return batches | beam.ParDo(ApplyStage(ClassifierStage, self._config)).with_output_types(pa.RecordBatch)
