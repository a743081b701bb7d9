"""How a run begins, or goes on: its data, its device, its state."""

import torch
from timm.utils import ModelEmaV3  # type: ignore[attr-defined]

from specc.data.index import Index, build_index
from specc.errors import DataError
from specc.plan.model import Plan
from specc.runtime.environment import available_threads, continued, environment, keep_freed_memory, pick_device
from specc.runtime.events import Started
from specc.runtime.folder import RunFolder
from specc.runtime.helpers import Helpers
from specc.runtime.models.model import build_model, placed
from specc.runtime.resume import Found, find_state, restore, start_from
from specc.runtime.state import State


def begin(  # noqa: PLR0913
    plan: Plan, folder: RunFolder, spec: str, helpers: Helpers, *, fresh: bool, allow_drift: bool
) -> tuple[State, Index, Started]:
    """Return the state that a run goes on from, the data, and what is to be told of both; start its helpers.

    Raises: DataError when the data is not the plan's; RunFailed when the run would not go on to the same bytes.
    """
    device = pick_device(plan.run.device)
    index = build_index(plan.data, plan.seed)
    if index.data.fingerprints != plan.data.fingerprints:
        raise DataError("the data changed since the plan was compiled", help="compile the spec again")
    here = None if allow_drift else environment(device, available_threads())
    found, notes = (None, []) if fresh else find_state(folder, plan, here)
    before = found.info.environment if found else {}
    threads = int(before.get("threads") or available_threads())
    now = environment(device, threads)
    if found:
        now = continued(before, now, allow_drift=allow_drift)
    notes += [f"not bit-exact: {change}" for change in now.get("drift", [])]
    torch.set_num_threads(threads)
    keep_freed_memory()
    helpers.start(device, threads)
    state, taken = _state(plan, spec, found, device, now)
    if found:
        folder.begin_from(found.path, state.history)
    folder.write_environment(now)
    return state, index, _started(folder, state, found, (*notes, *taken, *helpers.notes))


def _state(
    plan: Plan, spec: str, found: Found | None, device: torch.device, now: dict[str, object]
) -> tuple[State, list[str]]:
    """Return the state, and what is to be told of other weights that it begins with."""
    model = placed(build_model(plan, pretrained=plan.model.pretrained and found is None), device)
    ema = ModelEmaV3(model, decay=plan.model.ema_decay, foreach=True) if plan.model.ema_decay else None
    state = State(plan, model, ema, device, now, spec)
    if found:
        restore(state, found)
    elif plan.model.start_from:
        return state, start_from(state, plan.model.start_from)
    return state, []


def _started(folder: RunFolder, state: State, found: Found | None, notes: tuple[str, ...]) -> Started:
    complete = found is not None and found.info.kind == "stage"
    return Started(
        folder=str(folder.root),
        device=str(state.device),
        parameters=sum(p.numel() for p in state.model.parameters()),
        stage=state.stage + complete,
        step=0 if complete else state.step,
        global_step=state.global_step if found else 0,
        resumed_from=str(found.path) if found else None,
        notes=notes,
    )
