"""Transforms, each on its own and after those before it."""

import math
from collections.abc import Iterator
from typing import Final

from specc.compiler.checks.rows import by_place, table
from specc.compiler.context import Context
from specc.compiler.images import SIZED, output_size
from specc.paths import KeyPath
from specc.spec.expressions import Call, Interval
from specc.spec.units import Quantity

_FIXED: Final = ("resize", "center_crop", "normalize")
"""Transforms that give the same image each time."""

_OF_COLOURS: Final = (
    "color_jitter", "brightness_contrast", "grayscale", "iso_noise", "jpeg", "shadow", "randaugment", "trivial_augment",
)  # fmt: skip
"""Transforms that know grey and RGB images only: a fourth channel is no light."""

_AMOUNTS: Final = {
    "rotate": ("degrees",),
    "translate": ("fraction",),
    "color_jitter": ("brightness", "contrast", "saturation", "hue"),
    "brightness_contrast": ("brightness", "contrast"),
    "noise": ("variance",),
    "iso_noise": ("intensity",),
    "shadow": ("intensity",),
}
"""Arguments that change nothing when all of them are 0."""

_WHOLE: Final = {"jpeg": "quality", "shadow": "count"}
"""Ranges out of which a whole number is drawn."""

_OF_HUE: Final = ("saturation", "hue")
"""Amounts that a grey image has not."""


def check_transforms(context: Context) -> None:
    """Report transforms that cannot do what they are asked, and those that do nothing."""
    for path, calls in lists(context):
        _crops(context, path, calls)
        for index, call in enumerate(calls):
            place = path.child(index)
            if path[-1] == "eval" and call.function not in _FIXED:
                headline = f"`{call.function}` is random, and evaluation must give the same answer twice"
                context.problems.error("random-evaluation", headline, context.at(place), f"use {', '.join(_FIXED)}")
            for inner in call.calls():
                _one_of(context, place, call, inner)
                _ranges(context, place, inner)
                _too_wide(context, place, inner, output_size(calls[:index])[0])
                _channels(context, place, inner)
                _nothing(context, place, inner)


def lists(context: Context) -> Iterator[tuple[KeyPath, tuple[Call, ...]]]:
    """Yield every list of transforms that is written."""
    for key in ("train", "eval"):
        if calls := getattr(context.spec.augment, key):
            yield KeyPath(("augment", key)), calls
    for place, users in by_place(table(context), "augment").items():
        yield place, users[0].setting("augment")[0]


def _crops(context: Context, path: KeyPath, calls: tuple[Call, ...]) -> None:
    """Report crops larger than what the transform before them leaves: the rest is black."""
    before: Call | None = None
    for index, call in enumerate(calls):
        if call.function not in SIZED:
            continue
        left = before.number("size") + 2 * _padding(call) if before else math.inf
        if call.function in ("center_crop", "random_crop") and before and call.number("size") > left:
            headline = f"`{call}` is larger than the {left:.0f} pixels that `{before}` leaves, and the rest is black"
            context.problems.warn("crop-too-large", headline, context.at(path.child(index)), f"crop {left:.0f} or less")
        before = call


def _padding(call: Call) -> float:
    return call.number("padding") if "padding" in call.arguments else 0


def _one_of(context: Context, place: KeyPath, call: Call, inner: Call) -> None:
    if inner is not call and inner.function in (*SIZED, "normalize"):
        headline = f"`{inner.function}` cannot be one of several: every image must come out alike"
        context.problems.error("contradiction", headline, context.at(place, inner.span), "put it before or after")


def _ranges(context: Context, place: KeyPath, call: Call) -> None:
    """Report ranges out of which nothing can be drawn, and what lies outside its own scale."""
    for name, headline, remedy in _out_of_range(call):
        labels = context.at(place, call.spans.get(name, call.span))
        context.problems.error("out-of-range", headline, labels, remedy)


def _out_of_range(call: Call) -> Iterator[tuple[str, str, str]]:
    """Yield the arguments of a transform that are out of range, what is wrong with each, and what to do."""
    if call.function == "blur" and not any(width % 2 for width in _whole_numbers(call, "kernel")):
        yield "kernel", f"`blur` has no odd width from {call.arguments['kernel']}", "widths are odd: 3, 5, 7"
    if call.function == "random_resized_crop" and _range(call, "ratio").start == 0:
        headline = "`ratio` of `random_resized_crop` is above 0, and a patch of ratio 0 has no width"
        yield "ratio", headline, "begin at 0.75"
    if call.function == "randaugment" and call.number("magnitude") > call.number("out_of"):
        headline = f"the scale of `{call}` ends at {call.number('out_of'):.0f}, and its magnitude lies beyond"
        yield "magnitude", headline, f"take {call.number('out_of'):.0f} or less"
    if (name := _WHOLE.get(call.function)) and not _whole_numbers(call, name):
        headline = f"`{name}` of `{call.function}` has no whole number from {call.arguments[name]}"
        yield name, headline, "begin or end with one"
    for name in ("x", "y") if call.function == "shadow" else ():
        if _range(call, name).start == _range(call, name).stop:
            headline = f"`{name}` of `shadow` begins where it ends, and nothing lies between"
            yield name, headline, "write a range such as 0 -> 1"


def _too_wide(context: Context, place: KeyPath, call: Call, side: int | None) -> None:
    """Report a blur that reaches beyond the mirror image of an image, which is all that there is around it."""
    if call.function == "blur" and side and _range(call, "kernel").stop >= 2 * side + 1:
        headline = f"`{call}` is too wide for images of {side} pixels"
        labels = context.at(place, call.spans["kernel"])
        context.problems.error("out-of-range", headline, labels, f"end at {2 * side - 1} or less")


def _range(call: Call, name: str) -> Interval:
    value = call.arguments[name]
    assert isinstance(value, Interval), f"{call.function}.{name} is not a range"  # noqa: S101
    return value


def _whole_numbers(call: Call, name: str) -> range:
    """Return the whole numbers that a range holds."""
    ends = _range(call, name)
    return range(math.ceil(ends.start), math.floor(ends.stop) + 1)


def _channels(context: Context, place: KeyPath, call: Call) -> None:
    channels = context.spec.data.channels
    if channels == 4 and call.function in _OF_COLOURS:
        headline = f"`{call.function}` takes images of 1 or 3 channels, and these have 4"
        labels = context.at(place, call.span) + context.at("data.channels", text="4 channels")
        context.problems.error("channels-unfit", headline, labels, "leave it out")


def _nothing(context: Context, place: KeyPath, call: Call) -> None:
    """Report a probability of 0, amounts of 0, and colours of a grey image."""
    why = _why_nothing(call, context.spec.data.channels)
    if why:
        headline = f"`{call}` does nothing: {why}"
        context.problems.warn("does-nothing", headline, context.at(place, call.span), "leave it out")


def _why_nothing(call: Call, channels: int) -> str | None:
    """Say why a transform leaves every image as it is; None when it does not."""
    p = call.arguments.get("p")
    if isinstance(p, Quantity) and p.value == 0:
        return "its probability is 0"
    moved = [name for name in _AMOUNTS.get(call.function, ()) if _largest(call.arguments[name])]
    if call.function in _AMOUNTS and not moved:
        return "its amounts are 0"
    is_colour = call.function == "grayscale" or (moved and set(moved) <= set(_OF_HUE))
    return "images have one channel" if channels == 1 and is_colour else None


def _largest(amount: object) -> float:
    """Return the largest that an amount can be."""
    match amount:
        case Interval(stop=stop):
            return stop
        case Quantity(value=value):
            return value
    return 0.0
