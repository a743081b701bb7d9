"""The end of an epoch: validation where it is due, a row of the history, and the best weights so far."""

import math
import time
from collections.abc import Iterator

from specc.errors import Interrupted
from specc.runtime.cadence import Cadence
from specc.runtime.evaluate import evaluate
from specc.runtime.events import EpochDone, Event, TailMeasured
from specc.runtime.monitor import Row, best_row, improves, value_of
from specc.runtime.run import Run
from specc.runtime.state import State
from specc.runtime.tail import followed


def end_epoch(run: Run, state: State, cadence: Cadence, began: float) -> Iterator[Event]:
    """Validate where it is due, record the epoch, and keep its weights if they are the best."""
    stage, last, epoch = state.of_stage, state.step >= (state.of_stage.steps or 0), len(state.stage_rows) + 1
    due = "val" in run.splits and (last or epoch % run.plan.evaluate.every_epochs == 0)
    try:
        measured = evaluate(state.evaluated, run.splits["val"], stage, run.leave_if_asked) if due else None
    except Interrupted:
        yield from run.saving.save(state, "last", cadence)
        yield from run.saving.done(most=0)
        raise
    if measured:
        state.tail = followed(run.plan, state.tail, measured.tail)
    row: Row = {
        "stage": stage.name,
        "epoch": epoch,
        "step": state.step,
        "train": {"loss": math.fsum(state.epoch_losses) / max(len(state.epoch_losses), 1)},
        "val": measured.values if measured else {},
        "lr": state.rate_at(state.step - 1),
    }
    state.epoch_losses = []
    of_stage, of_run = _is_best(run, state, row)
    state.history.append(row)
    if of_run:
        monitor = run.plan.evaluate.best
        value = row["val"].get(monitor.metric, math.nan)
        state.best = {"stage": stage.name, "epoch": epoch, "metric": monitor.metric, "value": value}
    if of_stage:
        yield from run.saving.save(state, "best", cadence, of_run=of_run)
    run.folder.write_history(state.history)
    yield from run.skipped(state)
    if measured and state.tail:
        yield TailMeasured(stage.name, epoch, state.global_step, state.tail)
    yield EpochDone(row, state.global_step, of_run, time.monotonic() - began)


def _is_best(run: Run, state: State, row: Row) -> tuple[bool, bool]:
    """Say whether an epoch is the best of its stage, and of the run.

    The latest one is where there is no validation, and the first one as long as nothing could be measured.
    """
    monitor = run.plan.evaluate.best
    value = value_of(row, monitor)
    if value is None:
        latest = "val" not in run.splits
        return latest or not state.stage_rows, latest or state.best is None
    best = best_row(monitor, state.stage_rows)
    of_stage = improves(monitor, value, value_of(best, monitor) if best else None)
    return of_stage, improves(monitor, value, state.best["value"] if state.best else None)
