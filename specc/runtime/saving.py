"""Checkpoints, written beside the training: a step waits for a copy of the state, and a thread does the rest."""

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from specc.checkpoint.metadata import CheckpointInfo, Kind
from specc.checkpoint.store import Part
from specc.errors import RunFailed
from specc.plan.model import Plan
from specc.runtime.cadence import Cadence
from specc.runtime.events import Event, Remarked, Saved
from specc.runtime.folder import RunFolder
from specc.runtime.state import Snapshot, State

MOST: Final = 2
"""Copies of the state that may wait to be written; where there are more, training waits."""

PARTS: Final[dict[Kind, Part]] = {"best": "best", "stage": "end", "last": "part"}
"""What the store calls what a checkpoint is."""


@dataclass
class Saving:
    """The saves of a run, written by one thread in the order in which they were asked for."""

    plan: Plan
    folder: RunFolder
    thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "saving"))
    waiting: deque[Future[list[Event]]] = field(default_factory=deque)
    store_fault: str | None = None
    """Why the store cannot be written, once that is known."""

    def save(self, state: State, kind: Kind, cadence: Cadence, *, of_run: bool = False) -> Iterator[Event]:
        """Copy the state and have it written; tell of saves that are done meanwhile.

        Raises: RunFailed when an earlier save failed.
        """
        began = time.monotonic()
        yield from self.done(MOST - 1)
        snapshot = state.snapshot(kind)
        stalled = time.monotonic() - began
        if kind != "best":
            cadence.saved_at = time.monotonic()
        self.waiting.append(self.thread.submit(self._write, snapshot, stalled, cadence, of_run))

    def done(self, most: int = MOST) -> Iterator[Event]:
        """Tell of the saves that are done, and wait until at most so many are not.

        Raises: RunFailed when one failed; what was saved before stands.
        """
        while self.waiting and (len(self.waiting) > most or self.waiting[0].done()):
            yield from self.waiting.popleft().result()

    def close(self) -> None:
        """Let the thread finish what it has begun."""
        self.thread.shutdown(wait=True)

    def _write(self, snapshot: Snapshot, stalled: float, cadence: Cadence, of_run: bool) -> list[Event]:  # noqa: FBT001
        began = time.monotonic()
        info = snapshot.info
        path = self.folder.save(
            snapshot.encoded(), info.kind, info.stage, of_run=of_run, keep_last=self.plan.run.keep_last
        )
        remarks = self._keep(path, info)
        seconds = time.monotonic() - began
        if info.kind == "last":
            cadence.cost = stalled + seconds
        return [Saved(str(path), seconds, stalled), *remarks]

    def _keep(self, path: Path, info: CheckpointInfo) -> list[Event]:
        """Keep in the store what the folder has just got, for other runs; say once when that cannot be."""
        if self.store_fault is None:
            try:
                self.folder.store.keep(path, info.stage_digest, PARTS[info.kind])
            except RunFailed as error:
                self.store_fault = error.message
                return [Remarked(f"the store of stages cannot be written, and the run does without: {error.message}")]
        return []
