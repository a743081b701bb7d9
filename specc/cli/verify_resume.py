"""`specc verify-resume`: kills a run of a spec again and again, continues it, and compares every byte.

The run that nothing disturbed is the reference. Each trial kills the whole process group at a random moment, once or
more, with another number of loader workers each time, and then lets the run end.
"""

import argparse
import hashlib
import json
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

START: Final = 0.5
"""Seconds before the first kill: earlier there is nothing to kill."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_spec_arguments(parser)
    parser.add_argument("--kills", type=int, default=5, help="trials, each with a kill")
    parser.add_argument("--most", type=int, default=1, help="kills of a trial, at most")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2], help="loader workers to choose from")


def run(arguments: argparse.Namespace) -> int:
    """Try it; 1 when a byte differs."""
    if arguments.kills < 1 or arguments.most < 1 or min(arguments.workers) < 0:
        raise UsageError("`--kills` and `--most` are at least 1, `--workers` at least 0")
    read_spec(arguments)  # a wrong spec is told here, once
    root = Path(tempfile.mkdtemp(prefix="specc-verify-"))
    try:
        wrong = _trials(Trials(_words(arguments), root, random.Random(arguments.seed)), arguments)  # noqa: S311
    finally:
        shutil.rmtree(root, ignore_errors=True)
    say(f"{arguments.kills - wrong} of {arguments.kills} runs that were killed have the same bytes")
    return 1 if wrong else 0


@dataclass
class Trials:
    """What trials have in common."""

    command: list[str]
    root: Path
    chance: random.Random
    seconds: float = 0.0
    """How long a run takes that nothing disturbs, by the fastest so far."""


def _words(arguments: argparse.Namespace) -> list[str]:
    words = [sys.executable, "-m", "specc", "run", str(arguments.spec)]
    words += [word for name in arguments.profile for word in ("--profile", name)]
    words += [word for text in arguments.overrides for word in ("--set", text)]
    return words + (["--root", str(arguments.root)] if arguments.root else [])


def _trials(trials: Trials, arguments: argparse.Namespace) -> int:
    reference = trials.root / "reference"
    _run(trials, reference, max(arguments.workers), 0)
    expected = digests(run_in(reference))
    say(f"undisturbed: {trials.seconds:.1f} s, {len(expected):,} digests")
    wrong = 0
    for number in range(1, arguments.kills + 1):
        folder, workers = trials.root / "trial", trials.chance.choice(arguments.workers)
        moments: list[float] = []
        while not moments:  # a run that ended before it was killed proves nothing
            shutil.rmtree(folder, ignore_errors=True)
            moments = _run(trials, folder, workers, trials.chance.randint(1, arguments.most))
        odd = differences(expected, digests(run_in(folder))) + leftovers(folder)
        wrong += bool(odd)
        when = ", ".join(f"{moment:.1f}" for moment in moments)
        told = "the same bytes" if not odd else f"DIFFERENT: {', '.join(odd[:3])}"
        say(f"{number}: {workers} workers, killed after {when} s: {told}")
    return wrong


def _run(trials: Trials, folder: Path, workers: int, kills: int) -> list[float]:
    """Run to the end, killing the process group at random moments; return those that hit, in seconds."""
    sets = (f"run.out={folder}", f"data.num_workers={workers}", "run.loggers=[]")
    words = [*trials.command, *(word for text in sets for word in ("--set", text))]
    environment = {**os.environ, VARIABLE: str(folder / ".store")}
    moments: list[float] = []
    for _ in range(kills):
        moment = trials.chance.uniform(START, max(trials.seconds, START))
        began = time.monotonic()
        process = subprocess.Popen(
            words, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        try:
            process.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            moments.append(moment)
        else:
            if not moments:
                trials.seconds = min(trials.seconds, time.monotonic() - began)
            break
    began = time.monotonic()
    last = subprocess.run(words, env=environment, check=False, capture_output=True, text=True)
    if last.returncode not in (0, 3):
        raise RunFailed(f"the run ended with exit code {last.returncode}: {last.stderr.strip()[-500:]}")
    trials.seconds = trials.seconds or time.monotonic() - began
    return moments


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
