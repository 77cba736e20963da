"""Settings of what is made of the kept documents: packed shards, trained models."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline.config.strict import Fraction, Names, Strict

PACKED_NAME = "packed[a-z0-9_]*"  # pattern of the folders of pack stages


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
    resizes_embedding: bool = Field(
        False, description="the rows' tokenizer extends the base's: its new tokens get rows, and these are trained"
    )

    @model_validator(mode="after")
    def _one_way_to_say_how_long(self) -> Self:
        if self.max_steps is not None and self.epochs is not None:
            raise ValueError("max_steps and epochs both say how long to train; give one")
        if self.method != "full" and isinstance(self.base, ShapeBase):
            raise ValueError(f"an adapter on the fresh weights of {self.base.shape} learns nothing; use method: full")
        if self.resizes_embedding and isinstance(self.base, ShapeBase):
            raise ValueError(f"{self.base.shape} is made with rows for all tokens; leave resizes_embedding out")
        return self
