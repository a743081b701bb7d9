"""Where a run goes on: the furthest state that the plan still agrees with."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from specc.checkpoint.format import Header, read, read_header, split
from specc.checkpoint.metadata import CheckpointInfo
from specc.errors import DataError, FileFormatError
from specc.memory import is_of_memory
from specc.plan.model import Plan
from specc.runtime.environment import changes
from specc.runtime.folder import RunFolder
from specc.runtime.monitor import best_row
from specc.runtime.state import State
from specc.runtime.tensors import from_raw


@dataclass(frozen=True)
class Found:
    """A state to go on from."""

    path: Path
    info: CheckpointInfo
    tensors: dict[str, Tensor]


def find_state(folder: RunFolder, plan: Plan, here: Mapping[str, Any] | None = None) -> tuple[Found | None, list[str]]:
    """Return the furthest state that fits the plan, and what was wrong with those that are further.

    A state fits when its stage's digest is the plan's: the digest covers all that can have changed its weights, the
    stages before it included. So after a change to the spec the run goes on before the first stage that is touched.
    With an environment, what other runs have put into the store is taken only where it was made in the same.
    """
    notes: list[str] = []
    wanted = partial(_made_here, here, notes)
    folder.share(plan, wanted)
    for path, info in sorted(_candidates(folder, plan, wanted, notes), key=_progress, reverse=True):
        try:
            check_best(folder, plan, info)
            return Found(path, info, read_tensors(path)[1]), notes
        except FileFormatError as error:
            notes.append(f"{error.message}; the state before it is taken")
    return None, notes


def restore(state: State, found: Found) -> None:
    """Go back to where a checkpoint was taken.

    Raises: FileFormatError when its tensors are not those that the plan makes, however right its digests are.
    """
    try:
        state.restore(found.info, found.tensors)
    except (KeyError, IndexError, TypeError, ValueError, RuntimeError) as error:
        if is_of_memory(error):
            raise
        remedy = "remove it, and the state before it is taken; another program may have written it"
        raise FileFormatError(f"{found.path}: its tensors are not those of the plan", help=remedy) from None


def check_best(folder: RunFolder, plan: Plan, info: CheckpointInfo) -> None:
    """Hold the files of best weights that a state counts on to what it knows of them.

    The best of the stage that is under way may be of a later epoch, made before a crash: it is made again.

    Raises: FileFormatError when one is damaged, missing, or of another plan.
    """
    over = info.stage_index if info.kind == "stage" else info.stage_index - 1
    wanted = {info.best["stage"]: info.best["epoch"]} if info.best else {}
    if over == info.stage_index and plan.hands_on_best(over):
        name = plan.stages[over].name
        row = best_row(plan.evaluate.best, [row for row in info.history if row["stage"] == name])
        wanted.setdefault(name, row["epoch"] if row else None)
    names = [stage.name for stage in plan.stages]
    for name, epoch in wanted.items():
        found = CheckpointInfo.from_json(read(folder.stage_best(name))[0].own_metadata or {}, name)
        finished = names.index(name) <= over
        fits = found.kind == "best" and found.stage_digest == plan.stage_digests[names.index(name)]
        if not fits or (finished and epoch is not None and found.epoch != epoch):
            raise FileFormatError(f"`{folder.stage_best(name)}` does not hold the best weights of this run")


def _progress(candidate: tuple[Path, CheckpointInfo]) -> tuple[int, bool, int]:
    info = candidate[1]
    return (info.stage_index, info.kind == "stage", info.step)


def _made_here(here: Mapping[str, Any] | None, notes: list[str], path: Path) -> bool:
    """Say whether a result in the store is of this environment, and note it where it is not."""
    if here is None or not path.exists():
        return True
    try:
        info = read_info(path)
    except FileFormatError:
        return True  # whoever takes it tells what is wrong with it
    odd = [*info.environment.get("drift", []), *changes(info.environment, here)]
    note = f"the store's `{info.stage}` is of other bytes, which --allow-drift takes: {', '.join(odd)}"
    if odd and note not in notes:
        notes.append(note)
    return not odd


def _candidates(
    folder: RunFolder, plan: Plan, wanted: Callable[[Path], bool], notes: list[str]
) -> Iterator[tuple[Path, CheckpointInfo]]:
    ends = [folder.stage(stage.name) for stage in plan.stages]
    parts = [path for digest in plan.stage_digests if wanted(path := folder.store.path(digest, "part"))]
    for path in (path for path in [*folder.states(), *ends, *parts] if path.exists()):
        try:
            info = read_info(path)
        except FileFormatError as error:
            notes.append(f"{error.message}; the state before it is taken")
            continue
        if _fits(info, plan):
            yield path, called_as(plan, info)


def _fits(info: CheckpointInfo, plan: Plan) -> bool:
    index = info.stage_index
    return (
        info.kind in ("last", "stage") and index < len(plan.stages) and plan.stage_digests[index] == info.stage_digest
    )


def called_as(plan: Plan, info: CheckpointInfo) -> CheckpointInfo:
    """Return what a fitting state says, with the names that its stages have in this plan; they may have had others."""
    before = dict.fromkeys([*(row["stage"] for row in info.history), info.stage])
    names = dict(zip(before, (stage.name for stage in plan.stages), strict=False))
    return replace(
        info,
        stage=names[info.stage],
        history=[{**row, "stage": names[row["stage"]]} for row in info.history],
        best=info.best and {**info.best, "stage": names[info.best["stage"]]},
    )


def read_info(path: Path) -> CheckpointInfo:
    """Read what one of our checkpoints says of itself.

    Raises: FileFormatError when it is damaged or foreign.
    """
    return info_of(path, read_header(path))


def info_of(path: Path, header: Header) -> CheckpointInfo:
    """Return what a header says of the run that wrote it.

    Raises: FileFormatError when no run of ours did.
    """
    metadata = header.own_metadata
    if metadata is None:
        raise FileFormatError(f"`{path}` is no checkpoint of specc")
    return CheckpointInfo.from_json(metadata, str(path))


def read_tensors(path: Path) -> tuple[Header, dict[str, Tensor]]:
    """Read and verify a checkpoint's tensors.

    Raises: FileFormatError when a bit of it changed.
    """
    header, payload = read(path)
    return header, from_raw(split(header, payload))


def start_from(state: State, path: str) -> list[str]:
    """Take the weights of another model that fit by name and shape, ours or timm's; say which were not taken.

    Raises: DataError when none fits.
    """
    header, tensors = read_tensors(Path(path).expanduser())
    if "plan_digest" not in (header.own_metadata or {}):
        tensors = {f"backbone.{name}": tensor for name, tensor in tensors.items()}
    own = state.model.state_dict()
    fitting = {n: t for n, t in tensors.items() if n in own and own[n].shape == t.shape}
    if not fitting:
        raise DataError(f"no weight of `{path}` fits this model", help="`specc inspect` shows what it holds")
    state.model.load_state_dict(fitting, strict=False)
    if state.ema:
        state.ema.module.load_state_dict(state.model.state_dict())
    missing = sorted(name for name in own if name not in fitting)
    shown = ", ".join(missing[:4]) + (", ..." if len(missing) > 4 else "")
    return [f"took {len(fitting)} of {len(own)} tensors from {path}" + (f"; new: {shown}" if missing else "")]
