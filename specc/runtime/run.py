"""What stays the same while a run goes on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from specc.data.index import Index
from specc.errors import DataError
from specc.plan.model import Plan
from specc.runtime.evaluate import Split
from specc.runtime.events import Event, Skipped
from specc.runtime.folder import RunFolder
from specc.runtime.processes import Processes
from specc.runtime.saving import Saving
from specc.runtime.signals import Interruption
from specc.runtime.state import State


@dataclass
class Run:
    """A plan, its folder and its data."""

    plan: Plan
    folder: RunFolder
    index: Index
    splits: dict[str, Split]
    interruption: Interruption
    saving: Saving
    processes: Processes
    steps_made: int = 0

    def skipped(self, state: State, failures: Iterable[str] = ()) -> Iterator[Event]:
        """Tell what is left out of a batch, and of the splits that were measured, each sample once.

        Raises: DataError when it is more than the plan allows.
        """
        found = [*failures, *(failure for split in self.splits.values() for failure in split.failures)]
        for split in self.splits.values():
            split.failures.clear()
        new = [failure for failure in dict.fromkeys(found) if failure not in state.unreadable]
        if new:
            state.unreadable += new
            yield Skipped(tuple(new))
        if len(state.unreadable) > (most := self.plan.run.max_bad_samples):
            message = f"{len(state.unreadable):,} samples cannot be read, and at most {most:,} may be left out"
            raise DataError(message, help="mend or remove them, or raise data.max_bad_samples")

    def leave_if_asked(self) -> None:
        """Leave when a signal has come; what was earned is saved by then.

        Raises: Interrupted.
        """
        self.interruption.leave_if_asked("interrupted; everything is saved, and the same command goes on")
