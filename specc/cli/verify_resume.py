"""`specc verify-resume`: kills a run of a spec again and again, continues it, and compares every byte.

The run that nothing disturbed is the reference. Each trial kills the whole process group at a random moment, once or
more, with other numbers of loader workers and of processes each time, and then lets the run end.
"""

import argparse
import hashlib
import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from specc.checkpoint.format import read, split
from specc.checkpoint.store import VARIABLE
from specc.cli.output import add_spec_arguments, say
from specc.cli.reading import read as read_spec
from specc.errors import RunFailed, UsageError

COMPARED: Final = ("history", "best", "results", "step", "stage", "tail", "micro_batch")
"""What of a checkpoint's metadata is compared beside its tensors."""

POLL: Final = 0.01
"""Seconds between two looks at whether training has begun."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_spec_arguments(parser)
    parser.add_argument("--kills", type=int, default=5, help="how many, over all runs")
    parser.add_argument("--most", type=int, default=1, help="kills of one run, at most")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2], help="loader workers to choose from")
    parser.add_argument("--devices", type=int, nargs="+", help="numbers of processes to choose from")


def run(arguments: argparse.Namespace) -> int:
    """Try it; 1 when a byte differs."""
    if arguments.kills < 1 or arguments.most < 1 or min(arguments.workers) < 0 or min(arguments.devices or [1]) < 1:
        raise UsageError("`--kills`, `--most` and `--devices` are at least 1, `--workers` at least 0")
    context = read_spec(arguments)  # a wrong spec is told here, once
    arguments.devices = arguments.devices or [context.spec.run.devices]
    root = Path(tempfile.mkdtemp(prefix="specc-verify-"))
    try:
        chance = random.Random(arguments.seed)  # noqa: S311
        trials = Trials(_words(arguments), root, chance, arguments.workers, arguments.devices)
        return 1 if _all_trials(trials, arguments) else 0
    finally:
        shutil.rmtree(root, ignore_errors=True)


@dataclass
class Trials:
    """What trials have in common."""

    command: list[str]
    root: Path
    chance: random.Random
    workers: list[int]
    devices: list[int]
    seconds: float = 0.0
    """How long training takes where nothing disturbs it, by the fastest run so far."""

    def words(self, out: Path) -> list[str]:
        """Return the command that begins or continues the run in a folder, as it is drawn by lot."""
        workers, devices = self.chance.choice(self.workers), self.chance.choice(self.devices)
        sets = (f"run.out={out}", f"data.num_workers={workers}", f"run.devices={devices}", "run.loggers=[]")
        return [*self.command, *(word for text in sets for word in ("--set", text))]


def _words(arguments: argparse.Namespace) -> list[str]:
    words = [sys.executable, "-m", "specc", "run", str(arguments.spec)]
    words += [word for name in arguments.profile for word in ("--profile", name)]
    words += [word for text in arguments.overrides for word in ("--set", text)]
    return words + (["--root", str(arguments.root)] if arguments.root else [])


def _all_trials(trials: Trials, arguments: argparse.Namespace) -> int:
    """Kill runs until there were enough kills, and return how many runs ended in other bytes."""
    reference = trials.root / "reference"
    _killed(trials, reference, 0)
    expected = digests(run_in(reference))
    say(f"undisturbed: {trials.seconds:.1f} s of training, {len(expected):,} digests")
    made, runs, wrong = 0, 0, 0
    while made < arguments.kills:
        folder = trials.root / "trial"
        shutil.rmtree(folder, ignore_errors=True)
        most = min(arguments.most, arguments.kills - made)
        moments = _killed(trials, folder, trials.chance.randint(1, most))
        if not moments:
            continue  # a run that ended before it was killed proves nothing
        odd = differences(expected, digests(run_in(folder))) + leftovers(folder)
        made, runs, wrong = made + len(moments), runs + 1, wrong + bool(odd)
        when = ", ".join(f"{moment:.1f}" for moment in moments)
        told = "the same bytes" if not odd else f"DIFFERENT: {', '.join(odd[:3])}"
        say(f"{runs}: killed after {when} s: {told}")
    say(f"{made} kills in {runs} runs, of which {runs - wrong} ended in the same bytes")
    return wrong


def _killed(trials: Trials, out: Path, kills: int) -> list[float]:
    """Run to the end, killing the process group at random moments; return those that hit, in seconds of training."""
    moments: list[float] = []
    for _ in range(kills):
        moment = trials.chance.uniform(0, trials.seconds)
        seconds = _run(trials.words(out), out, moment)
        if seconds is not None:
            break
        moments.append(moment)
    else:
        seconds = _run(trials.words(out), out, None)
    if not moments:
        trials.seconds = min(trials.seconds or math.inf, seconds or 0.0)
    return moments


def _run(words: list[str], out: Path, moment: float | None) -> float | None:
    """Run a command in a process group, and kill that so many seconds after training began.

    Returns the seconds of training when it ended before.

    Raises: RunFailed when it fails by itself.
    """
    environment = {**os.environ, VARIABLE: str(out / ".store")}
    process = subprocess.Popen(
        words, env=environment, start_new_session=True, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    while process.poll() is None and not _has_begun(out, process.pid):
        time.sleep(POLL)
    began = time.monotonic()
    try:
        _, told = process.communicate(timeout=moment)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None
    if process.returncode not in (0, 3):
        raise RunFailed(f"the run ended with exit code {process.returncode}: {told.strip()[-500:]}")
    return time.monotonic() - began


def _has_begun(out: Path, process: int) -> bool:
    """Say whether a process holds the lock of the run folder."""
    return any(path.read_text() == f"process {process}\n" for path in out.glob("*/.lock"))


def run_in(out: Path) -> Path:
    """Return the one run folder."""
    (folder,) = (path for path in out.iterdir() if path.is_dir() and path.name != ".store")
    return folder


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every tensor of every checkpoint, of the history, and of what else must be the same."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.safetensors")):
        if path.name.startswith("previous"):
            continue
        name, (header, payload) = str(path.relative_to(folder)), read(path)
        found |= {
            f"{name}:{key}": hashlib.sha256(tensor.data).hexdigest() for key, tensor in split(header, payload).items()
        }
        kept = {key: (header.own_metadata or {}).get(key) for key in COMPARED}
        found[f"{name}:metadata"] = hashlib.sha256(json.dumps(kept).encode()).hexdigest()
    for name in ("history.jsonl", "tail.jsonl"):
        if (folder / name).exists():
            found[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    return found


def differences(expected: dict[str, str], found: dict[str, str]) -> list[str]:
    """Return what is not the same, or not there."""
    return sorted(key for key in {*expected, *found} if expected.get(key) != found.get(key))


def leftovers(out: Path) -> list[str]:
    """Return the temporary files that a run left."""
    return sorted(path.name for path in out.rglob(".*.tmp"))
