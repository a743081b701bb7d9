"""What a checkpoint costs: how long training waits, how long the file takes, and how long it takes to read it back.

    python -m tests.bench.saving [--backbone vit_base_patch16_224] [--rounds 5]

Beside `torch.save` and `torch.load` of the same state, interleaved, in one process, on one disk. `torch.save` neither
flushes to the disk, nor compares, nor has a digest; a line shows it with a flush, which is what survives a power cut.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from specc.runtime.cadence import Cadence
from specc.runtime.folder import RunFolder
from specc.runtime.resume import read_tensors
from specc.runtime.saving import Saving
from specc.runtime.state import State
from tests.runtime.helpers import SPEC, begun, compiled, made_step, random_batch


def of_size(backbone: str, folder: Path) -> State:
    """Return the state of a large model after a step, with all that its optimizer keeps."""
    spec = SPEC.replace("test_resnet", backbone).replace("resize(32)", "resize(224)")
    plan = compiled(folder, "defaults.batch_size=2", spec=spec)
    state = begun(plan, stage=1)
    made_step(state, random_batch(plan, size=2))
    return state


def timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", default="vit_base_patch16_224")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        state, folder, other = of_size(arguments.backbone, Path(name)), RunFolder(Path(name, "run")), Path(name, "x.pt")
        (folder.root / "stages").mkdir(parents=True)
        tensors = state.tensors()
        size = sum(tensor.nbytes for tensor in tensors.values())
        saving = Saving(state.plan, folder)

        def flushed() -> None:
            torch.save(tensors, other)
            with other.open("rb") as file:
                os.fsync(file.fileno())

        actions: dict[str, Callable[[], object]] = {
            "torch.save": lambda: torch.save(tensors, other),
            "torch.save, flushed": flushed,
            "torch.load": lambda: torch.load(other),
            "specc, training waits": lambda: list(saving.save(state, "last", Cadence(None))),
            "specc, the rest beside it": lambda: list(saving.done(most=0)),
            "specc, read and compared": lambda: read_tensors(folder.last),
        }
        for round_number in range(arguments.rounds + 1):
            for text, action in actions.items():
                seconds = timed(action)
                if round_number:
                    times.setdefault(text, []).append(seconds)
        saving.close()
    print(f"{arguments.backbone}: {len(tensors):,} tensors, {size / 1e9:.2f} GB")
    base = statistics.median(times["torch.save"])
    for text, found in times.items():
        median = statistics.median(found)
        print(f"{text:>26}  {median:6.2f} s  {median / base:5.2f} of torch.save")


if __name__ == "__main__":
    main()
