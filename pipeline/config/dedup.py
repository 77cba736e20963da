"""Settings of the stages that compare documents with each other."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from pipeline.config.strict import Fraction, Names, Strict, as_tuple


class ColumnRule(Strict):
    """A keeper rule that asks a column of the documents, or a signal of the row stages just before."""

    highest: str | None = Field(None, min_length=1, description="numbers: the highest stays; without one comes last")
    newest: str | None = Field(
        None, min_length=1, description="ISO 8601 texts or numbers: the latest stays; without one comes last"
    )
    source_priority: Annotated[tuple[str, ...], BeforeValidator(as_tuple), Field(min_length=1)] | None = Field(
        None, description="glob patterns of source names, best first; sources that match none come last"
    )

    @model_validator(mode="after")
    def _is_one_rule(self) -> Self:
        if len(self.model_fields_set) != 1 or getattr(self, next(iter(self.model_fields_set))) is None:
            raise ValueError("a keeper rule is longest, first, or one of highest, newest and source_priority")
        return self

    @property
    def column(self) -> str:
        """The column or signal it reads."""
        return self.highest or self.newest or "source"


KeeperRule = Literal["longest", "first"] | ColumnRule
KeeperRules = Annotated[tuple[KeeperRule, ...], BeforeValidator(as_tuple), Field(min_length=1)]


class Tripwires(Strict):
    """What a de-duplication should not do unseen. A source group is the sources that differ in digits only."""

    max_source_share: Fraction | None = Field(
        0.9, description="documents, or bytes of text, that one source group may lose"
    )
    min_source_documents: int = Field(100, ge=1, description="source groups with fewer documents are not judged")
    max_duplicates_per_keeper: int | None = Field(10_000, ge=1, description="documents that one document may stand for")
    action: Literal["warn", "stop"] = "warn"


class ExactDedupConfig(Strict):
    """Remove documents that equal a better-ranked one (128-bit hash) in text, words or address."""

    normalize: Literal["raw", "folded", "url"] = Field(
        "raw",
        description="raw: the text, byte for byte; folded: its words, whatever their case and what stands between; "
        "url: the address as C4 compares it; documents without words or address are no duplicates",
    )
    prefer: KeeperRules = ("longest", "first")
    write_index: bool = Field(False, description="leave the hashes of kept documents in index/")
    index: Names = Field((), description="index folders of earlier runs, whose documents stay before all of this run's")
    tripwires: Tripwires = Tripwires()


class NearDedupConfig(Strict):
    """Near-duplicate removal: MinHash (Broder 1997) nominates, exact similarity decides. Bands as FineWeb's 14 x 8."""

    normalize: Literal["words", "cased", "fineweb"] = Field(
        "words",
        description="words: lower case; cased: as written; fineweb: lower case, numbers as 0, without accents",
    )
    shingle_words: int = Field(5, gt=0, le=32, description="words per shingle")
    shingle_chars: int | None = Field(
        None, gt=0, le=256, description="characters per shingle, instead of words: for text that has no good words"
    )
    num_bands: int = Field(14, gt=0, description="LSH bands")
    rows_per_band: int = Field(8, gt=0, description="hashes per band")
    num_hashes: int | None = Field(
        None, gt=1, le=2000, description="instead of bands and rows: they are derived from min_jaccard"
    )
    miss_weight: Fraction = Field(
        0.9,
        description="with num_hashes: weight of missed pairs against needless comparisons; datasketch's own is 0.5, "
        "but here comparisons are exact and cost time only",
    )
    min_jaccard: Fraction = Field(0.8, description="pairs below this are not duplicates")
    min_containment: Fraction | None = Field(
        None,
        description="instead of min_jaccard for the decision: share of the removed document's shingles that its keeper "
        "has; min_jaccard still says which pairs are nominated",
    )
    prefer: KeeperRules = ("longest", "first")
    max_representatives: int = Field(64, gt=0, description="kept members of a bucket a document is compared with")
    write_index: bool = Field(False, description="leave the kept documents' signatures and shingle sets in index/")
    index: Names = Field((), description="index folders of earlier runs, whose documents stay before all of this run's")
    planted: int = Field(
        200, ge=0, le=100_000, description="edited copies of the run's own documents that measure its recall"
    )
    tripwires: Tripwires = Tripwires()

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        given = self.model_fields_set
        if self.shingle_chars is not None and "shingle_words" in given:
            raise ValueError("shingle_words and shingle_chars exclude each other; give one of them")
        if self.num_hashes is not None and given & {"num_bands", "rows_per_band"}:
            raise ValueError("num_hashes derives num_bands and rows_per_band; give either it or those two")
        return self

    @model_validator(mode="after")
    def _bands_can_find_what_is_asked(self) -> Self:
        if self.num_hashes is not None:
            return self
        found = 1 - (1 - self.min_jaccard**self.rows_per_band) ** self.num_bands
        if found < 0.5:
            raise ValueError(
                f"{self.num_bands} bands of {self.rows_per_band} rows nominate only {found:.0%} of pairs at "
                f"min_jaccard {self.min_jaccard}; use more bands or fewer rows per band, or give num_hashes"
            )
        return self
