"""What of a plan is done, and why the rest is not: lines for `specc plan`."""

from collections.abc import Iterator
from typing import Final

from specc.diff.edits import edits, matched
from specc.errors import FileFormatError
from specc.plan.file import load
from specc.plan.model import Plan
from specc.runtime.folder import RunFolder
from specc.runtime.standing import Standing, standings

_KEYS: Final = {"schedule": "lr", "sampling": "sample"}
"""What a spec calls a field of the plan, where that is another word."""

_FOLLOWS: Final = {"texts", "steps_per_epoch", "selector", "trained_parameters", "expect"}
"""Fields of a stage that only follow from others, or change no weight."""

_SHARED: Final = {"data", "augment", "model", "seed", "privacy"}
"""Parts of a plan that bear on every stage."""

MOST: Final = 3
"""Changes that are named."""


def standing_lines(plan: Plan, folder: RunFolder) -> list[str]:
    """Say for each stage whether its result is there, how far it is, or why it is to be trained."""
    if plan.data.fingerprints is None:
        return []
    reasons = _reasons(plan, folder)
    return [f"{name:<7} {text}" for name, text in _told(standings(plan, folder), reasons)]


def _told(found: list[Standing], reasons: dict[str, str]) -> Iterator[tuple[str, str]]:
    missing = next((it.stage for it in found if it.state != "stored"), None)
    for it in found:
        if it.state == "stored":
            yield "stored", it.stage
        elif it.state == "partly":
            yield "partly", f"{it.stage}: done to step {it.step:,}"
        else:
            yield "train", f"{it.stage}: {reasons[it.stage] if it.stage == missing else 'it comes after another'}"


def _reasons(plan: Plan, folder: RunFolder) -> dict[str, str]:
    """Return why a stage has no result, by what changed since the plan that last ran under this name."""
    path = folder.root / "plan.json"
    names = [stage.name for stage in plan.stages]
    try:
        before = load(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError, FileFormatError):
        return dict.fromkeys(names, "it was never run")
    reasons = {}
    for index, name in enumerate(names):
        same = index < len(before.stages) and before.stage_digests[index] == plan.stage_digests[index]
        reasons[name] = "it was not run to its end" if same else _changed(before, plan, name)
    return reasons


def _changed(before: Plan, plan: Plan, stage: str) -> str:
    """Name what changed in a stage, or in what all stages share."""
    found: dict[str, None] = {}
    called = matched(before, plan).get(stage)
    for edit in edits(before, plan):
        room, *rest = [str(part) for part in edit.path]
        if room == "stages" and len(rest) > 1 and rest[0] == called and rest[1] not in _FOLLOWS:
            found[f"{_KEYS.get(rest[1], rest[1])} changed at stages.{stage}"] = None
        elif room in _SHARED:
            found[".".join([room, *rest[:2]]) + " changed"] = None
    shown = list(found)
    more = f", and {len(shown) - MOST} more" if len(shown) > MOST else ""
    return ", ".join(shown[:MOST]) + more if shown else "it is new"
