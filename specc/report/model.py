"""What a report is made of: a plan and what came of it."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from specc.plan.model import Plan, StagePlan

Codes = NDArray[np.int32]
"""Class codes, one a sample; -1 where the label is missing."""


@dataclass(frozen=True)
class StageRun:
    """A stage of the plan and what was run of it. Units: `first_step` counts from the start of the run."""

    plan: StagePlan
    rows: list[dict[str, Any]]
    first_step: int
    steps: int

    @property
    def last_train_loss(self) -> float | None:
        """Mean training loss of the last epoch."""
        return self.rows[-1]["train"].get("loss") if self.rows else None

    @property
    def early(self) -> bool:
        """Whether the stage ended before its planned length."""
        return bool(self.rows) and self.plan.steps is not None and self.steps < self.plan.steps

    def best(self, metric: str, mode: str) -> float | None:
        """Return the best validated value of a metric, NaN aside."""
        values = [row["val"].get(metric) for row in self.rows]
        finite = [value for value in values if value is not None and math.isfinite(value)]
        return (max if mode == "max" else min)(finite) if finite else None


@dataclass(frozen=True)
class Finished:
    """A run that has ended, in numbers. Any of the numbers may be NaN.

    Units: shares from 0 to 1; steps from the start of the run; epochs of `history` from 1, in their stage.
    """

    plan: Plan
    history: list[dict[str, Any]]
    """One row an epoch: `stage`, `epoch`, `train` and `val` (perhaps empty) by metric, and `lr` at its last step."""
    results: dict[str, Any]
    """`val` and perhaps `test` by metric, `judged_on`, `gates`, `best` or None, perhaps `seconds`."""
    predictions: dict[str, dict[str, tuple[Codes, Codes]]]
    """True and predicted codes, by split and label."""
    rates: list[tuple[int, float]]
    """Learning rate at some steps."""
    environment: dict[str, Any]
    spec_text: str

    @property
    def judged(self) -> dict[str, tuple[Codes, Codes]]:
        """True and predicted codes of the split that the targets are judged on, by label."""
        return self.predictions.get(self.results["judged_on"], {})

    @property
    def missed(self) -> list[dict[str, Any]]:
        """Targets that were not reached."""
        return [gate for gate in self.results["gates"] if not gate["passed"]]

    @property
    def stages(self) -> list[StageRun]:
        """What was run of each stage of the plan, in order."""
        runs: list[StageRun] = []
        for stage in self.plan.stages:
            rows = [row for row in self.history if row["stage"] == stage.name]
            first = runs[-1].first_step + runs[-1].steps if runs else 0
            runs.append(StageRun(stage, rows, first, _steps(stage, len(rows))))
        return runs


def _steps(stage: StagePlan, epochs: int) -> int:
    run = epochs * (stage.steps_per_epoch or 0)
    return run if stage.steps is None else min(run, stage.steps)
