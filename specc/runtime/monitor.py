"""What validation decides: the best epoch, and when a stage ends. Pure functions of the history."""

import math
from collections.abc import Sequence
from typing import Any

from specc.plan.model import GatePlan, MonitorPlan, StopPlan
from specc.runtime.words import target

Row = dict[str, Any]
"""One epoch of the history: stage, epoch from 1, train, val, lr."""


def value_of(row: Row, monitor: MonitorPlan) -> float | None:
    """Return what a monitor watches in a row; None when the epoch was not validated."""
    value = row["val"].get(monitor.metric)
    return None if value is None or math.isnan(value) else float(value)


def improves(monitor: MonitorPlan, value: float, best: float | None, min_delta: float = 0.0) -> bool:
    """Say whether a value is better than the best so far by more than `min_delta`; an equal one is not."""
    if best is None or math.isnan(best):
        return True
    return value > best + min_delta if monitor.mode == "max" else value < best - min_delta


def best_row(monitor: MonitorPlan, rows: Sequence[Row]) -> Row | None:
    """Return the first row with the best value."""
    best: Row | None = None
    for row in rows:
        value = value_of(row, monitor)
        if value is not None and improves(monitor, value, value_of(best, monitor) if best else None):
            best = row
    return best


def has_stopped(stop: StopPlan | None, rows: Sequence[Row]) -> bool:
    """Say whether a stage with these epochs ends now.

    Patience counts from the best epoch so far, and nothing stops before `after`; nothing latches, so a better epoch
    always buys new patience. Only an epoch that was validated can end a stage.

    >>> stop = StopPlan(monitor=MonitorPlan(mode="min", metric="loss"), patience_epochs=2.0, after_epochs=0.0,
    ...                 patience_steps=None, after_steps=None, min_delta=0.0)
    >>> rows = [{"epoch": e, "val": {"loss": loss}} for e, loss in enumerate([3.0, 2.0, 2.5, 2.5], start=1)]
    >>> has_stopped(stop, rows), has_stopped(stop, rows[:3])
    (True, False)
    """
    if stop is None or not rows or value_of(rows[-1], stop.monitor) is None:
        return False
    best, best_epoch = None, 0
    for row in rows:
        value = value_of(row, stop.monitor)
        if value is not None and improves(stop.monitor, value, best, stop.min_delta):
            best, best_epoch = value, row["epoch"]
    epoch = int(rows[-1]["epoch"])
    return epoch >= (stop.after_epochs or 0) and epoch - best_epoch >= (stop.patience_epochs or 0)


def judge(gates: Sequence[GatePlan], values: dict[str, float]) -> list[dict[str, Any]]:
    """Return each gate with its value, target and whether it was reached; a value that is missing is a miss.

    >>> judged = judge([GatePlan(metric="top1(a)", operator=">=", threshold=0.9)], {"top1(a)": 0.95})
    >>> judged[0]["gate"], judged[0]["passed"]
    ('top1(a) >= 90%', True)
    """
    return [_judged(gate, values.get(gate.metric, math.nan)) for gate in gates]


def _judged(gate: GatePlan, value: float) -> dict[str, Any]:
    passed = {
        ">=": value >= gate.threshold,
        ">": value > gate.threshold,
        "<=": value <= gate.threshold,
        "<": value < gate.threshold,
        "==": value == gate.threshold,
    }[gate.operator]
    text = f"{gate.metric} {gate.operator} {target(gate.metric, gate.threshold)}"
    return {"gate": text, "metric": gate.metric, "value": value, "target": gate.threshold, "passed": passed}
