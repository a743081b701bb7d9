"""How far each stage of a plan is, by the headers of what lies in the run folder and in the store."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from specc.checkpoint.format import read_header
from specc.checkpoint.metadata import CheckpointInfo
from specc.checkpoint.store import holds
from specc.errors import FileFormatError
from specc.plan.model import Plan
from specc.runtime.folder import RunFolder


@dataclass(frozen=True)
class Standing:
    """What there is of a stage. Units: `step` counts optimizer steps in the stage."""

    stage: str
    state: Literal["stored", "partly", "to train"]
    step: int = 0


def standings(plan: Plan, folder: RunFolder) -> list[Standing]:
    """Return how far each stage is; what comes before a stage that is stored counts as stored."""
    found = [_standing(plan, folder, index) for index in range(len(plan.stages))]
    last = max((index for index, it in enumerate(found) if it.state == "stored"), default=-1)
    return [Standing(it.stage, "stored") if index < last else it for index, it in enumerate(found)]


def _standing(plan: Plan, folder: RunFolder, index: int) -> Standing:
    name, digest = plan.stages[index].name, plan.stage_digests[index]
    if any(holds(path, digest) for path in (folder.stage(name), folder.store.path(digest, "end"))):
        return Standing(name, "stored")
    states = [path for path in (*folder.states(), folder.store.path(digest, "part")) if holds(path, digest)]
    steps = [step for path in states if (step := _step(path))]
    return Standing(name, "partly", max(steps)) if steps else Standing(name, "to train")


def _step(path: Path) -> int:
    try:
        return CheckpointInfo.from_json(read_header(path).own_metadata or {}, str(path)).step
    except FileFormatError:
        return 0
