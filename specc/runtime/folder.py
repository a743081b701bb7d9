"""The run folder: what lies where, and how it gets there."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, TextIO

from specc.checkpoint.atomic import (
    link_atomic,
    make_folder,
    remove,
    remove_leftovers,
    write_atomic,
    write_text_atomic,
)
from specc.checkpoint.format import Encoded, read
from specc.checkpoint.metadata import CheckpointInfo, Kind, to_strict
from specc.checkpoint.store import Part, Store, holds
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
    def store(self) -> Store:
        """The results of all runs, which this one takes from and adds to."""
        return Store.beside(self.root)

    @property
    def plan(self) -> Path:
        """The plan that is carried out."""
        return self.root / "plan.json"

    @property
    def last(self) -> Path:
        """The newest state."""
        return self.root / "last.safetensors"

    def previous(self, age: int = 1) -> Path:
        """Return the path of the state so many saves before the newest, in case that is damaged."""
        return self.root / f"previous{age if age > 1 else ''}.safetensors"

    def states(self) -> list[Path]:
        """Return the newest state and those before it, newest first, as far as they are there."""
        before = sorted(self.root.glob("previous*.safetensors"), key=lambda path: (len(path.name), path.name))
        return [path for path in (self.last, *before) if path.exists()]

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
        """Return the results of a run of this very plan that is finished; None when there is something left to do.

        Weights that are damaged since are something to do.
        """
        try:
            metadata = read(self.best)[0].own_metadata
            info = CheckpointInfo.from_json(metadata, str(self.best)) if metadata else None
        except FileFormatError:
            return None
        return info.results if info and info.finished and info.plan_digest == plan.digest else None

    def share(self, plan: Plan, wanted: Callable[[Path], bool]) -> None:
        """Take from the store what stages of the plan have made and is wanted, and give it what it has not.

        Raises: RunFailed when the folder cannot be written.
        """
        for stage, digest in zip(plan.stages, plan.stage_digests, strict=True):
            self._share(digest, "end", self.stage(stage.name), wanted)
            self._share(digest, "best", self.stage_best(stage.name), wanted)

    def _share(self, digest: str, part: Part, path: Path, wanted: Callable[[Path], bool]) -> None:
        if not holds(path, digest, part):
            if wanted(self.store.path(digest, part)):
                self.store.lend(digest, part, path)
        elif not self.store.path(digest, part).exists():
            with suppress(RunFailed):  # the next save tells what is wrong with the store
                self.store.keep(path, digest, part)

    def prepare(self, plan: Plan, spec: str, *, fresh: bool = False) -> None:
        """Make the folder and write down what is about to run; `fresh` clears away what earlier runs left of it.

        Raises: RunFailed when the folder cannot be written.
        """
        for folder in (self.root / "stages", self.root / "logs"):
            make_folder(folder)
        for folder in (self.root, *(path for path in self.root.iterdir() if path.is_dir()), self.store.root):
            remove_leftovers(folder)
        if fresh:
            for path in (*self.root.glob("*.safetensors"), *(self.root / "stages").glob("*.safetensors")):
                remove(path)
            for digest in plan.stage_digests:
                self.store.forget(digest)
        write_text_atomic(self.plan, dump(plan))
        self._write_spec(spec)

    def _write_spec(self, text: str) -> None:
        """Write down the spec; one in the other notation, which an earlier run left, goes."""
        path = self.root / f"spec{self.notation}"
        write_text_atomic(path, text)
        for other in {self.root / f"spec{ending}" for ending in NOTATIONS} - {path}:
            remove(other)

    def save(self, encoded: Encoded, kind: Kind, stage: str, *, of_run: bool = False, keep_last: int = 2) -> Path:
        """Write a checkpoint, under the names that it has, and return the first of them.

        What it replaces stands until the new one was read back. A stage's end is also the newest state, and a stage's
        best weights may be the run's best, too.
        """
        path = {"best": self.stage_best(stage), "stage": self.stage(stage), "last": self.last}[kind]
        write_atomic(path, encoded.chunks(), proven=partial(self._make_way, kind, keep_last))
        if kind == "last":
            for older in self.states()[keep_last:]:
                remove(older)
        if kind == "stage":
            link_atomic(path, self.last)
        if of_run:
            link_atomic(path, self.best)
        return path

    def _make_way(self, kind: Kind, keep_last: int) -> None:
        """Let the newest state become the one before it, that one the one before, and so on, with one more than wanted.

        So many states are there at any moment, whatever happens before the new one has its name.
        """
        names = [self.last, *(self.previous(age) for age in range(1, keep_last + 1))]
        for newer, older in reversed([*pairwise(names)]) if kind == "last" else ():
            if newer.exists():
                link_atomic(newer, older)

    def begin_from(self, state: Path, history: Sequence[dict[str, Any]]) -> None:
        """Let a state be the newest of the folder, with its history; it may come from another run."""
        if not self.last.exists() or not self.last.samefile(state):
            link_atomic(state, self.last)
        self.write_history(history)

    def write_history(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write one line an epoch."""
        lines = [json.dumps(to_strict(row), ensure_ascii=False, sort_keys=True) for row in rows]
        write_text_atomic(self.root / "history.jsonl", "".join(line + "\n" for line in lines))

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
            with suppress(OSError):  # it is for people; a full disk is told by what is written next
                os.truncate(file.fileno(), 0)
                os.write(file.fileno(), f"process {os.getpid()}\n".encode())
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
