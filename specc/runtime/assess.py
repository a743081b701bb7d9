"""What the weights of a checkpoint are worth, measured on the data of its own plan.

The file may be a stranger's: its plan is held to its digest, its tensors to the plan, and neither says how many
processes work or where anything is written.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import timm
import torch
from timm.utils import ModelEmaV3  # type: ignore[attr-defined]
from torch import Tensor

from specc.checkpoint.metadata import CheckpointInfo
from specc.data.index import Index, build_index
from specc.errors import DataError, FileFormatError, SpeccError, UsageError
from specc.memory import is_of_memory
from specc.plan.file import load
from specc.plan.model import Plan
from specc.runtime.environment import available_threads, pick_device
from specc.runtime.evaluate import evaluate, measured_splits
from specc.runtime.models.model import build_model, placed
from specc.runtime.monitor import judge
from specc.runtime.resume import info_of, read_tensors
from specc.runtime.state import State
from specc.runtime.tensors import all_finite

_ANOTHER: Final = "another program may have written it; `specc inspect` says what it holds"

MAX_SIDE: Final = 4096
"""Rows or columns of the largest images that a stranger's plan may ask for."""


@dataclass(frozen=True)
class Assessed:
    """A checkpoint and its metrics by split."""

    plan: Plan
    info: CheckpointInfo
    values: dict[str, dict[str, float]]
    gates: list[dict[str, Any]]
    judged_on: str
    """The split that the targets are judged on; empty where none was measured."""
    unreadable: list[str]


def assess(path: Path, splits: Collection[str] = (), device: str = "auto") -> Assessed:
    """Measure the weights of a checkpoint, their average where it has one, as its run would.

    Without names, all splits but the training one are measured. Targets are judged on the test split, or without one on
    the validation split.

    Raises: FileFormatError when the file is not a sound checkpoint of specc; DataError when the data is not its plan's;
    UsageError when there is no such split or device.
    """
    header, tensors = read_tensors(path)
    info = info_of(path, header)
    plan = _plan(path, info)
    torch.set_num_threads(int(info.environment.get("threads") or available_threads()))
    with _plan_told(path):
        state = _state(path, plan, info, tensors, pick_device(device))
        index = build_index(plan.data, plan.seed)
        _check_data(plan, index, splits)
        found = measured_splits(plan, index, state.device, splits)
        values = {name: evaluate(state.evaluated, split, state.of_stage).values for name, split in found.items()}
        judged_on = next((name for name in ("test", "val") if name in values), "")
        gates = judge(plan.evaluate.expect, values[judged_on]) if judged_on else []
    unreadable = sorted({failure for split in found.values() for failure in split.failures})
    return Assessed(plan, info, values, gates, judged_on, unreadable)


def _plan(path: Path, info: CheckpointInfo) -> Plan:
    """Return the plan in a checkpoint, with as many workers as there are processors."""
    plan = load(info.plan, f"{path}: plan")
    names = [stage.name for stage in plan.stages]
    if plan.digest != info.plan_digest or info.stage not in names or names.index(info.stage) != info.stage_index:
        raise FileFormatError(f"{path}: its plan is of another run", help=_ANOTHER)
    if max(_numbers([it.args for it in plan.augment.eval]), default=0) > MAX_SIDE:
        raise FileFormatError(f"{path}: its plan makes images with sides over {MAX_SIDE:,}", help=_ANOTHER)
    workers = min(plan.run.num_workers, available_threads())
    return plan.model_copy(update={"run": plan.run.model_copy(update={"num_workers": workers})})


def _numbers(value: Any) -> Iterator[float]:
    """Yield the numbers of a JSON value."""
    if isinstance(value, int | float):
        yield value
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _numbers(item)


def _state(path: Path, plan: Plan, info: CheckpointInfo, tensors: Mapping[str, Tensor], device: torch.device) -> State:
    """Return the state with the weights that are measured; a model is made only when its tensors are in the file."""
    if not (plan.model.backbone and timm.is_model(plan.model.backbone)):
        raise FileFormatError(f"{path}: its model is none of timm's {timm.__version__}", help=_ANOTHER)
    try:
        with torch.device("meta"):
            expected = {name: tensor.shape for name, tensor in build_model(plan).state_dict().items()}
    except DataError as error:
        raise FileFormatError(f"{path}: {error.message}", help=_ANOTHER) from None
    if odd := [name for name, shape in expected.items() if name not in tensors or tensors[name].shape != shape]:
        raise FileFormatError(f"{path}: `{odd[0]}` is not what its plan makes", help=_ANOTHER)
    if not all_finite(dict(tensors)):
        raise FileFormatError(f"{path}: its weights hold NaN or infinite numbers", help="use an earlier checkpoint")
    model = placed(build_model(plan), device)
    ema = ModelEmaV3(model, decay=plan.model.ema_decay) if plan.model.ema_decay else None
    state = State(plan, model, ema, device, {}, "", stage=info.stage_index)
    state.load_weights(tensors)
    return state


def _check_data(plan: Plan, index: Index, splits: Collection[str]) -> None:
    before, now = plan.data.fingerprints or {}, index.data.fingerprints or {}
    if not splits and index.splits.keys() == {"train"}:
        raise UsageError("the plan has no split beside `train`", help="--split train measures that")
    for name in splits or index.splits:
        if name not in index.splits:
            raise UsageError(f"there is no split `{name}`", help=f"there are {', '.join(index.splits)}")
        if before.get(name) != now.get(name):
            remedy = "its rows, their labels or their splits changed since; --root names the folder that it is in"
            raise DataError(f"the {name} data is not that of the checkpoint's plan", help=remedy)


@contextmanager
def _plan_told(path: Path) -> Iterator[None]:
    """Say in words that a plan cannot be carried out, which nobody compiled, however right its digests are."""
    try:
        yield
    except SpeccError:
        raise
    except Exception as error:
        if is_of_memory(error):
            raise
        raise FileFormatError(f"{path}: its plan cannot be carried out", help=_ANOTHER) from error
