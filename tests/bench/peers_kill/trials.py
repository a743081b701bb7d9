"""Runs a contender: undisturbed, killed, asked to end, and with a damaged checkpoint."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.peers_kill.contenders import Contender
from tests.bench.peers_kill.files import final_weights, flip_bit, pickles
from tests.bench.peers_kill.history import processes, seen, went_on_from
from tests.bench.peers_kill.job import EVERY, PER_EPOCH, STEPS
from tests.bench.peers_kill.record import VARIABLE

ROOT = Path(__file__).parents[3]
LONGEST = 600
"""Seconds that a run may take."""

FIRST = "SIGKILL 1"
"""Ends a run after its first step, where all that is asked is where it begins."""


@dataclass
class Findings:
    """What was found of a contender, a cell for each column of the table."""

    contender: Contender
    equal_at_all: bool = False
    equal: list[bool] = field(default_factory=list)
    twice: list[int] = field(default_factory=list)
    never: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    sigterm: str = ""
    pickle: str = ""
    flipped: str = ""


def moments(trials: int) -> list[int]:
    """Return steps of the second epoch, after its first checkpoint, that are not followed by one; first to last."""
    first = (PER_EPOCH // EVERY + 1) * EVERY
    found = [step for step in range(first + 1, 2 * PER_EPOCH) if step % EVERY]
    return [found[(2 * trial + 1) * len(found) // (2 * trials)] for trial in range(trials)]


def run(contender: Contender, folder: Path, end: str = "") -> subprocess.CompletedProcess[str]:
    """Begin, or go on; `end` is a signal and the step after which the process sends it to itself."""
    words = [sys.executable, "-m", f"tests.bench.peers_kill.{contender.module}", str(folder), *contender.words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "SPECC_STORE": str(folder / ".store"), VARIABLE: end}
    options = {"capture_output": True, "text": True, "timeout": LONGEST, "start_new_session": True}
    return subprocess.run(words, cwd=ROOT, env=environment, check=False, **options)


def made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def finished(contender: Contender, folder: Path) -> None:
    """Run to the end.

    Raises: RuntimeError when that fails.
    """
    done = run(contender, folder)
    if done.returncode:
        raise RuntimeError(f"{contender.name} ended with {done.returncode}: {done.stderr[-2000:]}")


def examine(contender: Contender, root: Path, trials: int) -> Iterator[str]:
    """Do all trials of a contender; tell how each went, and return what was found."""
    findings = Findings(contender)
    reference = yield from undisturbed(findings, root)
    for step in moments(trials):
        yield killed(findings, made(root / f"killed_{step}"), step, reference)
    step = moments(trials)[0]
    yield asked(findings, made(root / "asked"), step)
    yield damaged(findings, made(root / "damaged"), step)
    return findings


def undisturbed(findings: Findings, root: Path) -> Iterator[str]:
    """Run twice, check that what counts counts right, and return the weights of the first run."""
    contender, ends = findings.contender, []
    for folder in (made(root / "one"), made(root / "two")):
        finished(contender, folder)
        (process,) = processes(folder)
        epochs = sorted({step.epoch for step in process.steps})
        told = ", ".join("{} twice, {} never".format(*seen(process.steps, epoch)) for epoch in epochs)
        yield f"undisturbed: {len(process.steps)} steps of {STEPS}; by epoch {told}"
        ends.append(final_weights(contender, folder))
    findings.equal_at_all = ends[0] == ends[1]
    return ends[0]


def killed(findings: Findings, folder: Path, step: int, reference: dict[str, bytes]) -> str:
    """Kill a run after a step, go on, and note what it came to."""
    contender = findings.contender
    run(contender, folder, f"SIGKILL {step}")
    findings.pickle = pickles(contender.newest(folder))
    finished(contender, folder)
    first, second = processes(folder)
    assert len(first.steps) == step
    began = went_on_from(first, second)
    steps = first.steps[: began or 0] + second.steps
    twice, never = seen(steps, first.steps[-1].epoch)
    same = final_weights(contender, folder) == reference
    findings.equal.append(same)
    findings.twice.append(twice)
    findings.never.append(never)
    findings.steps.append(len(steps))
    told = "the same bytes" if same else "other bytes"
    return f"killed after {step}, went on from {began}: {len(steps)} steps, {twice} twice, {never} never, {told}"


def asked(findings: Findings, folder: Path, step: int) -> str:
    """Send SIGTERM after a step, and see by the next run whether that step was saved."""
    contender = findings.contender
    code = run(contender, folder, f"SIGTERM {step}").returncode
    run(contender, folder, FIRST)
    first, second = processes(folder)
    began = went_on_from(first, second)
    saved = "saved" if began is not None and began >= step else "not saved"
    how = f"exit code {code}" if code >= 0 else f"died of {signal.Signals(-code).name}"
    findings.sigterm = f"{saved}, {how}"
    return f"SIGTERM after {step}: ended after {len(first.steps)}, {how}; went on from {began}"


def damaged(findings: Findings, folder: Path, step: int) -> str:
    """Kill a run, flip a bit of its newest checkpoint, and see what the next run makes of it."""
    contender = findings.contender
    run(contender, folder, f"SIGKILL {step}")
    flip_bit(contender, folder)
    done = run(contender, folder, FIRST)
    first, *later = processes(folder)
    if not later:
        findings.flipped = f"refused, exit code {done.returncode}"
    elif (began := went_on_from(first, later[0])) is None:
        findings.flipped = "loaded silently"
    else:
        findings.flipped = f"noticed, took step {began}"
    return f"bit flipped after {step}: {findings.flipped}"
