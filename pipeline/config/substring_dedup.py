"""Settings of exact substring de-duplication."""

from __future__ import annotations

from pydantic import Field

from pipeline.config.dedup import KeeperRules, Tripwires
from pipeline.config.strict import Strict


class SubstringDedupConfig(Strict):
    """Cut passages that are written, word for word, at a better-ranked place too (Lee et al. 2022)."""

    min_tokens: int = Field(
        50, ge=2, le=10_000, description="words of the shortest passage; Lee et al. take 50 tokens of a model"
    )
    prefer: KeeperRules = ("longest", "first")
    min_words_left: int = Field(
        0, ge=0, description="a document of which passages are cut goes if fewer words are left; always if none is"
    )
    tripwires: Tripwires = Tripwires()
