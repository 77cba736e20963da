"""The recipe itself: inputs, an ordered list of stages, and which orders work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from pipeline.config.dedup import ExactDedupConfig, NearDedupConfig
from pipeline.config.filters import (
    C4Config,
    FineWebConfig,
    GopherQualityConfig,
    GopherRepetitionConfig,
    KeywordsConfig,
    PiiConfig,
    RatiosConfig,
    RefinedWebConfig,
)
from pipeline.config.inputs import EngineConfig, InputConfig
from pipeline.config.line_dedup import LineDedupConfig
from pipeline.config.models import ClassifierConfig, LanguageConfig, PerplexityConfig
from pipeline.config.outputs import FormatConfig, PackConfig, TrainConfig
from pipeline.config.strict import Strict, as_tuple
from pipeline.config.substring_dedup import SubstringDedupConfig
from pipeline.config.tokenizer import TrainTokenizerConfig


class StageEntry(Strict):
    """One item of `stages`: exactly one key, the stage's name. `{}` takes the defaults."""

    language: LanguageConfig | None = None
    gopher_quality: GopherQualityConfig | None = None
    gopher_repetition: GopherRepetitionConfig | None = None
    c4: C4Config | None = None
    fineweb: FineWebConfig | None = None
    refinedweb: RefinedWebConfig | None = None
    ratios: RatiosConfig | None = None
    keywords: KeywordsConfig | None = None
    perplexity: PerplexityConfig | None = None
    classifier: ClassifierConfig | None = None
    pii: PiiConfig | None = None
    exact_dedup: ExactDedupConfig | None = None
    near_dedup: NearDedupConfig | None = None
    substring_dedup: SubstringDedupConfig | None = None
    line_dedup: LineDedupConfig | None = None
    train_tokenizer: TrainTokenizerConfig | None = None
    format: FormatConfig | None = None
    pack: PackConfig | None = None
    train: TrainConfig | None = None

    ROW: ClassVar[frozenset[str]] = frozenset(
        {
            "language",
            "gopher_quality",
            "gopher_repetition",
            "c4",
            "fineweb",
            "refinedweb",
            "ratios",
            "keywords",
            "perplexity",
            "classifier",
            "pii",
        }
    )
    DEDUP: ClassVar[frozenset[str]] = frozenset({"exact_dedup", "near_dedup", "substring_dedup", "line_dedup"})

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = sorted(self.model_fields_set)
        if len(given) != 1:
            raise ValueError(f"an item of `stages` has exactly one key, got {', '.join(given) or 'none'}")
        if getattr(self, given[0]) is None:
            raise ValueError(f"{given[0]} has no settings; write `{given[0]}: {{}}` for its defaults")
        return self

    @property
    def name(self) -> str:
        """The stage's name."""
        return next(iter(self.model_fields_set))

    @property
    def config(self) -> Strict:
        """The stage's settings."""
        return getattr(self, self.name)

    @property
    def trains_model(self) -> bool:
        """True for a row stage whose model is trained in the run."""
        return bool((self.perplexity and self.perplexity.reference) or (self.classifier and self.classifier.train))

    @property
    def learns_from_corpus(self) -> bool:
        """True where that model, or its cut-offs, come of the run's own documents, which must be committed before."""
        own = self.perplexity
        return bool(own and own.reference and (own.reference.best or own.cutoffs is None))


class Recipe(Strict):
    """Where the text comes from, what happens to it in which order, and where the result goes."""

    run_dir: str = Field(min_length=1)
    seed: int = 0
    input: Annotated[tuple[InputConfig, ...], BeforeValidator(as_tuple), Field(min_length=1)]
    engine: EngineConfig = Field(default_factory=EngineConfig)
    stages: Annotated[tuple[StageEntry, ...], BeforeValidator(as_tuple)] = ()
    slice_bytes: int = Field(
        64 * 2**20, ge=1024, description="size of the pieces that workers read; moves shard borders only"
    )
    keep_dropped_text: bool = True

    @model_validator(mode="after")
    def _stages_stand_in_an_order_that_works(self) -> Self:
        for problem in _order_problems(self.stages, packed=self.reads_packed):
            raise ValueError(problem)
        return self

    @property
    def reads_packed(self) -> bool:
        """True for a recipe of `corpusmill train`: its one input is packed shards."""
        return any(one.format == "packed" for one in self.input)

    @property
    def lifted_columns(self) -> dict[str, str]:
        """Name and type of every lifted column of all inputs, in order of first mention."""
        return {name: kind for one in self.input for name, kind in one.columns.items()}


def _order_problems(stages: tuple[StageEntry, ...], *, packed: bool) -> Iterator[str]:
    names = [stage.name for stage in stages]
    tail = [n for n in names if n not in StageEntry.ROW | StageEntry.DEDUP]
    if packed and set(names) - {"train"}:
        yield "an input of packed shards can only be trained on: its stages must all be `train`"
    if names[: len(names) - len(tail)] != [n for n in names if n in StageEntry.ROW | StageEntry.DEDUP]:
        late = next(n for i, n in enumerate(names) if n not in tail and set(names[:i]) & set(tail))
        yield f"{late} stands after {tail[0]}; everything that drops or rewrites documents comes first"
    for name in sorted(StageEntry.ROW):
        if names.count(name) > 1:
            yield f"{name} stands twice; its scores would share one name"
    indexes = [stage.name for stage in stages if getattr(stage.config, "write_index", False)]
    for name in sorted({name for name in indexes if indexes.count(name) > 1}):
        yield f"two {name} stages say write_index; their indexes would share one folder"
    if names.count("train_tokenizer") > 1 or ("train_tokenizer" in tail and tail[0] != "train_tokenizer"):
        yield "train_tokenizer stands once, before format, pack and train"
    if names.count("format") > 1:
        yield "format stands once; it holds for every pack after it"
    for i, stage in enumerate(stages):
        if stage.name == "format" and "pack" in names[:i]:
            yield "format stands before pack: it says how pack writes conversations"
        if stage.name == "train" and not packed and "pack" not in names[:i]:
            yield "train needs a pack stage before it: it reads packed shards"
        if stage.pack and stage.pack.tokenizer is None and "train_tokenizer" not in names[:i]:
            yield "pack needs a tokenizer: put a train_tokenizer stage before it or name one with `tokenizer: DIR`"
        unigram = any(s.train_tokenizer and s.train_tokenizer.algorithm == "sentencepiece_unigram" for s in stages[:i])
        if stage.pack and stage.pack.tokenizer is None and unigram:
            yield (
                "pack needs a tokenizer.json, and none gives the ids of algorithm: sentencepiece_unigram everywhere; "
                "use sentencepiece_bpe or bpe, or name another tokenizer with `tokenizer: DIR`"
            )
        if stage.train and stage.train.base == "previous" and not any(s.train for s in stages[:i]):
            yield "base: previous needs a train stage before it"
    packs = [s.pack.name for s in stages if s.pack]
    outputs = ["model" if s.train.method == "full" else "adapter" for s in stages if s.train]
    for what in (packs, outputs):
        twice = sorted({n for n in what if what.count(n) > 1})
        if twice:
            yield f"two stages would write {twice[0]}/; give one of them another name or a recipe of its own"
