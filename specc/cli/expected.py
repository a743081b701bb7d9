"""What a run has shown of how long stages take, and what its store has: what a plan's own numbers cannot say."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from specc.cli.output import duration
from specc.diff.effects import Comparison
from specc.diff.render import listed
from specc.errors import SpeccError
from specc.plan.model import Plan, StagePlan
from specc.report.runs import read_run
from specc.runtime.folder import RunFolder
from specc.runtime.standing import standings


def expected_lines(comparison: Comparison, root: Path) -> Iterator[str]:
    """Say what of the new plan is in the store, and how long both take by the time that the last run took."""
    new = comparison.new
    if not comparison.edits:
        return
    stored = {it.stage for it in standings(new, _folder(new, root)) if it.state == "stored"}
    if found := [name for name in comparison.retrained if name in stored]:
        yield f"in the store already: {listed(found)}"
    pace = paces(_folder(comparison.old, root).root)
    before = _seconds(comparison.old, comparison.old.stages, pace, {})
    after = _seconds(new, new.stages, pace, comparison.called)
    left = _seconds(
        new, [it for it in new.stages if it.name not in {*comparison.kept, *stored}], pace, comparison.called
    )
    if None not in (before, after, left):
        yield f"time, by the last run: {duration(before or 0)} -> {duration(after or 0)}, {duration(left or 0)} to go"


def _folder(plan: Plan, root: Path) -> RunFolder:
    return RunFolder(root / plan.run.out / plan.name)


def paces(folder: Path) -> dict[str, float]:
    """Return the seconds of an optimizer step in each stage of the last run there, validation included."""
    try:
        last = read_run(folder)
    except SpeccError:
        return {}
    seconds: dict[str, float] = {}
    steps: dict[str, int] = {}
    for row, taken in zip(last.history, last.seconds, strict=True):
        seconds[row["stage"]] = seconds.get(row["stage"], 0.0) + taken
        steps[row["stage"]] = row["step"]
    return {stage: seconds[stage] / count for stage, count in steps.items() if count and seconds[stage]}


def _seconds(
    plan: Plan, stages: Sequence[StagePlan], pace: Mapping[str, float], called: Mapping[str, str]
) -> float | None:
    """Return the seconds of some stages; a stage that never ran takes what the others take on average."""
    if not pace or any(stage.steps is None for stage in plan.stages):
        return None
    mean = sum(pace.values()) / len(pace)
    return sum((stage.steps or 0) * pace.get(called.get(stage.name, stage.name), mean) for stage in stages)
