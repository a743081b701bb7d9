"""What a second process gains: the time of a step with one process and with two, of one thread each.

    python -m tests.bench.processes [--backbone resnet18] [--size 128] [--rounds 3]

The floor is half of the time of one. All runs must end in the same bytes.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

from specc.cli.verify_resume import digests
from specc.runtime import begin
from specc.runtime.events import StepDone
from specc.runtime.folder import RunFolder
from specc.runtime.loop import train
from tests.runtime.helpers import SPEC, compiled

WARM: Final = 2
"""Steps that are not counted."""


def step_times(spec: str, root: Path, devices: int) -> tuple[list[float], dict[str, str]]:
    """Return the seconds of each step of the second stage, and what the run ends in."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    plan = compiled(root, f"run.devices={devices}", spec=spec)
    times, last = [], time.perf_counter()
    for event in train(plan, RunFolder(root / "run"), spec):
        now = time.perf_counter()
        if isinstance(event, StepDone) and event.stage == "whole" and event.step > WARM:
            times.append(now - last)
        last = now
    return times, digests(root / "run")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    begin.available_threads = lambda: 1
    spec = SPEC.replace("test_resnet", arguments.backbone).replace("resize(32)", f"resize({arguments.size})")
    spec = spec.replace("batch_size = 20", "batch_size = 16\ngrad_accum_steps = 2\ncheckpoint_every = '9 epochs'")
    spec = spec.replace("limit = 80", "limit = 160")
    times: dict[int, list[float]] = {1: [], 2: []}
    ends = []
    with tempfile.TemporaryDirectory() as name:
        for _ in range(arguments.rounds):
            for devices in times:
                steps, end = step_times(spec, Path(name, "work"), devices)
                times[devices] += steps
                ends.append(end)
    alone, shared = (statistics.median(found) for found in times.values())
    print(f"{arguments.backbone} at {arguments.size}, steps of 16 samples in two micro-batches, medians")
    print(f"one process   {alone * 1000:6.0f} ms  1.00")
    print(f"two           {shared * 1000:6.0f} ms  {shared / alone:.2f}  (floor 0.50)")
    print("same bytes" if all(end == ends[0] for end in ends) else "OTHER BYTES")


if __name__ == "__main__":
    main()
