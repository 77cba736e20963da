"""Where text comes from, and the engine that reads it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline.config.strict import Fraction, Names, Strict

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
    shuffle_bytes: int = Field(
        64 * 2**20, gt=0, description="keys, in bytes, that one task groups; more become further tasks"
    )
    startup_seconds: float = Field(60.0, gt=0, description="workers that are not up by then fail the job")

    @model_validator(mode="after")
    def _workers_are_positive(self) -> Self:
        if self.workers != "auto" and self.workers < 1:
            raise ValueError(f"workers must be auto or at least 1, got {self.workers}")
        return self
