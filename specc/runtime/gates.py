"""Targets between stages: judged by the weights that a stage hands on."""

from typing import Any

from specc.errors import GateMissed
from specc.plan.model import Plan
from specc.runtime.evaluate import evaluate
from specc.runtime.monitor import Row, best_row, judge
from specc.runtime.resume import read_tensors
from specc.runtime.run import Run
from specc.runtime.state import State
from specc.runtime.words import shown


def stage_gates(plan: Plan, history: list[Row], index: int) -> list[dict[str, Any]]:
    """Judge a stage's targets by the weights that it hands on."""
    row = handed_on(plan, history, index)
    return judge(plan.stages[index].expect, row["val"] if row else {})


def handed_on(plan: Plan, history: list[Row], index: int) -> Row | None:
    """Return the row of the weights that a stage hands on: its best where the next one asks for it, else its last."""
    rows = [row for row in history if row["stage"] == plan.stages[index].name and row["val"]]
    if plan.hands_on_best(index):
        return best_row(plan.evaluate.best, rows)
    return rows[-1] if rows else None


def check_gates(plan: Plan, history: list[Row], index: int) -> None:
    """Go on only when the stage before reached its targets."""
    missed = [gate for gate in stage_gates(plan, history, index) if not gate["passed"]]
    if missed:
        told = "; ".join(f"{gate['gate']}, got {shown(gate['metric'], gate['value'])}" for gate in missed)
        raise GateMissed(
            f"stage `{plan.stages[index].name}` missed its target: {told}", help="change the stage, or its `expect`"
        )


def complete_row(run: Run, state: State, index: int) -> None:
    """Measure what a target of a finished stage asks for and was not measured then, by the weights it handed on."""
    stage = run.plan.stages[index]
    row = handed_on(run.plan, state.history, index)
    missing = {gate.metric for gate in stage.expect} - (row["val"].keys() if row else set())
    if not missing or row is None:
        return
    folder = run.folder
    path = folder.stage_best(stage.name) if run.plan.hands_on_best(index) else folder.stage(stage.name)
    kept = {name: tensor.clone() for name, tensor in state.tensors().items()}
    state.load_weights(read_tensors(path)[1])
    values = evaluate(state.evaluated, run.splits["val"], stage, run.leave_if_asked).values
    state.load_weights(kept)
    row["val"] = {**values, **row["val"]}
