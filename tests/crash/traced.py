"""Errors of a quota and of a read-only file system, put in below libc by strace."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Final

from tests.crash.child import Count, in_child
from tests.crash.laws import after_fault
from tests.crash.sweep import Tally, Trials

CALLS: Final = ("write", "fsync", "rename", "link", "linkat", "unlink", "unlinkat", "mkdir")
"""System calls that are made to fail; most of those that open files only read, so that they are left out."""

ERRORS: Final = ("EDQUOT", "EROFS")


def untraceable() -> str | None:
    """Say why strace cannot be used here, or None."""
    if not shutil.which("strace"):
        return "strace is not installed"
    hit = in_child(partial(_attach, "fsync", "EDQUOT", 1), lambda: os.fsync(0)).calls
    return None if hit else "strace may not attach to processes here"


def swept(trials: Trials, errors: Iterable[str] = ERRORS) -> Tally:
    """Let each error hit each call of each kind in turn."""
    tally = Tally(trials.operation.name)
    for call in CALLS:
        tally.calls += max(_all_of(tally, trials, call, error) for error in errors)
    return tally


def _all_of(tally: Tally, trials: Trials, call: str, error: str) -> int:
    """Let an error hit the calls of one kind, until there is none left to hit, and return how many there were."""
    number = 0
    while True:
        root = trials.fresh()
        outcome = in_child(partial(_attach, call, error, number + 1), partial(trials.operation.do, root, trials.plan))
        if not outcome.calls:
            return number
        number += 1
        wrong = after_fault(trials.ends, trials.operation.grows, root)
        tally.add(outcome, [*wrong, *trials.recover()], f"{error} at {call} {number}")


def _attach(call: str, error: str, number: int) -> Count:
    """Let strace attach to this process; return what ends that, and counts the calls that it let fail."""
    words = ["-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={number}", "-p", str(os.getpid())]
    log = tempfile.NamedTemporaryFile(prefix="strace-")  # noqa: SIM115  (lives as long as the child)
    strace = subprocess.Popen(["strace", "-o", log.name, *words], stderr=subprocess.PIPE)  # noqa: S607
    assert strace.stderr is not None
    strace.stderr.readline()  # that it is attached, or why not

    def count() -> int:
        strace.terminate()
        strace.wait()
        found = Path(log.name).read_text().count("(INJECTED)")
        Path(log.name).unlink()
        return found

    return count
