"""What a run tells: the loop yields these, and whoever shows or records them reads along."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from specc.runtime.tail import ClassScore


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened."""


@dataclass(frozen=True, slots=True)
class Started(Event):
    """The run begins, or goes on."""

    folder: str
    device: str
    parameters: int
    stage: int
    step: int
    global_step: int
    resumed_from: str | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StageStarted(Event):
    """A stage begins, or goes on."""

    index: int
    name: str
    first_step: int
    steps: int
    epochs: float
    trained: int


@dataclass(frozen=True, slots=True)
class StepDone(Event):
    """An optimizer step is made."""

    stage: str
    step: int
    global_step: int
    loss: float
    rate: float
    samples: int


@dataclass(frozen=True, slots=True)
class Skipped(Event):
    """Samples could not be read and are left out, as the spec lets it be."""

    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Remarked(Event):
    """Something that a person should know, and that does not stop the run."""

    text: str


@dataclass(frozen=True, slots=True)
class TailMeasured(Event):
    """The rare classes were measured, each by itself."""

    stage: str
    epoch: int
    global_step: int
    scores: list[ClassScore]


@dataclass(frozen=True, slots=True)
class EpochDone(Event):
    """An epoch is over, validated where it was due, and recorded."""

    row: dict[str, Any]
    global_step: int
    best: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Saved(Event):
    """A checkpoint is on the disk."""

    path: str
    seconds: float
    stalled: float
    """Seconds of it that training waited."""


@dataclass(frozen=True, slots=True)
class StageDone(Event):
    """A stage is over."""

    name: str
    epochs: float
    stopped_early: bool
    gates: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Evaluated(Event):
    """The best weights are measured: metrics by split, gates, and what was predicted by split and label."""

    checkpoint: Path
    results: dict[str, Any]
    predictions: dict[str, Any]
    history: list[dict[str, Any]]
    rates: list[tuple[int, float]]
    environment: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finished(Event):
    """The run is over; `results` has the metrics by split, the gates and the best epoch."""

    results: dict[str, Any]
    folder: str
    steps_made: int
