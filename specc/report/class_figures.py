"""Which classes are taken for which, and how each fares by its number of training samples."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from specc.plan.model import LabelPlan
from specc.report.drawing import (
    COLORS,
    GRID,
    INK,
    MUTED,
    TITLE_PAD,
    drawable,
    dress,
    legend,
    new_figure,
    percent_ticks,
    whole_ticks,
)
from specc.report.model import Finished
from specc.report.scores import ClassScore, class_scores, confusion, worst
from specc.report.words import class_name, cut

MAX_CONFUSION: Final = 60
MAX_COUNTED: Final = 20
"""Classes up to which the counts are written into the cells."""

_NAMED: Final = 12
_SIDES: Final = (
    ((6, 0), "left", "center_baseline"),
    ((-6, 0), "right", "center_baseline"),
    ((0, 6), "center", "bottom"),
    ((0, -6), "center", "top"),
)
"""Where the name of a dot may stand. Units: points."""
_WIDE: Final = 30
_BLUES: Final = LinearSegmentedColormap.from_list("blues", ["#ffffff", "#c9ddf0", "#3a8fc7", "#00456e"])


def confusion_figure(finished: Finished, name: str) -> Figure | None:
    """Draw true against predicted classes, each row as shares of its class."""
    table = confusion(finished.judged[name])
    count = len(table.codes)
    if not 0 < count <= MAX_CONFUSION:
        return None
    label = finished.plan.label(name)
    side = 3.2 + max(count, 4) * (0.42 if count <= MAX_COUNTED else 0.17)
    figure = new_figure(side + 0.6, side)
    axes = figure.add_subplot()
    totals = table.counts.sum(axis=1, keepdims=True)
    shares = table.counts / np.maximum(totals, 1)
    _cells(figure, axes, shares)
    _frame(axes, [drawable(class_name(label, code, 24)) for code in table.codes])
    axes.set_title(_title(finished, name, "confusion"), loc="left", color=INK, fontsize=11, fontweight="bold", pad=12)
    if count <= MAX_COUNTED:
        _write_counts(axes, table.counts, shares)
    return figure


def classes_figure(finished: Finished, name: str) -> Figure | None:
    """Draw each class's recall over its number of training samples."""
    label = finished.plan.label(name)
    scores = [score for score in class_scores(finished.judged[name]) if score.support]
    if not scores or label.counts is None:
        return None
    counts = label.counts
    rare = tail(finished, label)
    figure = new_figure(10, 4.4)
    axes = figure.add_subplot()
    dress(axes, _title(finished, name, "recall of each class"), "training samples of the class")
    _scale_classes(axes, [counts[it.code] for it in scores], min(it.recall for it in scores))
    parts = {"rare classes": [it for it in scores if it.code in rare]}
    parts["other classes"] = [it for it in scores if it.code not in rare]
    for color, (words, part) in zip(reversed(COLORS[:2]), parts.items(), strict=True):
        _dots(axes, part, counts, color, words)
    if all(parts.values()):
        legend(axes, TITLE_PAD)
    # Overlaps can only be found once the layout is known.
    figure.draw_without_rendering()
    failing = [it for it in scores if it.recall < 1]
    _name_dots(axes, label, [*worst(parts["rare classes"], _NAMED // 2), *worst(failing, _NAMED)])
    return figure


def tail(finished: Finished, label: LabelPlan) -> frozenset[int]:
    """Return the rare classes: those that a metric of the plan singles out, or else the clearly smaller ones."""
    metrics = finished.plan.evaluate.metrics.values()
    singled = [it.args["classes"] for it in metrics if it.args.get("label") == label.name and it.args.get("classes")]
    if singled:
        return frozenset(code for codes in singled for code in codes)
    counts = np.array(label.counts or (), float)
    return frozenset(np.flatnonzero(counts < np.median(counts) / 4).tolist()) if len(counts) else frozenset()


def _title(finished: Finished, name: str, what: str) -> str:
    return drawable(f"{cut(name, 40)}: {what}, {finished.results['judged_on']} split")


def _cells(figure: Figure, axes: Axes, shares: NDArray[np.float64]) -> None:
    # The root brings out the few mistakes beside a diagonal close to one.
    image = axes.imshow(shares, cmap=_BLUES, norm=PowerNorm(0.5, 0, 1), aspect="equal", interpolation="nearest")
    bar = figure.colorbar(image, ax=axes, shrink=0.6, aspect=30, pad=0.02, ticks=[0, 0.01, 0.05, 0.2, 0.5, 1])
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))
    bar.ax.tick_params(labelsize=8, colors=MUTED, length=0)
    bar.outline.set_visible(False)


def _frame(axes: Axes, names: list[str]) -> None:
    places = np.arange(len(names))
    size = 9 if len(names) <= MAX_COUNTED else 7
    upright = max(map(len, names)) <= 3 and len(names) <= MAX_COUNTED
    axes.set_xticks(places, names, rotation=0 if upright else 90, fontsize=size)
    axes.set_yticks(places, names, fontsize=size)
    axes.set_xticks(places[1:] - 0.5, minor=True)
    axes.set_yticks(places[1:] - 0.5, minor=True)
    axes.grid(visible=True, which="minor", color=GRID, linewidth=0.6)
    axes.grid(visible=False, which="major")
    axes.tick_params(which="both", length=0, colors=MUTED)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("predicted", color=MUTED, fontsize=9)
    axes.set_ylabel("true", color=MUTED, fontsize=9)


def _write_counts(axes: Axes, counts: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    for row, column in np.argwhere(counts):
        color = "white" if shares[row, column] > 0.35 else INK
        axes.text(column, row, f"{counts[row, column]}", ha="center", va="center", fontsize=8, color=color)


def _dots(axes: Axes, scores: list[ClassScore], counts: Sequence[int], color: str, name: str) -> None:
    if scores:
        x, y = [counts[it.code] for it in scores], [100 * it.recall for it in scores]
        small = 12 if len(scores) > 300 else 36
        axes.scatter(x, y, s=small, color=color, alpha=0.8, edgecolor="white", linewidth=0.6, label=name, zorder=3)


def _name_dots(axes: Axes, label: LabelPlan, scores: list[ClassScore]) -> None:
    """Name classes, as far as a name covers no other and no dot."""
    dots = np.concatenate([axes.transData.transform(dots.get_offsets()) for dots in axes.collections])
    taken: list[Bbox] = []
    for score in dict.fromkeys(scores):
        text = axes.annotate(
            drawable(class_name(label, score.code, 28)),
            ((label.counts or ())[score.code], 100 * score.recall),
            xytext=(0, 0),
            textcoords="offset points",
            fontsize=8,
            color=INK,
        )
        if not _placed(text, axes.bbox, dots, taken):
            text.remove()


def _placed(text: Annotation, frame: Bbox, dots: NDArray[np.float64], taken: list[Bbox]) -> bool:
    """Move a name to the first side of its dot where there is room."""
    for offset, across, along in _SIDES:
        text.set(position=offset, ha=across, va=along)
        box = text.get_window_extent()
        inside = frame.x0 < box.x0 and box.x1 < frame.x1 and frame.y0 < box.y0 and box.y1 < frame.y1
        if inside and not any(map(box.overlaps, taken)) and not box.count_contains(dots):
            taken.append(box)
            return True
    return False


def _scale_classes(axes: Axes, counts: list[int], lowest: float) -> None:
    """Give few samples room of their own where other classes have many."""
    axes.set_ylim(min(100 * lowest - 6, 88), 103)
    percent_ticks(axes)
    if min(counts) > 0 and max(counts) > _WIDE * min(counts):
        axes.set_xscale("log")
        axes.set_xlim(min(counts) / 1.4, max(counts) * 1.4)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    else:
        axes.set_xlim(0, max(*counts, 1) * 1.08)
        whole_ticks(axes)
