"""The run folder: what lies where, and how it gets there."""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from specc.checkpoint.atomic import link_atomic, remove_leftovers, write_atomic, write_text_atomic
from specc.checkpoint.format import Encoded, read_header
from specc.checkpoint.metadata import CheckpointInfo, to_strict
from specc.errors import FileFormatError, RunFailed, UsageError
from specc.plan.file import dump
from specc.plan.model import Plan

NOTATIONS: Final = (".toml", ".specc")
"""How the names of specs end."""


@dataclass(frozen=True)
class RunFolder:
    """Names in a run folder."""

    root: Path
    notation: str = ".toml"
    """How the name of the spec that is run ends."""

    @property
    def last(self) -> Path:
        """The newest state."""
        return self.root / "last.safetensors"

    @property
    def previous(self) -> Path:
        """The state before it, in case the newest is damaged."""
        return self.root / "previous.safetensors"

    @property
    def best(self) -> Path:
        """The best weights of the run."""
        return self.root / "best.safetensors"

    @property
    def export(self) -> Path:
        """A folder that plain timm loads."""
        return self.root / "export"

    def stage(self, name: str) -> Path:
        """Return the path of the state at a stage's end."""
        return self.root / "stages" / f"{name}.safetensors"

    def stage_best(self, name: str) -> Path:
        """Return the path of the best weights of a stage."""
        return self.root / "stages" / f"{name}.best.safetensors"

    def finished_results(self, plan: Plan) -> dict[str, Any] | None:
        """Return the results of a run of this very plan that is finished; None when there is something left to do."""
        try:
            metadata = read_header(self.best).own_metadata
            info = CheckpointInfo.from_json(metadata, str(self.best)) if metadata else None
        except FileFormatError:
            return None
        return info.results if info and info.finished and info.plan_digest == plan.digest else None

    def prepare(self, plan: Plan, spec: str, *, fresh: bool = False) -> None:
        """Make the folder and write down what is about to run; `fresh` clears away what an earlier run left."""
        for folder in (self.root / "stages", self.root / "logs"):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.root, self.root / "stages"):
            remove_leftovers(folder)
        if fresh:
            for path in (*self.root.glob("*.safetensors"), *(self.root / "stages").glob("*.safetensors")):
                path.unlink()
        write_text_atomic(self.root / "plan.json", dump(plan))
        self._write_spec(spec)

    def _write_spec(self, text: str) -> None:
        """Write down the spec; one in the other notation, which an earlier run left, goes."""
        path = self.root / f"spec{self.notation}"
        write_text_atomic(path, text)
        for other in {self.root / f"spec{ending}" for ending in NOTATIONS} - {path}:
            other.unlink(missing_ok=True)

    def save_last(self, encoded: Encoded) -> None:
        """Write the newest state; the one before it stays as `previous`."""
        if self.last.exists():
            link_atomic(self.last, self.previous)
        write_atomic(self.last, encoded.chunks())

    def save_stage(self, name: str, encoded: Encoded) -> None:
        """Write a stage's end, which is also the newest state."""
        write_atomic(self.stage(name), encoded.chunks())
        link_atomic(self.stage(name), self.last)

    def save_best(self, name: str, encoded: Encoded, *, of_run: bool) -> None:
        """Write a stage's best weights, which may be the run's best, too."""
        write_atomic(self.stage_best(name), encoded.chunks())
        if of_run:
            link_atomic(self.stage_best(name), self.best)

    def write_history(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write one line an epoch."""
        lines = [json.dumps(to_strict(row), ensure_ascii=False, sort_keys=True) for row in rows]
        write_text_atomic(self.root / "history.jsonl", "".join(line + "\n" for line in lines))

    def read_environment(self) -> dict[str, Any]:
        """Return what the run began on; empty when it has not begun or the file is damaged."""
        try:
            found = json.loads((self.root / "environment.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write_environment(self, environment: dict[str, Any]) -> None:
        """Write down what the run runs on."""
        write_text_atomic(self.root / "environment.json", json.dumps(environment, indent=1) + "\n")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep a second run out of the folder; the lock goes with the process, however it ends.

        Raises: UsageError that names the owner.
        """
        path = self.root / ".lock"
        with _opened(path) as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # not inherited by worker processes
            except OSError:
                file.seek(0)
                age = time.time() - path.stat().st_mtime
                message = f"`{self.root}` is in use by {file.read().strip() or 'another run'}, for {age:.0f} s"
                raise UsageError(message, help="wait for it, or run under another name") from None
            file.truncate(0)
            file.write(f"process {os.getpid()}\n")
            file.flush()
            yield


def _opened(path: Path) -> TextIO:
    """Open a file of the run folder for appending, and make the folder.

    Raises: RunFailed when it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+", encoding="utf-8")
    except OSError as error:
        help_ = "set run.out to a writable folder"
        raise RunFailed(f"cannot make `{path.parent}`: {error.strerror}", help=help_) from None
