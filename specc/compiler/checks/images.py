"""Images: their size against what the backbone takes, and their normalisation."""

import math
from collections.abc import Iterator
from typing import Final

from specc.compiler.context import Context
from specc.compiler.images import SIZED, STATISTICS, output_size
from specc.diagnostics.suggest import did_you_mean
from specc.paths import KeyPath
from specc.spec.expressions import Call, Interval

_FIXED: Final = ("resize", "center_crop", "normalize")
"""Transforms that give the same image each time."""


def check_images(context: Context) -> None:
    """Report a backbone that timm has not, and sizes and statistics that disagree."""
    _sizes(context)
    _normalize(context)
    _transforms(context)
    _model(context)


def _sizes(context: Context) -> None:
    backbone, augment = context.backbone, context.spec.augment
    if backbone is None:
        return
    for key in ("train", "eval"):
        size, index = output_size(getattr(augment, key))
        wanted = backbone.input_size[1]
        if size and backbone.fixed_input_size and size != wanted:
            path = KeyPath(("augment", key, index))
            labels = context.at(path) + context.at("model.backbone", text=f"takes {wanted}")
            headline = f"`{key}` images are {size} pixels wide, and `{backbone.name}` takes only {wanted}"
            context.problems.error("input-size", headline, labels, f"make them {wanted}")


def _normalize(context: Context) -> None:
    """Hold every list of transforms to one `normalize` at its end, or to none at all."""
    first: tuple[str, KeyPath] | None = None
    for path, calls in _lists(context):
        text, place = "", path
        for index, call in enumerate(calls):
            if call.function == "normalize":
                text, place = str(call), path.child(index)
                _statistics(context, place, call, is_last=index == len(calls) - 1)
        if first is None:
            first = (text, place)
        elif text != first[0]:
            labels = context.at(place) + context.at(first[1], text="images are normalised otherwise here")
            headline = f"`{path.name_items(context.document.tree)}` normalises images in a way of its own"
            context.problems.error("normalize-apart", headline, labels, "end all lists with the same `normalize`")


def _lists(context: Context) -> Iterator[tuple[KeyPath, tuple[Call, ...]]]:
    """Yield every list of transforms that is written."""
    for key in ("train", "eval"):
        if calls := getattr(context.spec.augment, key):
            yield KeyPath(("augment", key)), calls
    seen: set[KeyPath] = set()
    for path, stage in context.stages():
        calls, place = context.setting(path, stage, "augment")
        if calls is not None and place not in seen:
            seen.add(place)
            yield place, calls


def _statistics(context: Context, path: KeyPath, call: Call, *, is_last: bool) -> None:
    name = str(call.arguments["statistics"])
    if name != "model" and name not in STATISTICS:
        remedy = did_you_mean(name, [*STATISTICS, "model"], "statistics")
        context.problems.error("wrong-value", f"there are no statistics `{name}`", context.at(path), remedy)
    if not is_last:
        context.problems.error(
            "normalize-apart", "`normalize` is not the last transform", context.at(path), "move it to the end"
        )


def _transforms(context: Context) -> None:
    """Report transforms that cannot do what they are asked."""
    for path, calls in _lists(context):
        for index, call in enumerate(calls):
            place = path.child(index)
            if path[-1] == "eval" and call.function not in _FIXED:
                headline = f"`{call.function}` is random, and evaluation must give the same answer twice"
                context.problems.error("random-evaluation", headline, context.at(place), f"use {', '.join(_FIXED)}")
            for inner in call.calls():
                if inner is not call and inner.function in (*SIZED, "normalize"):
                    headline = f"`{inner.function}` cannot be one of several: every image must come out alike"
                    context.problems.error(
                        "contradiction", headline, context.at(place, inner.span), "put it before or after"
                    )
                widths = inner.arguments.get("kernel")
                if isinstance(widths, Interval) and not _has_odd_width(widths):
                    headline = f"`blur` has no odd width from {widths}"
                    context.problems.error(
                        "out-of-range", headline, context.at(place, inner.span), "widths are odd: 3, 5, 7"
                    )


def _has_odd_width(widths: Interval) -> bool:
    """Say whether a range holds an odd whole number of pixels."""
    return any(width % 2 for width in range(math.ceil(widths.start), math.floor(widths.stop) + 1))


def _model(context: Context) -> None:
    model = context.spec.model
    if (model.backbone is None) == (model.architecture is None):
        headline = "a model has either a `backbone` or an `architecture`"
        context.problems.error("contradiction", headline, context.at("model"), "set one of them")
