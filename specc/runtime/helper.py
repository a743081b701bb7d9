"""A process that helps the one that leads a run: it loads a part of each batch and makes some of its micro-batches.

What is to be done it is told, step by step, and what it has made it sends; it writes nothing. It is started by
specc.runtime.helpers, with JSON as its one argument.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from specc.data.index import Samples, build_index
from specc.memory import is_of_memory
from specc.plan.file import load
from specc.plan.model import Plan
from specc.runtime.data.batch import Batch
from specc.runtime.data.loaders import begun, training_loader
from specc.runtime.environment import keep_freed_memory
from specc.runtime.gradients import Gradients, changing, micro_batches, send_part
from specc.runtime.models.model import build_model, placed
from specc.runtime.processes import Processes, connect
from specc.runtime.signals import serve
from specc.runtime.state import State


@dataclass
class Helper:
    """A copy of the model, and what the stage that is under way is made with."""

    state: State
    samples: Samples
    processes: Processes
    gradients: Gradients
    parts: Iterator[Batch]
    batch: Batch

    @classmethod
    def of(cls, plan: Plan, processes: Processes, device: torch.device) -> "Helper":
        """Begin with the first stage; what is to be done is told later."""
        state = State(plan, placed(build_model(plan), device), None, device, {}, "")
        samples = build_index(plan.data, plan.seed).splits["train"]
        return cls(state, samples, processes, Gradients.of_stage(state, processes), iter(()), Batch({}, {}))

    def follow(self) -> None:
        """Do what is told, to the end."""
        while (told := self.processes.told())["task"] != "end":
            TASKS[told.pop("task")](self, **told)

    def begin(self, stage: int, step: int) -> None:
        """Take the weights, and begin to load a stage's batches from a step on."""
        state, processes = self.state, self.processes
        state.begin_stage(stage)
        processes.spread(list(state.model.state_dict().values()))
        self.gradients = Gradients.of_stage(state, processes)
        share = (processes.rank, processes.count)
        self.parts = begun(training_loader(state.plan, stage, self.samples, step, state.device, share=share))

    def load(self) -> None:
        """Give all others this process's part of the next batch, and take theirs."""
        self.batch = self.processes.join(next(self.parts)).to(self.state.device)

    def step(self, step: int, size: int, scale: float) -> None:
        """Make this process's micro-batches of a step."""
        state, processes = self.state, self.processes
        state.step = step
        processes.spread(changing(state))
        before = state.buffers()
        for index, here in enumerate(micro_batches(len(self.batch), size)):
            if processes.maker(index) == processes.rank:
                state.load_buffers(before)
                self._send(here, scale)

    def _send(self, here: slice, scale: float) -> None:
        loss = self._loss(here, scale)
        if loss is None:
            self.processes.send(None)
        else:
            send_part(self.state, self.processes, loss)
        self.state.model.zero_grad(set_to_none=True)

    def _loss(self, here: slice, scale: float) -> Tensor | None:
        """Make a micro-batch's gradient, and return its loss; None where memory does not suffice."""
        try:
            return self.gradients.add(self.state, self.batch, here, lambda loss: loss * scale)
        except (MemoryError, RuntimeError) as error:
            if not is_of_memory(error):
                raise
        return None


TASKS: Final[dict[str, Callable[..., None]]] = {"begin": Helper.begin, "batch": Helper.load, "step": Helper.step}
"""What a helper can be told to do."""


def main(about: str) -> int:
    """Help until that is no longer needed; the last line of what is printed says why it came to another end."""
    told = json.loads(about)
    serve(told["parent"])
    torch.set_num_threads(told["threads"])
    keep_freed_memory()
    try:
        plan = load(Path(told["plan"]).read_text("utf-8"), told["plan"])
        device = torch.device(told["device"])
        if device.type == "cuda":
            torch.cuda.set_device(device)
        check = partial(_check_parent, told["parent"])
        group = connect(Path(told["meeting"]), told["rank"], told["count"], check)
        Helper.of(plan, Processes(told["rank"], told["count"], group), device).follow()
    except Exception as error:  # noqa: BLE001  (whatever it is, the process that leads tells it)
        sys.stderr.write(f"\n{type(error).__name__}: {(str(error).splitlines() or [''])[0]}\n")
        return 1
    return 0


def _check_parent(parent: int) -> None:
    if os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
