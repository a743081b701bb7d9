"""What may happen to a run beside its own death: signals, dead workers, too little memory, a second run of its folder.

Each trial happens at a random moment, and says what went wrong, in words; nothing when all is well. Whatever happened,
the same command then goes on, and ends in the bytes of a run that nothing disturbed.
"""

import os
import random
import resource
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from specc.checkpoint.format import read_header
from specc.cli.verify_resume import differences, digests, leftovers, run_in
from specc.runtime import loop
from tests.kill.child import finish, nothing, start, told

WITHIN: Final = 10.0
"""Seconds in which a run that is asked to leave has left."""

CODES: Final = {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGHUP: 129}


@dataclass
class Trials:
    """A spec, what a run of it ends in, and how long that takes."""

    spec: Path
    root: Path
    chance: random.Random
    expected: dict[str, str]
    seconds: float

    @classmethod
    def of(cls, spec: Path, root: Path, seed: int) -> "Trials":
        """Run a spec undisturbed."""
        reference = root / "reference"
        finish(spec, reference, 1)
        shutil.rmtree(reference)
        began = time.monotonic()
        finish(spec, reference, 1)
        return cls(spec, root, random.Random(seed), digests(run_in(reference)), time.monotonic() - began)

    @property
    def out(self) -> Path:
        """Where the run under trial is."""
        return self.root / "trial"

    @property
    def count(self) -> Path:
        """Where the run under trial counts its steps."""
        return self.root / "made"

    def begin(self, workers: int, prepare: Callable[[], None] = nothing) -> BaseProcess:
        """Start a run in an empty folder."""
        shutil.rmtree(self.out, ignore_errors=True)
        self.count.write_text("")
        return start(self.spec, self.out, workers, prepare)

    def moment(self) -> float:
        """Draw a moment of a run, in seconds from its start."""
        return self.chance.uniform(0, self.seconds)

    def went_on(self) -> Iterator[str]:
        """Go on with the run, and tell what is not as it should be."""
        finish(self.spec, self.out, self.chance.choice((0, 1, 2)))
        odd = differences(self.expected, digests(run_in(self.out))) + leftovers(self.out)
        if odd:
            yield f"other bytes: {', '.join(odd[:3])}"


def signals(trials: Trials) -> Iterator[str]:
    """Ask a run to leave; sometimes halt it before, sometimes ask its workers, too, sometimes ask again at once."""
    number, twice = trials.chance.choice(list(CODES)), trials.chance.random() < 0.2
    child = trials.begin(trials.chance.choice((0, 2)), Count(trials.count))
    child.join(trials.moment())
    _send(child, signal.SIGSTOP if trials.chance.random() < 0.2 else 0)
    _send(child, number, group=trials.chance.random() < 0.5)
    _send(child, signal.SIGCONT)
    if twice:
        time.sleep(trials.chance.uniform(0, 0.05))
        _send(child, number)
    child.join(WITHIN)
    if child.is_alive():
        yield f"still there {WITHIN:.0f} s after {number.name}"
        child.kill()
        child.join()
    elif child.exitcode not in (0, CODES[number], -number):
        yield f"exit code {child.exitcode} after {number.name}: {told(trials.out)}"
    elif child.exitcode == CODES[number] and not twice:
        yield from _lost(trials)
    yield from _no_fault(trials.out)
    yield from trials.went_on()


def workers(trials: Trials) -> Iterator[str]:
    """Kill a loader worker, or the run itself but not its workers."""
    child = trials.begin(2)
    child.join(trials.moment())
    found = children(child.pid or 0)
    if trials.chance.random() < 0.5 and found:
        _kill(trials.chance.choice(found))
        child.join(30)
        if child.exitcode not in (0, 4):
            yield f"exit code {child.exitcode} 30 s after the death of a worker: {told(trials.out)}"
        elif child.exitcode == 4 and "a loader worker was killed" not in told(trials.out):
            yield f"not told: {told(trials.out)}"
    else:
        _kill(child.pid or 0)
        deadline = time.monotonic() + WITHIN
        while (alive := [worker for worker in found if runs(worker)]) and time.monotonic() < deadline:
            time.sleep(0.05)
        if alive:
            yield f"{len(alive)} workers outlive their run by {WITHIN:.0f} s"
    child.join()
    yield from _no_fault(trials.out)
    yield from trials.went_on()


def memory(trials: Trials) -> Iterator[str]:
    """Let memory run out."""
    child = trials.begin(0, Limit(trials.chance.randint(0, 80) * 2**20))
    child.join(60)
    gave_up = "cannot allocate memory for thread-local data" in told(trials.out)  # the C library, by itself
    if child.exitcode not in (0, 4) and not gave_up:
        yield f"exit code {child.exitcode}: {told(trials.out)}"
    child.kill()
    child.join()
    yield from _no_fault(trials.out)
    yield from trials.went_on()


def locks(trials: Trials) -> Iterator[str]:
    """Start three runs of one folder at once, kill the one that has it, and start another."""
    shutil.rmtree(trials.out, ignore_errors=True)
    rivals = [start(trials.spec, trials.out, 0) for _ in range(3)]
    deadline = time.monotonic() + 60
    while sum(rival.is_alive() for rival in rivals) > 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    codes = [rival.exitcode for rival in rivals]
    if sorted(codes, key=str) != [2, 2, None]:
        yield f"three runs of one folder at once end with {codes}"
    for rival in rivals:
        if trials.chance.random() < 0.5:
            rival.kill()
        rival.join()
    yield from trials.went_on()


KINDS: Final[dict[str, Callable[[Trials], Iterator[str]]]] = {
    "signals": signals,
    "workers": workers,
    "memory": memory,
    "locks": locks,
}


@dataclass(frozen=True)
class Limit:
    """Lets a process have so many bytes beyond what it has when training begins."""

    spare: int

    def __call__(self) -> None:
        """Set the limit at the first step."""
        genuine = loop.train_step

        def step(*args, **kwargs):
            loop.train_step = genuine
            pages = int(Path("/proc/self/statm").read_text("utf-8").split()[0])
            limit = pages * os.sysconf("SC_PAGE_SIZE") + self.spare
            resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
            return genuine(*args, **kwargs)

        loop.train_step = step


@dataclass(frozen=True)
class Count:
    """Has a run write down the number of the step that it made last."""

    path: Path

    def __call__(self) -> None:
        """Do so after each step."""
        genuine = loop.train_step
        made = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

        def step(state, *rest):
            loss = genuine(state, *rest)
            os.pwrite(made, str(state.global_step + 1).encode(), 0)
            return loss

        loop.train_step = step


def _lost(trials: Trials) -> Iterator[str]:
    """Tell of steps that were made and are not in the newest state."""
    made = int(trials.count.read_text("utf-8") or 0)
    kept = (read_header(run_in(trials.out) / "last.safetensors").own_metadata or {})["global_step"] if made else 0
    if made != kept:
        yield f"{made} steps were made, and {kept} are kept"


def _no_fault(out: Path) -> Iterator[str]:
    text = told(out)
    if "Traceback" in text or "internal error" in text:
        yield text


def _send(child: BaseProcess, number: int, *, group: bool = False) -> None:
    if number and child.pid and child.is_alive():
        with suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(child.pid, number)


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def runs(process: int) -> bool:
    """Say whether a process is there and not just waiting to be buried."""
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text("utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    return False


def children(process: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(path.read_text("utf-8").rsplit(")", 1)[1].split()[1]) == process:
                found.append(int(path.parent.name))
    return found
