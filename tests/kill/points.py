"""The moments of a run at which a kill would hurt most, by the call that is about to be made or was just made."""

import os
import pkgutil
import signal
from dataclasses import dataclass
from typing import Any, Final, Literal


@dataclass(frozen=True)
class Point:
    """Before or after the n-th call of a function, the process group dies."""

    function: str
    number: int
    when: Literal["before", "after"]

    def __call__(self) -> None:
        """Have this process die there."""
        where, name = self.function.rsplit(":" if "." not in self.function.split(":")[1] else ".", 1)
        owner = pkgutil.resolve_name(where)
        genuine, calls = getattr(owner, name), 0

        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == self.number and self.when == "before":
                _die()
            found = genuine(*args, **kwargs)
            if calls == self.number:
                _die()
            return found

        setattr(owner, name, call)


def _die() -> None:
    os.killpg(0, signal.SIGKILL)


POINTS: Final = {
    "after the first step": Point("specc.runtime.loop:train_step", 1, "after"),
    "before a checkpoint": Point("specc.runtime.saving:Saving.save", 2, "before"),
    "in a checkpoint, before it has its name": Point("specc.checkpoint.atomic:_compare", 2, "after"),
    "after a checkpoint, before the store has it": Point("specc.checkpoint.store:Store.keep", 2, "before"),
    "last step of an epoch": Point("specc.runtime.loop:train_step", 10, "after"),
    "first step of the next": Point("specc.runtime.loop:train_step", 11, "after"),
    "end of a stage, before it is kept": Point("specc.runtime.loop:check_statistics", 1, "before"),
    "begin of a stage": Point("specc.runtime.state:State.begin_stage", 2, "after"),
    "between two parts of a step": Point("torch.amp.grad_scaler:GradScaler.scale", 29, "after"),
    "in validation": Point("specc.runtime.losses:Objective.present", 3, "after"),
    "after the best weights, before the history": Point("specc.runtime.folder:RunFolder.write_history", 4, "before"),
    "in the export": Point("specc.export.timm_folder:write_text_atomic", 1, "before"),
}
"""Of a spec of tests.kill.specs: ten steps an epoch, a checkpoint every three, then two passes a step."""
