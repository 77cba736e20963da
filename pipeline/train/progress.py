"""What a training tells while it runs and remembers when it is killed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class StepReport:
    """One finished optimiser step. `step` counts from 1; the loss is nats per trained token of the step."""

    step: int
    num_steps: int
    loss: float
    learning_rate: float
    tokens_per_second: float
    seconds_left: float


@dataclass
class Progress:
    """The story so far. It goes into every checkpoint, so that a resumed training tells all of it.

    `curve`: (step, loss, learning rate, tokens per second). `validation`: (steps done, loss); step 0 is the start.
    `seconds` counts steps alone, not validation or start-up.
    """

    step: int = 0
    tokens: int = 0
    trained_tokens: int = 0
    seconds: float = 0.0
    curve: list[tuple[int, float, float, float]] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)

    def to_json(self) -> dict[str, object]:
        """As plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, object]) -> Progress:
        """The inverse of `to_json`, also after JSON made lists of the tuples."""
        progress = cls(**value)  # type: ignore[arg-type]  # written by to_json
        progress.curve = [(point[0], point[1], point[2], point[3]) for point in progress.curve]
        progress.validation = [(point[0], point[1]) for point in progress.validation]
        return progress
