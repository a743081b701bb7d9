"""Runs of `specc run` in children of a process that has imported everything already, so that a start costs nothing."""

import multiprocessing
import os
import sys
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from specc.checkpoint.store import VARIABLE
from specc.cli.entry import entry
from specc.runtime import begin

FORKS: Final = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__, "specc.runtime.loop"])


def nothing() -> None:
    """Change nothing of a run."""


def start(spec: Path, out: Path, workers: int, prepare: Callable[[], None] = nothing, *sets: str) -> BaseProcess:
    """Start a run in a process group of its own; `prepare` is called in it first. What it tells goes to `out`.log."""
    settings = [f"run.out={out}", f"data.num_workers={workers}", "run.loggers=[]", *sets]
    words = ["run", str(spec), *(word for text in settings for word in ("--set", text))]
    child = FORKS.Process(target=_run, args=(words, out, prepare))
    child.start()
    return child


def finish(spec: Path, out: Path, workers: int, *sets: str) -> None:
    """Let a run go on to its end."""
    child = start(spec, out, workers, nothing, *sets)
    child.join()
    assert child.exitcode == 0, told(out)


def told(out: Path) -> str:
    """Return what the latest run said."""
    return out.with_suffix(".log").read_text("utf-8", "replace")


def _run(words: list[str], out: Path, prepare: Callable[[], None]) -> None:
    os.setsid()
    log = os.open(out.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.environ[VARIABLE] = str(out / ".store")
    begin.available_threads = lambda: 1  # a second one would wait for a busy machine
    prepare()
    sys.argv = ["specc", *words]
    entry()
