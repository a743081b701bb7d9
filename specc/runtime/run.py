"""What stays the same while a run goes on."""

from collections.abc import Iterator
from dataclasses import dataclass

from specc.data.index import Index
from specc.errors import Interrupted
from specc.plan.model import Plan
from specc.runtime.evaluate import Split
from specc.runtime.events import Event, Skipped
from specc.runtime.folder import RunFolder
from specc.runtime.signals import Interruption


@dataclass
class Run:
    """A plan, its folder and its data."""

    plan: Plan
    folder: RunFolder
    index: Index
    splits: dict[str, Split]
    interruption: Interruption
    steps_made: int = 0

    def skipped(self) -> Iterator[Event]:
        """Tell what was left out of the splits that were measured, once."""
        for split in self.splits.values():
            if split.failures:
                yield Skipped(tuple(split.failures))
                split.failures.clear()

    def leave_if_asked(self) -> None:
        """Leave when a signal has come; what was earned is saved by then.

        Raises: Interrupted.
        """
        if self.interruption.number is not None:
            message = "interrupted; everything is saved, and the same command goes on"
            raise Interrupted(message, self.interruption.number)
