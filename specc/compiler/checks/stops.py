"""Early stops: they must be able to act, and able not to."""

import math
from typing import NamedTuple

from specc.compiler.checks.metrics import SHARES
from specc.compiler.checks.rows import Row, by_place, table, written_together
from specc.compiler.context import Context
from specc.paths import KeyPath
from specc.spec.expressions import Stop
from specc.spec.units import number_text


class Late(NamedTuple):
    """Why a stop is due when its stage is over: the argument that waits, what to lower, and where the end is set."""

    argument: str
    why: str
    lower: str
    total: int
    end: KeyPath


def check_stops(context: Context) -> None:
    """Report stops that never act, and stops that always do."""
    for place, users in by_place(table(context), "stop").items():
        row, stop = users[0], users[0].setting("stop")[0]
        late = [found for user in users if (found := _late(user, stop))]
        if len(late) < len(users):
            _patience(row, place, stop)
        elif written_together(context, place, *(found.end for found in late)):
            headline = f"the stop can never act: {late[0].why}, and the stage has {late[0].total}"
            labels = row.at(place, stop.spans.get(late[0].argument)) + row.at(late[0].end, text="ends here")
            row.warn("stop-never-acts", headline, labels, f"lower {late[0].lower}, or say `none`")
        _min_delta(row, place, stop)


def _late(row: Row, stop: Stop) -> Late | None:
    """Say why a stop is due when a stage is over, if it is."""
    total, end = row.setting(str(stop.after.unit))
    if total is not None and stop.after.value and stop.after.value >= total:
        return Late("after", f"it waits {stop.after}", f"`after` below {total}", total, end)
    total, end = row.setting("epochs")
    every = row.context.spec.evaluate.every
    if total is None or _earliest(stop, every) < total:
        return None
    if every >= total:
        return Late("patience", f"validation comes every {every} epochs", "evaluate.every", total, end)
    why = f"its patience of {stop.patience} begins with the first validation"
    return Late("patience", why, "the patience", total, end)


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
