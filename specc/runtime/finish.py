"""The end of a run: its best weights measured, told, and marked as finished."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from specc.checkpoint.atomic import write_atomic
from specc.checkpoint.format import encode
from specc.checkpoint.metadata import CheckpointInfo
from specc.plan.file import dump
from specc.plan.model import Plan
from specc.runtime.evaluate import evaluate
from specc.runtime.events import Evaluated, Event, Finished
from specc.runtime.gates import handed_on
from specc.runtime.monitor import Row, judge
from specc.runtime.resume import called_as, read_tensors
from specc.runtime.run import Run
from specc.runtime.schedule import rate
from specc.runtime.state import State
from specc.runtime.tensors import to_raw


def finish(run: Run, state: State) -> Iterator[Event]:
    """Measure the best weights, hand the numbers to whoever reports, and mark the run as finished."""
    plan, folder = run.plan, run.folder
    best_stage = state.best["stage"] if state.best else plan.stages[-1].name
    header, tensors = read_tensors(folder.stage_best(best_stage))
    info = called_as(plan, CheckpointInfo.from_json(header.own_metadata or {}, str(folder.stage_best(best_stage))))
    state.load_weights(tensors)
    stage = plan.stages[info.stage_index]
    measured = {name: evaluate(state.evaluated, split, stage, run.leave_if_asked) for name, split in run.splits.items()}
    yield from run.skipped(state)
    run.leave_if_asked()
    judged_on = "test" if "test" in measured else "val"
    values = {name: found.values for name, found in measured.items()}
    gates = judge(plan.evaluate.expect, values.get(judged_on, {}))
    results = {
        **values,
        "judged_on": judged_on,
        "gates": gates,
        "best": state.best,
        "stages": _after_stages(plan, state.history),
        "unreadable": len(state.unreadable),
    }
    rates = sampled_rates(plan, state.history)
    predictions = {name: found.predictions for name, found in measured.items()}
    best = folder.stage_best(best_stage)
    yield Evaluated(best, results, predictions, state.history, rates, state.environment)
    final = replace(
        info,
        name=plan.name,
        finished=True,
        results=results,
        plan_digest=plan.digest,
        plan=dump(plan),
        spec=state.spec,
        history=state.history,
    )
    write_atomic(folder.best, encode(to_raw(tensors), final.to_json()).chunks())
    yield Finished(results, str(folder.root), run.steps_made)


def _after_stages(plan: Plan, history: list[Row]) -> list[dict[str, Any]]:
    """Return what validation said of the weights that each stage handed on."""
    rows = ((stage.name, handed_on(plan, history, index)) for index, stage in enumerate(plan.stages))
    return [{"stage": name, "val": row["val"]} for name, row in rows if row]


def sampled_rates(plan: Plan, history: list[Row], points: int = 400) -> list[tuple[int, float]]:
    """Return the rates that were used, at some steps of each stage. Units: steps of the run."""
    found: list[tuple[int, float]] = []
    start = 0
    for stage in plan.stages:
        rows = [row for row in history if row["stage"] == stage.name]
        made = rows[-1]["step"] if rows else 0
        losses = [(row["step"], row["val"]["loss"]) for row in rows if "loss" in row["val"]]
        steps = range(0, made, max(made // points, 1))
        found += [(start + step, rate(stage, step, [loss for at, loss in losses if at <= step])) for step in steps]
        start += made
    return found
