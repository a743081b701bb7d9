"""Early stops: they must be able to act, and able not to."""

import math

from specc.compiler.checks.rows import Row, table, written_together
from specc.compiler.context import Context
from specc.paths import KeyPath
from specc.spec.expressions import Stop
from specc.spec.units import number_text

SHARES = ("top", "macro_f1", "macro_recall", "cascade", "knn", "exact_match")
"""Metrics from 0 to 1 that are better the higher they are."""


def check_stops(context: Context) -> None:
    """Report stops that never act, and stops that always do."""
    for row in table(context):
        stop, place = row.setting("stop")
        if stop is not None:
            if not _never(row, place, stop):
                _patience(row, place, stop)
            _min_delta(row, place, stop)


def _never(row: Row, place: KeyPath, stop: Stop) -> bool:
    """Report a stop that is due when the stage is over; over a default, that is how a stage does without."""
    total, total_place = row.setting(str(stop.after.unit))
    if total is not None and stop.after.value and stop.after.value >= total:
        headline = f"the stop can never act: it waits {stop.after}, and the stage has {total}"
        labels = row.at(place, stop.spans.get("after")) + row.at(total_place, text="ends here")
        row.warn("stop-never-acts", headline, labels, f"lower `after` below {total}, or leave the stop out")
        return True
    total, total_place = row.setting("epochs")
    every = row.context.spec.evaluate.every
    if total is None or _earliest(stop, every) < total:
        return False
    if row.context.spec.defaults.stop is None and written_together(row.context, place, total_place):
        waits = (
            f"its patience of {stop.patience} begins with the first validation"
            if every < total
            else f"validation comes every {every} epochs"
        )
        headline = f"the stop can never act: {waits}, and the stage has {total}"
        labels = row.at(place, stop.spans.get("patience")) + row.at(total_place, text="ends here")
        row.warn("stop-never-acts", headline, labels, "lower the patience, or leave the stop out")
    return True


def _earliest(stop: Stop, every: int) -> int:
    """Return the first epoch that can end a stage: one that is validated, and `patience` after one that was.

    What is counted in steps is taken as 0.
    """
    patience, after = (quantity.value if quantity.unit == "epochs" else 0 for quantity in (stop.patience, stop.after))
    return every * math.ceil(max(after, patience + every if patience else every) / every)


def _patience(row: Row, place: KeyPath, stop: Stop) -> None:
    """Report a patience that is over before the next validation."""
    every = row.context.spec.evaluate.every
    if stop.patience.value and (stop.patience.unit != "epochs" or stop.patience.value >= every):
        return
    often = "epoch" if every == 1 else f"{every} epochs"
    headline = f"the stop has no patience: it waits {stop.patience}, and validation comes every {often}"
    labels = row.at(place, stop.spans.get("patience"))
    labels += row.context.at("evaluate.every", text="validated so seldom") if every > 1 else ()
    row.warn("patience-too-short", headline, labels, f"raise it to {every} or more")


def _min_delta(row: Row, place: KeyPath, stop: Stop) -> None:
    """Report an improvement that no share can make."""
    metric = stop.monitor.metric
    if metric.function in SHARES and stop.min_delta >= 1:
        delta = number_text(stop.min_delta)
        headline = f"no epoch is better than another by {delta}: `{metric}` is a share from 0 to 1"
        row.warn("stop-always-acts", headline, row.at(place, stop.spans.get("min_delta")), f"write `{delta}%`")
