"""What every contender's process writes of its optimizer steps, and how it ends itself after one of them.

The variable PEERS_KILL, such as `SIGKILL 33`, names the signal and the step of this process after which it is sent:
SIGKILL to the process group, any other to the process alone.
"""

import hashlib
import json
import os
import signal
from pathlib import Path
from typing import Any

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

VARIABLE = "PEERS_KILL"


class Record:
    """Writes a line for the weights that a process begins with, and one for each step."""

    def __init__(self, folder: Path) -> None:
        torch.set_num_threads(1)
        name, _, step = os.environ.get(VARIABLE, "").partition(" ")
        self.number, self.last = (signal.Signals[name], int(step)) if name else (None, 0)
        self.file = (folder / f"steps_{len(list(folder.glob('steps_*')))}.jsonl").open("w", buffering=1)
        self.steps, self.epoch, self.samples = 0, 0, []
        register_optimizer_step_pre_hook(self.before)
        register_optimizer_step_post_hook(self.after)

    def batch(self, epoch: int, samples: list[int]) -> None:
        """Take note of what the next step is made with."""
        self.epoch, self.samples = epoch, samples

    def before(self, optimizer: torch.optim.Optimizer, _words: Any, _named: Any) -> None:
        if not self.steps:
            self.write({"begins": digest_of(optimizer)})

    def after(self, optimizer: torch.optim.Optimizer, _words: Any, _named: Any) -> None:
        self.steps += 1
        self.write({"epoch": self.epoch, "samples": self.samples, "weights": digest_of(optimizer)})
        if self.steps == self.last:
            self.end()

    def write(self, line: dict[str, Any]) -> None:
        self.file.write(json.dumps(line) + "\n")

    def end(self) -> None:
        if self.number == signal.SIGKILL:
            os.killpg(0, signal.SIGKILL)
        os.kill(os.getpid(), self.number)


def digest_of(optimizer: torch.optim.Optimizer) -> str:
    found = hashlib.sha256()
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            found.update(parameter.detach().contiguous().numpy().data)
    return found.hexdigest()
