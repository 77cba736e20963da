"""Settings of line, paragraph and sentence de-duplication."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from pipeline.config.dedup import KeeperRules, Tripwires
from pipeline.config.strict import Strict, with_profile


class LineDedupConfig(Strict):
    """Cut lines, paragraphs or runs of sentences that are written at another place too. Profiles:

    c4: of each line, stripped and in lower case, one stays (Raffel et al. 2020; tensorflow_datasets 4.9.10).
    ccnet: of a line that two documents have, none stays, and of one that a document repeats the first (Wenzek et al.
    2019; cc_net/dedup.py). They count within a group of shards, here the whole corpus counts.
    fineweb: of three sentences in a row one copy stays (datatrove 0.10.1's SentenceDedup, the rule of C4's paper).
    """

    DEFAULTS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "c4": {"normalize": "lower", "min_sentences_left": 3},
        "ccnet": {"normalize": "ccnet", "blank_lines": "compare", "keep": "none"},
        "fineweb": {
            "unit": "sentence",
            "window": 3,
            "normalize": "fineweb",
            "min_words_left": 50,
            "min_sentences_left": 3,
        },
    }

    profile: Literal["c4", "ccnet", "fineweb"] = "c4"
    unit: Literal["line", "paragraph", "sentence"] = Field(
        "line", description="paragraph: lines between blank ones; sentence: wherever its lines end"
    )
    window: int = Field(1, ge=1, le=16, description="units in a row that are compared, and cut, as one")
    normalize: Literal["raw", "lower", "ccnet", "fineweb"] = Field(
        "lower",
        description="raw: as written, but for white space around it; lower: lower case; ccnet: digits as 0, without "
        "control characters and punctuation beyond ASCII; fineweb: numbers as 0, without punctuation and accents",
    )
    blank_lines: Literal["keep", "compare"] = Field(
        "keep", description="compare: units that normalise to nothing are units like others, and mostly go, as in CCNet"
    )
    keep: Literal["one", "none"] = Field("one", description="copies that stay of what several documents have")
    prefer: KeeperRules = Field(("first",), description="where the copy stays; C4 draws one page by a hash of its URL")
    min_count: int = Field(2, ge=2, description="copies from which on a unit counts as repeated")
    min_chars: int = Field(0, ge=0, description="units shorter than this when normalised are left alone")
    min_words_left: int | None = Field(None, ge=0, description="a document that was cut goes with fewer words")
    min_sentences_left: int | None = Field(None, ge=0, description="a document that was cut goes with fewer sentences")
    tripwires: Tripwires = Tripwires()

    @model_validator(mode="before")
    @classmethod
    def _profile_fills_in(cls, value: Any) -> Any:
        return with_profile(value, cls.DEFAULTS)
