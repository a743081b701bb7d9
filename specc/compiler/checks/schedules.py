"""The learning rate at each step: phases that follow each other, change the rate, and keep it within reason."""

import math
from typing import Final

from specc.compiler.checks.rows import Row, table, written_together
from specc.compiler.context import Context
from specc.compiler.selection import match
from specc.paths import KeyPath
from specc.spec.expressions import Call, Interval, Stop
from specc.spec.units import Quantity, number_text

_VANISHED: Final = 1e-12
"""A share of a rate that changes no weight in fp32, whose steps are 6e-8 of a weight."""

_MANY: Final = 10**6
"""So many falls leave nothing of any rate, whatever their number is."""

_ADAPTIVE: Final = ("adamw", "adam", "rmsprop", "lamb", "lion")
"""Optimizers whose steps are as large as the rate, whatever the gradient."""


def check_schedules(context: Context) -> None:
    """Report rates that end before they begin, never change, or cannot train."""
    for row in table(context):
        schedule, place = row.setting("lr")
        if schedule is None:
            continue
        for index, phase in enumerate(schedule.phases):
            _order(row, place, phase, is_last=index == len(schedule.phases) - 1)
            _direction(row, place, phase)
            _warmup(row, place, phase, schedule.phases[index + 1 :])
            _step(row, place, phase)
            _plateau(row, place, phase)
        _peak(row, place, schedule.phases)
        _nesterov(row)


def _order(row: Row, place: KeyPath, phase: Call, *, is_last: bool) -> None:
    labels = row.at(place, phase.span)
    if phase.function == "warmup" and is_last:
        row.error("schedule-incomplete", "a warmup leads nowhere", labels, "add `then cosine(1e-3 -> 0)`")
    if phase.function != "warmup" and not is_last:
        headline = f"`{phase.function}` has no end, so what comes after it never begins"
        row.error("schedule-incomplete", headline, labels, "only `warmup` may stand before `then`")


def _direction(row: Row, place: KeyPath, phase: Call) -> None:
    """Report a rate that rises where it should fall, or stays as it is."""
    over, labels = phase.arguments.get("over"), row.at(place, phase.span)
    if isinstance(over, Interval):
        start, stop = number_text(over.start), number_text(over.stop)
        if over.start < over.stop:
            headline = f"`{phase.function}` rises over the stage, from {start} to {stop}"
            row.warn("schedule-rises", headline, labels, f"did you mean `{stop} -> {start}`?")
        if over.start == over.stop:
            headline = f"`{phase.function}` never changes the rate: it begins and ends at {start}"
            row.warn("schedule-idle", headline, labels, f"write `{start}` alone, or another end")
    if phase.function == "step" and phase.number("factor") >= 1:
        factor = number_text(phase.number("factor"))
        code, what = ("schedule-idle", "never changes the rate") if factor == "1" else ("schedule-rises", "rises")
        row.warn(code, f"`step` {what}: its factor is {factor}", labels, "a factor below 1 lowers the rate")


def _warmup(row: Row, place: KeyPath, phase: Call, after: tuple[Call, ...]) -> None:
    if phase.function != "warmup":
        return
    duration = phase.arguments["duration"]
    assert isinstance(duration, Quantity)  # noqa: S101
    total, end = row.setting(str(duration.unit))
    if total is not None and duration.value >= total:
        report_long(row, str(duration), Quantity(total, duration.unit), end)
    if after and phase.number("start") > first_rate(after[0]):
        start, first = number_text(phase.number("start")), number_text(first_rate(after[0]))
        headline = f"the warmup falls, from {start} to {first}"
        row.warn("warmup-falls", headline, row.at(place, phase.span), f"begin below {first}")


def report_long(row: Row, warmup: str, length: Quantity, end: KeyPath) -> None:
    """Report a warmup that leaves nothing of its stage; a later layer may well make a trial of a stage."""
    place = row.setting("lr")[1]
    headline = f"the warmup of {warmup} leaves nothing of stage `{row.stage.name}`, which has {length}"
    labels = row.at(place) + row.at(end, text=f"the stage has {length}")
    report = row.error if written_together(row.context, place, end) else row.warn
    report("schedule-too-long", headline, labels, "shorten it, or lengthen the stage")


def first_rate(phase: Call) -> float:
    """Return the rate that a phase begins with."""
    over = phase.arguments.get("over")
    if isinstance(over, Interval):
        return over.start
    if phase.function == "warmup":
        return phase.number("start")
    return phase.number("value") / (phase.number("start_div") if phase.function == "onecycle" else 1)


def _step(row: Row, place: KeyPath, phase: Call) -> None:
    """Report steps that are longer than the stage, and so many that nothing is left of the rate."""
    every = phase.arguments.get("every")
    total, end = row.setting(str(every.unit)) if isinstance(every, Quantity) else (None, place)
    if total is not None and isinstance(every, Quantity) and written_together(row.context, place, end):
        check_falls(row, phase, total / every.value, Quantity(total, every.unit), end)


def check_falls(row: Row, phase: Call, times: float, length: Quantity, end: KeyPath) -> None:
    """Report steps of a rate that are never taken, and those that leave nothing of it.

    `times` is how often `every` goes into `length`, and `end` is where that is written.
    """
    falls, factor = math.ceil(min(times, _MANY)) - 1, phase.number("factor")
    labels = row.at(row.setting("lr")[1], phase.span) + row.at(end, text=f"the stage has {length}")
    if not falls:
        every = phase.arguments["every"]
        headline = f"`step` never changes the rate: it waits {every}, and stage `{row.stage.name}` has {length}"
        row.warn("schedule-idle", headline, labels, "lower `every`")
    elif min(factor, 1.0) ** falls < _VANISHED:
        many = f"{falls:,} times in {length}"
        headline = f"nothing is left of the rate: `step` multiplies it by {number_text(factor)}, {many}"
        row.warn("rate-vanishes", headline, labels, "raise `every` or `factor`")


def _plateau(row: Row, place: KeyPath, phase: Call) -> None:
    """Report a plateau that the stage is too short for, or that a stop is faster than."""
    if phase.function != "plateau":
        return
    labels, patience = row.at(place, phase.span), int(phase.number("patience"))
    value, least = phase.number("value"), phase.number("min_lr")
    if least >= value > 0:
        headline = (
            f"`plateau` never lowers the rate: it begins at {number_text(value)}, and ends at {number_text(least)}"
        )
        row.warn("schedule-idle", headline, labels, "lower `min_lr`")
    every = row.context.spec.evaluate.every
    total, total_place = row.setting("epochs")
    if total and (total - 1) // every < patience + 2 and written_together(row.context, place, total_place):
        headline = f"`plateau` never changes the rate: its patience is {patience}, and the stage has {total} epochs"
        labels += row.at(total_place, text="the stage ends here")
        row.warn("schedule-idle", headline, labels, "lower `patience`, or use another schedule")
        return
    stop, stop_place = row.setting("stop")
    if stop and every == 1 and _is_faster(stop, patience) and written_together(row.context, place, stop_place):
        headline = f"`plateau` never changes the rate: its patience is {patience}, and the stop's is {stop.patience}"
        labels += row.at(stop_place, stop.spans.get("patience"), "the stage ends first")
        row.warn("schedule-idle", headline, labels, "give the stop more patience than the plateau")


def _is_faster(stop: Stop, patience: int) -> bool:
    """Say whether a stop ends the stage before a plateau of that patience lowers the rate, whatever the losses are.

    Both wait for the same validations. The rate falls for the epoch after the one that is one too many.
    """
    watches_loss = stop.monitor.mode == "min" and stop.monitor.metric.function == "loss"
    in_epochs = stop.patience.unit == "epochs" and stop.after.unit == "epochs"
    return watches_loss and in_epochs and stop.patience.value <= patience + 1 and stop.after.value <= patience + 2


def _peak(row: Row, place: KeyPath, phases: tuple[Call, ...]) -> None:
    """Report a rate that is 0 throughout, or as large as the weights themselves."""
    if phases[-1].function == "warmup":
        return
    highest = max(_highest(phase) for phase in phases)
    optimizer = row.setting("optimizer")[0]
    kind = optimizer.function if optimizer else "adamw"
    if highest == 0:
        headline = f"stage `{row.stage.name}` trains at a rate of 0"
        row.warn("zero-rate", headline, row.at(place), "raise the rate, or leave the stage out")
    elif highest >= 1 and kind in _ADAPTIVE and not _scales_all(row):
        headline = f"a rate of {number_text(highest)} moves every weight by about as much in each step of `{kind}`"
        row.warn("rate-too-large", headline, row.at(place), "rates of 1e-5 to 1e-2 are usual")


def _scales_all(row: Row) -> bool:
    """Say whether every parameter has a factor of its own on the rate, as far as is known."""
    rates = row.setting("rates")[0]
    if rates is None or rates.layer_decay:
        return False
    return row.trained <= set().union(*(match(rate.pattern, row.names) for rate in rates.entries))


def _highest(phase: Call) -> float:
    over = phase.arguments.get("over")
    if isinstance(over, Interval):
        return max(over.start, over.stop)
    return phase.number("start" if phase.function == "warmup" else "value")


def _nesterov(row: Row) -> None:
    optimizer, place = row.setting("optimizer")
    if optimizer and optimizer.arguments.get("nesterov") == "true" and not optimizer.number("momentum"):
        headline = "`nesterov` needs a momentum"
        row.error("contradiction", headline, row.at(place, optimizer.span), "write `sgd(momentum = 0.9, ...)`")
