"""When the state is saved. Never changes what is computed: a run can be continued from any step."""

import time
from dataclasses import dataclass, field
from typing import Final

LONGEST: Final = 300.0
"""Seconds of work that may be lost, by default."""

SHARE: Final = 50
"""A save waits until the work since the last one took so many times as long as saving does: at most 2% of the time."""

_SECONDS: Final = {"seconds": 1, "minutes": 60, "hours": 3600}


@dataclass
class Cadence:
    """Decides after each step whether to save; `every` is a value and a unit, or None for the default."""

    every: tuple[float, str] | None
    saved_at: float = field(default_factory=time.monotonic)
    cost: float = 0.0
    """Seconds that the last save took, most of them beside the training."""

    def due(self, step: int, epoch: int, *, epoch_over: bool) -> bool:
        """Say whether to save after a step."""
        elapsed = time.monotonic() - self.saved_at
        if self.every is None:
            return elapsed >= LONGEST or (epoch_over and elapsed >= SHARE * self.cost)
        value, unit = self.every
        if unit == "steps":
            return step % max(int(value), 1) == 0
        if unit == "epochs":
            return epoch_over and epoch % max(int(value), 1) == 0
        return elapsed >= value * _SECONDS[unit]
