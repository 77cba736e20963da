"""Settings of the row stages that ask a model: language, perplexity, classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from pipeline.config.inputs import InputConfig
from pipeline.config.strict import Fraction, Names, Strict, as_tuple

Inputs = Annotated[tuple[InputConfig, ...], BeforeValidator(as_tuple), Field(min_length=1)]
Bucket = Literal["head", "middle", "tail", "all"]
Positive = Annotated[float, Field(gt=0)]
Cutoffs = Annotated[tuple[Positive, Positive], BeforeValidator(as_tuple)]


class LanguageConfig(Strict):
    """Label by a fastText model (lid.176, Joulin et al. 2016) on the whole text; keep the listed languages."""

    keep: Names | Literal["all"] = Field(
        description="labels as the model writes them (lid.176: ISO 639-1), or all: label, drop nothing"
    )
    min_score: Fraction = Field(0.65, description="a document below this is dropped; FineWeb: 0.65")
    min_score_by_language: dict[str, Fraction] = Field(default_factory=dict, description="other minima by label")
    model: str | None = Field(
        None, description="fastText model file (.bin or .ftz): lid.176.bin, GlotLID; None: lid.176.ftz of the package"
    )
    split_output: bool = Field(False, description="a file of documents per label: documents/000000-en.parquet")

    @model_validator(mode="after")
    def _keeps_something(self) -> Self:
        if not self.keep:
            raise ValueError("keep lists no language; list at least one, or write `keep: all`")
        if odd := [label for label in self.min_score_by_language if self.keep == "all" or label not in self.keep]:
            raise ValueError(
                f"min_score_by_language has {', '.join(odd)}, which `keep` does not list: "
                "add it there (`keep: all` drops nothing)"
            )
        return self


class BestConfig(Strict):
    """The part of the run's own documents that scores best, of those that reach the stage."""

    signal: str = Field(description="a signal of an earlier stage, as scores/ names it: classifier.score")
    fraction: Fraction = Field(description="share of the documents")
    lowest: bool = Field(False, description="the lowest scores are the best")


class NgramTrainingConfig(Strict):
    """Modified Kneser-Ney (Chen and Goodman 1998) on a trusted text, or on the corpus's own best documents."""

    input: Inputs | None = None
    best: BestConfig | None = None
    order: int = Field(5, ge=1, le=6)
    prune: Annotated[tuple[int, ...], BeforeValidator(as_tuple)] = Field(
        (0, 0, 1), description="n-grams seen at most so often go, by order; the last holds for higher orders"
    )
    discount_fallback: Annotated[tuple[float, float, float], BeforeValidator(as_tuple)] = Field(
        (0.5, 1.0, 1.5), description="discounts of counts 1, 2, 3+ where a small text gives none (lmplz: 0.5 1 1.5)"
    )
    max_documents: int | None = Field(None, gt=0, description="the first so many are read")

    @model_validator(mode="after")
    def _pruning_keeps_contexts(self) -> Self:
        if not self.prune or min(self.prune) < 0 or list(self.prune) != sorted(self.prune):
            raise ValueError(f"prune must be counts from 0 up that do not fall from order to order, got {self.prune}")
        return self

    @model_validator(mode="after")
    def _discounts_leave_something(self) -> Self:
        if not all(0 < discount <= count for count, discount in enumerate(self.discount_fallback, 1)):
            raise ValueError(f"discount_fallback must be above 0 and at most 1, 2 and 3, got {self.discount_fallback}")
        return self

    @model_validator(mode="after")
    def _one_text(self) -> Self:
        if (self.input is None) == (self.best is None):
            raise ValueError("give either `input` (trusted files) or `best` (the best of this corpus)")
        return self


class PerplexityConfig(Strict):
    """Perplexity under an n-gram model (Wenzek et al. 2019, CCNet); lower is better.

    A document in a language without a model is in bucket `all`, as is one in a language without cut-offs: both stay.
    """

    profile: Literal["ccnet", "plain"] = Field("ccnet", description="CCNet's normalisation, or the text as it is")
    model: str | dict[str, str] | None = Field(
        None, description="ARPA file, or kenlm's binary with the kenlm extra; of every document, or by language"
    )
    reference: NgramTrainingConfig | None = Field(None, description="trusted text to train the model on, instead")
    pieces: str | dict[str, str] = Field(
        "words", description="words, or the path of a SentencePiece model; of every model, or by language"
    )
    keep: Annotated[tuple[Bucket, ...], BeforeValidator(as_tuple), Field(min_length=1)] | None = Field(
        None, description="buckets that stay, `all` always does; None: every one"
    )
    cutoffs: Cutoffs | dict[str, Cutoffs] | None = Field(
        None,
        description="perplexities below which a document is head, and below which middle; or these by language. None: "
        "the 30th and 60th percentile of this corpus for a trained model, else CCNet's table, which suits its models",
    )
    max_perplexity: float | None = Field(None, gt=0, description="a document above goes; Data-Juicer: 1500")
    min_context_gain: float | None = Field(
        None,
        description="a document below goes; near 0 or under it text has words that follow each other in pairs only, as "
        "a Markov chain or a shuffle makes. Text of a kind the model has not learnt is low too: see `scores/` first. "
        "Of little use with SentencePiece pieces",
    )

    @model_validator(mode="after")
    def _one_model(self) -> Self:
        if (self.model is None) == (self.reference is None):
            raise ValueError("give either `model` (an ARPA file) or `reference` (text to train one on)")
        return self

    @model_validator(mode="after")
    def _pieces_for_every_model(self) -> Self:
        if not isinstance(self.pieces, dict):
            return self
        if not isinstance(self.model, dict):
            raise ValueError("`pieces` by language need a `model` by language")
        if missing := sorted(set(self.model) - set(self.pieces)):
            raise ValueError(f"`pieces` by language lack {', '.join(missing)}; give one to each model, or one to all")
        return self

    @model_validator(mode="after")
    def _cutoffs_ascend(self) -> Self:
        pairs = self.cutoffs.values() if isinstance(self.cutoffs, dict) else [self.cutoffs] if self.cutoffs else []
        for head, middle in pairs:
            if head > middle:
                raise ValueError(f"cutoffs must ascend, head before middle, got [{head:g}, {middle:g}]")
        return self

    @model_validator(mode="after")
    def _buckets_have_cutoffs(self) -> Self:
        if self.keep and self.profile == "plain" and self.cutoffs is None and self.reference is None:
            raise ValueError("`keep` needs `cutoffs`: those of CCNet do not hold for the plain profile")
        return self


class ClassifierTrainingConfig(Strict):
    """fastText's supervised training (Joulin et al. 2017): bags of words and word n-grams, softmax, plain SGD."""

    positive: Inputs
    negative: Inputs
    dim: int = Field(16, ge=1, le=4096, description="values per row; Joulin et al.: 10, fastText: 100")
    epochs: int = Field(10, ge=1, description="Joulin et al. and fastText: 5, too few for a thousand documents")
    learning_rate: float = Field(
        0.5, gt=0, description="at the start, falling to 0; Joulin et al.: 0.05 to 0.5, fastText: 0.1"
    )
    word_ngrams: int = Field(2, ge=1, le=5, description="longest run of words; DCLM: 2, fastText: 1")
    buckets: int = Field(
        2**20, ge=1, lt=2**31, description="rows for hashed word n-grams, a file of 4 * dim bytes each; fastText: 2e6"
    )
    min_count: int = Field(1, ge=1, description="rarer words have no row; fastText: 1")
    held_out_fraction: float = Field(0.1, ge=0, le=0.5, description="documents kept back to measure on, by hash")
    max_documents: int | None = Field(
        None, ge=1, description="of each side, those with the lowest hashes; DCLM trained on 200,000 of each"
    )


class ClassifierConfig(Strict):
    """A fastText classifier's probability of one label (DCLM: Li et al. 2024, section 4.4)."""

    model: str | None = Field(None, description="fastText model file (.bin or .ftz)")
    train: ClassifierTrainingConfig | None = Field(None, description="examples to train the model on, instead")
    label: str = Field("__label__positive", description="the label whose probability is the score")
    min_score: Fraction | None = Field(
        0.5, description="a document below this is dropped (DCLM: 0.018112, the best tenth of its crawl); None: none is"
    )
    pareto_alpha: float | None = Field(
        None,
        gt=0,
        description="instead of min_score: keep where a Pareto draw exceeds 1 - score (GPT-3: 9, Curator: 3)",
    )
    seed: int = Field(0, ge=0, lt=2**63, description="of the draws")

    @model_validator(mode="before")
    @classmethod
    def _a_draw_replaces_the_default(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and value.get("pareto_alpha") is not None and "min_score" not in value:
            return {**value, "min_score": None}
        return value

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if self.min_score is not None and self.pareto_alpha is not None:
            raise ValueError("give either `min_score` or `pareto_alpha`: one rule decides")
        return self

    @model_validator(mode="after")
    def _one_model(self) -> Self:
        if (self.model is None) == (self.train is None):
            raise ValueError("give either `model` (a fastText file) or `train` (examples to train one on)")
        return self
