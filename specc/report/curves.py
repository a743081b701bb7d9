"""Losses, metrics and learning rate over a run."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from specc.report.drawing import (
    COLORS,
    INK,
    STAGE_PAD,
    TITLE_PAD,
    drawable,
    dress,
    legend,
    new_figure,
    percent_ticks,
    shade_stages,
    whole_ticks,
)
from specc.report.model import Finished
from specc.report.words import cut, metric_value

WIDE = 30
"""Ratio of the largest to the smallest value from which on an axis is logarithmic."""

DEEP = 1e5
"""Ratio that a logarithmic axis of rates shows at most; a cosine to zero would stretch it without end."""

MAX_LINES = 6
_FEW = 60
"""Epochs up to which each is marked with a dot."""


def curves_figure(finished: Finished) -> Figure | None:
    """Draw the losses over all epochs, and below them the validated metrics."""
    metrics = _metrics(finished)
    losses = [split for split in ("train", "val") if _finite(_series(finished, split, "loss"))]
    if not metrics and not losses:
        return None
    figure = new_figure(10, 7 if metrics and losses else 4)
    panels = int(bool(losses)) + int(bool(metrics))
    axes = [figure.add_subplot(panels, 1, place + 1) for place in range(panels)]
    if losses:
        _losses(axes[0], finished, losses)
    if metrics:
        pad = TITLE_PAD if losses else STAGE_PAD
        dress(axes[-1], "validation", pad=pad)
        _draw_metrics(axes[-1], finished, metrics)
        legend(axes[-1], pad)
    for panel in axes:
        shade_stages(panel, _epoch_spans(finished), named=panel is axes[0])
        whole_ticks(panel)
    axes[-1].set_xlabel("epoch")
    return figure


def rates_figure(finished: Finished) -> Figure | None:
    """Draw the learning rate over the steps of all stages."""
    rates = np.array([rate for _, rate in finished.rates], float)
    usable = np.isfinite(rates)
    if not usable.any():
        return None
    steps = np.array([step for step, _ in finished.rates])[usable]
    rates = rates[usable]
    figure = new_figure(10, 3.4)
    axes = figure.add_subplot()
    dress(axes, "learning rate", "step", pad=STAGE_PAD)
    spans = _step_spans(finished, int(steps.max()))
    _scale_rates(axes, rates)
    stage_of = np.searchsorted([start for _, start, _ in spans], steps, side="right") - 1
    for stage in range(len(spans)):
        inside = stage_of == stage
        # A logarithm has no place for zero.
        shown = np.where(rates > 0, rates, np.nan) if axes.get_yscale() == "log" else rates
        marker = "o" if inside.sum() == 1 else ""
        axes.plot(steps[inside], shown[inside], color=COLORS[0], linewidth=1.8, marker=marker)
    shade_stages(axes, spans)
    whole_ticks(axes)
    return figure


def _scale_rates(axes: Axes, rates: Any) -> None:
    if _spans_wide(rates):
        axes.set_yscale("log")
        axes.set_ylim(max(rates[rates > 0].min() / 1.5, rates.max() / DEEP), rates.max() * 1.5)
    else:
        axes.set_ylim(0, rates.max() * 1.08 or 1)


def _losses(axes: Axes, finished: Finished, splits: list[str]) -> None:
    dress(axes, "loss", pad=STAGE_PAD)
    color_of = dict(zip(("train", "val"), COLORS, strict=False))
    drawn = [_line(axes, _series(finished, split, "loss"), split, color_of[split]) for split in splits]
    if _spans_wide(np.concatenate(drawn)):
        axes.set_yscale("log")
    best = finished.results.get("best")
    if best and best["metric"] == "loss":
        _mark_best(axes, finished, best, color_of["val"])
    legend(axes, STAGE_PAD)


def _draw_metrics(axes: Axes, finished: Finished, metrics: list[str]) -> None:
    color_of = dict(zip(metrics, COLORS, strict=False))
    drawn = [_line(axes, _percent(_series(finished, "val", name)), name, color_of[name]) for name in metrics]
    gates = [gate for gate in finished.results["gates"] if gate["metric"] in color_of]
    for gate in gates:
        _target(axes, gate, color_of[gate["metric"]])
    best = finished.results.get("best")
    if best and best["metric"] in color_of:
        _mark_best(axes, finished, best, color_of[best["metric"]], scale=100)
    _limit(axes, [*np.concatenate(drawn), *(100 * gate["target"] for gate in gates)])
    percent_ticks(axes)


def _line(axes: Axes, points: list[tuple[int, float]], name: str, color: str) -> list[float]:
    """Draw one number over the epochs that have it, and return its values."""
    marker = "o" if len(points) <= _FEW else ""
    epochs, values = [epoch for epoch, _ in points], [value for _, value in points]
    label = drawable(cut(name, 70))
    axes.plot(epochs, values, color=color, label=label, linewidth=1.8, marker=marker, markersize=3)
    return values


def _target(axes: Axes, gate: dict[str, Any], color: str) -> None:
    height = 100 * gate["target"]
    axes.axhline(height, color=color, linewidth=1.1, linestyle=(0, (5, 3)), alpha=0.9, zorder=1.5)
    axes.annotate(
        f"target {height:g}%",
        (0, height),
        xycoords=axes.get_yaxis_transform(),
        xytext=(5, 2),
        textcoords="offset points",
        fontsize=8,
        color=color,
    )


def _mark_best(axes: Axes, finished: Finished, best: dict[str, Any], color: str, scale: float = 1) -> None:
    place = (best["stage"], best["epoch"])
    x = next((i for i, row in enumerate(finished.history, 1) if (row["stage"], row["epoch"]) == place), None)
    if x is None or best["value"] is None or not math.isfinite(best["value"]):
        return
    y = scale * best["value"]
    axes.plot([x], [y], "o", color=color, markersize=8, markeredgecolor="white", markeredgewidth=1.5, zorder=4)
    late = x > len(finished.history) / 2
    axes.annotate(
        f"best {metric_value(best['metric'], best['value'])}",
        (x, y),
        xytext=(-8 if late else 8, 9),
        textcoords="offset points",
        ha="right" if late else "left",
        fontsize=9,
        fontweight="bold",
        color=INK,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1},
        zorder=6,
    )


def _limit(axes: Axes, values: list[float]) -> None:
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite), max(finite)
    room = max(0.06 * (high - low), 0.5)
    axes.set_ylim(low - room, high + 2.5 * room)


def _metrics(finished: Finished) -> list[str]:
    """Return the metrics that are drawn: in the plan's order, those of targets first."""
    wanted = [gate["metric"] for gate in finished.results["gates"]]
    wanted += [finished.plan.evaluate.best.metric, *finished.plan.evaluate.metrics]
    drawn = [name for name in dict.fromkeys(wanted) if name != "loss" and _finite(_series(finished, "val", name))]
    return drawn[:MAX_LINES]


def _series(finished: Finished, split: str, metric: str) -> list[tuple[int, float]]:
    """Return a number with the epochs, counted through all stages, that have it; infinities do not count."""
    rows = [(epoch, row[split].get(metric)) for epoch, row in enumerate(finished.history, 1)]
    return [(epoch, value if math.isfinite(value) else math.nan) for epoch, value in rows if value is not None]


def _percent(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    return [(epoch, 100 * value) for epoch, value in points]


def _finite(series: list[tuple[int, float]]) -> bool:
    return any(math.isfinite(value) for _, value in series)


def _spans_wide(values: Any) -> bool:
    numbers = np.asarray(values, float)
    positive = numbers[np.isfinite(numbers) & (numbers > 0)]
    negative = bool((numbers < 0).any())
    return len(positive) > 0 and not negative and bool(positive.max() > WIDE * positive.min())


def _epoch_spans(finished: Finished) -> list[tuple[str, float, float]]:
    spans: list[tuple[str, float, float]] = []
    for stage in finished.stages:
        if stage.rows:
            start = spans[-1][2] if spans else 0.5
            spans.append((stage.plan.name, start, start + len(stage.rows)))
    return spans


def _step_spans(finished: Finished, last: int) -> list[tuple[str, float, float]]:
    run = [stage for stage in finished.stages if stage.steps]
    spans = [(it.plan.name, float(it.first_step), float(it.first_step + it.steps)) for it in run]
    if not spans or spans[-1][2] < last:
        spans.append(("", spans[-1][2] if spans else 0.0, float(last) or 1.0))
    return spans
