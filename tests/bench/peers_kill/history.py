"""What the records of two processes say together: which steps are in the final weights, and of which samples."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.peers_kill.job import SAMPLES


@dataclass(frozen=True)
class Step:
    """An optimizer step: the epoch and the samples it was made with, and a digest of the weights after it."""

    epoch: int
    samples: list[int]
    weights: str


@dataclass(frozen=True)
class Process:
    """The steps of a process, and a digest of the weights that it began with."""

    begins: str
    steps: list[Step]


def processes(folder: Path) -> list[Process]:
    return [process for path in sorted(folder.glob("steps_*.jsonl")) for process in of_file(path)]


def of_file(path: Path) -> Iterator[Process]:
    """Read a record; a process that ended before its first step has none."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    if lines:
        yield Process(lines[0]["begins"], [Step(**line) for line in lines[1:]])


def went_on_from(first: Process, second: Process) -> int | None:
    """Return after which step of the first process the second one began; None when no step left such weights."""
    digests = [first.begins, *(step.weights for step in first.steps)]
    return digests.index(second.begins) if second.begins in digests else None


def seen(steps: list[Step], epoch: int) -> tuple[int, int]:
    """Return how many samples the steps of an epoch saw more than once, and not at all."""
    counts = Counter(sample for step in steps if step.epoch == epoch for sample in step.samples)
    return sum(count > 1 for count in counts.values()), SAMPLES - len(counts)
