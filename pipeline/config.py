"""Every setting of a recipe: one frozen tree, unknown keys refused, every default with its source.

`recipe.py` reads YAML into this tree and words its mistakes for people.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


class Strict(BaseModel):
    """Immutable, no unknown keys, no silent casts, no infinite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Names = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]
PACKED_NAME = "packed[a-z0-9_]*"  # pattern of the folders of pack stages
ColumnType = Literal["string", "int64", "float64", "bool"]
Format = Literal["warc", "wet", "jsonl", "parquet", "arrow", "csv", "text", "hf", "packed"]
Layout = Literal["auto", "none", "alpaca", "messages"]


class InputConfig(Strict):
    """One input: files of one format. `name` stands before its source names when given."""

    format: Format
    paths: Names = Field(min_length=1, description="files or glob patterns")
    name: str | None = Field(None, min_length=1, description="prefix that keeps equal source names apart")
    limit: int | None = Field(
        None, gt=0, description="only the first so many records; such an input is read by one worker"
    )
    text: str = Field("text", description="field that holds the text")
    id: str = Field("id", description="field that holds the user's own id")
    url: str = Field("url", description="field that holds the address")
    columns: dict[str, ColumnType] = Field(default_factory=dict, description="other fields to lift as typed columns")
    unit: Literal["file", "line", "paragraph"] = Field("file", description="what one document of a text file is")
    layout: Layout = Field("auto", description="instruction layout; auto looks at the fields of the first record")
    max_quarantine_fraction: Fraction = Field(0.01, description="unreadable share above which the run stops")


class EngineConfig(Strict):
    """Which Beam runner, and how many local workers. Never part of what decides the bytes."""

    runner: str = "local"
    workers: int | Literal["auto"] = "auto"
    options: dict[str, str | int | float | bool] = Field(default_factory=dict, description="options of another runner")
    shuffle_bytes: int = Field(256 * 2**20, gt=0, description="most a GroupByKey may hold at once; more runs in passes")
    startup_seconds: float = Field(60.0, gt=0, description="workers that are not up by then fail the job")

    @model_validator(mode="after")
    def _workers_are_positive(self) -> Self:
        if self.workers != "auto" and self.workers < 1:
            raise ValueError(f"workers must be auto or at least 1, got {self.workers}")
        return self


class LanguageConfig(Strict):
    """Label by lid.176 (Joulin et al. 2016) on the whole text; keep the listed languages. FineWeb: en, 0.65."""

    keep: Names | Literal["all"] = Field(
        description="ISO 639-1 codes as lid.176 writes them, or all: label, drop nothing"
    )
    min_score: Fraction = Field(0.65, description="a document below this is dropped")


class GopherQualityConfig(Strict):
    """Gopher document rules (Rae et al. 2021, table A1) in datatrove's reading. None switches a rule off."""

    profile: Literal["datatrove"] = "datatrove"
    min_words: int | None = 50
    max_words: int | None = 100_000
    min_mean_word_chars: float | None = 3.0
    max_mean_word_chars: float | None = 10.0
    max_symbol_word_fraction: float | None = Field(0.1, description="hashes, and separately ellipses, per word")
    max_bullet_line_fraction: Fraction | None = 0.9
    max_ellipsis_line_fraction: Fraction | None = 0.3
    min_alphabetic_word_fraction: Fraction | None = 0.8
    min_stop_words: int | None = Field(2, description="distinct stop words, case as written")
    stop_words: Names = ("the", "be", "to", "of", "and", "that", "have", "with")


class GopherRepetitionConfig(Strict):
    """Gopher repetition rules (Rae et al. 2021, table A1) with datatrove's formulas. None switches a rule off."""

    profile: Literal["datatrove"] = "datatrove"
    max_duplicate_line_fraction: Fraction | None = 0.3
    max_duplicate_paragraph_fraction: Fraction | None = 0.3
    max_duplicate_line_char_fraction: Fraction | None = 0.2
    max_duplicate_paragraph_char_fraction: Fraction | None = 0.2
    max_top_ngram_char_fraction: dict[int, Fraction] = Field(default_factory=lambda: {2: 0.2, 3: 0.18, 4: 0.16})
    max_duplicate_ngram_char_fraction: dict[int, Fraction] = Field(
        default_factory=lambda: {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.1}
    )

    @model_validator(mode="after")
    def _orders_are_ngrams(self) -> Self:
        for order in (*self.max_top_ngram_char_fraction, *self.max_duplicate_ngram_char_fraction):
            if not 2 <= order <= 10:
                raise ValueError(f"n-gram orders run from 2 to 10, got {order}")
        return self


class PiiConfig(Strict):
    """Redact personal data. Placeholders are fixed texts, so a document's redaction depends on nothing else."""

    types: Annotated[tuple[Literal["email", "ip"], ...], BeforeValidator(_as_tuple)] = ("email", "ip")
    action: Literal["replace"] = "replace"


KeeperRule = Literal["longest", "first"]
KeeperRules = Annotated[tuple[KeeperRule, ...], BeforeValidator(_as_tuple), Field(min_length=1)]


class ExactDedupConfig(Strict):
    """Remove documents whose text is byte for byte that of a better-ranked one (128-bit hash)."""

    prefer: KeeperRules = ("longest", "first")


class NearDedupConfig(Strict):
    """Near-duplicate removal: MinHash (Broder 1997) nominates, exact Jaccard decides. Bands as FineWeb's 14 x 8."""

    shingle_words: int = Field(5, gt=0, le=32, description="words per shingle")
    num_bands: int = Field(14, gt=0, description="LSH bands")
    rows_per_band: int = Field(8, gt=0, description="hashes per band")
    min_jaccard: Fraction = Field(0.8, description="pairs below this are not duplicates")
    prefer: KeeperRules = ("longest", "first")
    max_representatives: int = Field(64, gt=0, description="kept members of a bucket a document is compared with")

    @model_validator(mode="after")
    def _bands_can_find_what_is_asked(self) -> Self:
        found = 1 - (1 - self.min_jaccard**self.rows_per_band) ** self.num_bands
        if found < 0.5:
            raise ValueError(
                f"{self.num_bands} bands of {self.rows_per_band} rows nominate only {found:.0%} of pairs at "
                f"min_jaccard {self.min_jaccard}; use more bands or fewer rows per band"
            )
        return self


class TrainTokenizerConfig(Strict):
    """Byte-level BPE. `vocab_size` counts special tokens, the 256 bytes and the merges."""

    algorithm: Literal["bpe"] = "bpe"
    vocab_size: int = Field(32_000, gt=0)
    pretokenizer: Literal["gpt2", "gpt4"] = Field("gpt4", description="split pattern: GPT-2's, or GPT-4's (cl100k)")


class FormatConfig(Strict):
    """Render conversations. The loss covers the content of the chosen turns and their end token, nothing else."""

    template: Literal["chatml"] = "chatml"
    train_on: Literal["assistant", "all", "last"] = "assistant"


class PackConfig(Strict):
    """Best-fit packing into rows of at most `context_len` tokens (Ding et al. 2024, planned from length counts)."""

    context_len: int = Field(2048, gt=1)
    validation_fraction: Fraction = 0.01
    columns: Literal["full", "lean"] = "full"
    tokenizer: str | None = Field(None, description="folder of a base model's own tokenizer, instead of a trained one")
    sources: Names | None = Field(None, description="only documents whose source matches one of these glob patterns")
    name: str = Field("packed", pattern=f"^{PACKED_NAME}$", description="folder of the result, for a second pack stage")


class ShapeBase(Strict):
    """A small named model shape with fresh weights."""

    shape: Literal["llama-1m", "llama-2m", "llama-10m", "llama-25m"]


class TrainConfig(Strict):
    """One training. LoRA after Hu et al. 2021, QLoRA after Dettmers et al. 2023 (NF4, double quantisation)."""

    method: Literal["lora", "qlora", "full"]
    base: str | ShapeBase = Field(description="folder of a model, {shape: ...}, or previous: the train stage before")
    rank: int = Field(16, gt=0)
    alpha: float | None = Field(None, gt=0, description="None: twice the rank (Raschka 2023)")
    target_modules: Names | Literal["all-linear"] = "all-linear"
    max_steps: int | None = Field(None, gt=0)
    epochs: float | None = Field(None, gt=0)
    batch_tokens: int = Field(8192, gt=0, description="tokens per optimiser step")
    learning_rate: float = Field(2e-4, gt=0)
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup_fraction: Fraction = 0.03
    optimizer: Literal["adamw", "sgd"] = "adamw"
    precision: Literal["auto", "bf16", "fp32"] = Field("auto", description="auto: bf16 where the device has it")

    @model_validator(mode="after")
    def _one_way_to_say_how_long(self) -> Self:
        if self.max_steps is not None and self.epochs is not None:
            raise ValueError("max_steps and epochs both say how long to train; give one")
        if self.method != "full" and isinstance(self.base, ShapeBase):
            raise ValueError(f"an adapter on the fresh weights of {self.base.shape} learns nothing; use method: full")
        return self


class StageEntry(Strict):
    """One item of `stages`: exactly one key, the stage's name. `{}` takes the defaults."""

    language: LanguageConfig | None = None
    gopher_quality: GopherQualityConfig | None = None
    gopher_repetition: GopherRepetitionConfig | None = None
    pii: PiiConfig | None = None
    exact_dedup: ExactDedupConfig | None = None
    near_dedup: NearDedupConfig | None = None
    train_tokenizer: TrainTokenizerConfig | None = None
    format: FormatConfig | None = None
    pack: PackConfig | None = None
    train: TrainConfig | None = None

    ROW: ClassVar[frozenset[str]] = frozenset({"language", "gopher_quality", "gopher_repetition", "pii"})
    DEDUP: ClassVar[frozenset[str]] = frozenset({"exact_dedup", "near_dedup"})

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


class Recipe(Strict):
    """Where the text comes from, what happens to it in which order, and where the result goes."""

    run_dir: str = Field(min_length=1)
    seed: int = 0
    input: Annotated[tuple[InputConfig, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
    engine: EngineConfig = Field(default_factory=EngineConfig)
    stages: Annotated[tuple[StageEntry, ...], BeforeValidator(_as_tuple)] = ()
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
    for name in sorted(StageEntry.ROW | StageEntry.DEDUP):
        if names.count(name) > 1:
            yield f"{name} stands twice; its scores and evidence would share one name"
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
        if stage.train and stage.train.base == "previous" and not any(s.train for s in stages[:i]):
            yield "base: previous needs a train stage before it"
    packs = [s.pack.name for s in stages if s.pack]
    outputs = ["model" if s.train.method == "full" else "adapter" for s in stages if s.train]
    for what in (packs, outputs):
        twice = sorted({n for n in what if what.count(n) > 1})
        if twice:
            yield f"two stages would write {twice[0]}/; give one of them another name or a recipe of its own"
