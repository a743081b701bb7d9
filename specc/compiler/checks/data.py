"""Where samples come from: keys that fit their source, splits, folds and groups."""

from typing import Final

from specc.compiler.checks.rows import written_together
from specc.compiler.context import Context
from specc.diagnostics.suggest import did_you_mean
from specc.paths import KeyPath
from specc.spec.data import SOURCE_KEYS
from specc.spec.expressions import Call, Name

_LEAST_TRAINING: Final = 1e-9
"""A share for training that is none but for rounding."""


def check_data(context: Context) -> None:
    """Report keys of `[data]` that its source does not have, and splits that cannot be made."""
    _location(context)
    _same_file(context)
    _columns(context)
    _split(context)
    _fold(context)


def _location(context: Context) -> None:
    data = context.spec.data
    known = SOURCE_KEYS[data.source]
    for key in sorted(frozenset.union(*SOURCE_KEYS.values()) - known):
        if getattr(data, key) is not None:
            headline = f"`{key}` has no meaning for source `{data.source}`"
            context.problems.error("unused-key", headline, context.at(f"data.{key}"), "leave it out")
    needed = {"builtin": "dataset", "folder": "root"}.get(data.source, "path")
    if getattr(data, needed) is None and (data.source == "builtin" or data.train is None):
        missing = f"no `{needed}`" if data.source == "builtin" else f"neither `{needed}` nor `train`"
        headline = f"source `{data.source}` has {missing}"
        context.problems.error("missing-key", headline, context.at("data"), f"set data.{needed}")
    if "image" in known and data.image is None and not data.input:
        headline = f"nothing says which column of the {data.source} holds the image"
        context.problems.error("missing-key", headline, context.at("data"), 'set data.image = "path"')


def _same_file(context: Context) -> None:
    """Report samples that are trained on and measured with."""
    data = context.spec.data
    for key in ("val", "test"):
        if data.train is not None and getattr(data, key) == data.train:
            headline = f"`train` and `{key}` are one file, `{data.train}`"
            labels = context.at(f"data.{key}") + context.at("data.train", text="trained on here")
            remedy = 'divide it: set data.path and data.split = "stratified(val = 10%)"'
            context.problems.error("split-overlap", headline, labels, remedy)


def _columns(context: Context) -> None:
    """Report labels that are read from two places."""
    for name, label in context.spec.data.labels.items():
        places = [KeyPath(("data", "labels", name, key)) for key in ("column", "folder")]
        if label.column and label.folder and written_together(context, *places):
            headline = f"label `{name}` is read from a column, and from the folder"
            labels = context.at(places[1]) + context.at(places[0], text="read from here, too")
            context.problems.error("contradiction", headline, labels, "keep one")


def _split(context: Context) -> None:
    data = context.spec.data
    if data.split is None:
        return
    if data.train is not None and "train" in SOURCE_KEYS[data.source]:
        labels = context.at("data.split") + context.at("data.train", text="the splits are given here")
        context.problems.error("contradiction", "the data is divided twice", labels, "keep `split`, or the files")
    _shares(context, data.split)
    label = data.split.arguments.get("label")
    if isinstance(label, Name) and label.text not in data.labels:
        headline = f"there is no label `{label}` to divide by"
        remedy = did_you_mean(label.text, data.labels, "labels")
        context.problems.error("unknown-label", headline, context.at("data.split", label.span), remedy)
    if data.split.function.startswith("stratified") and not data.labels:
        headline = f"`{data.split.function}` needs a label to divide by"
        context.problems.error("missing-key", headline, context.at("data.split"), "declare one, or use `random(...)`")
    if data.split.function == "group_kfold" and data.group is None:
        headline = "`group_kfold` keeps groups together, and there is no `group`"
        context.problems.error("missing-key", headline, context.at("data.split"), 'set data.group = "column"')


def _shares(context: Context, split: Call) -> None:
    """Report shares that leave nothing to train on, and those that divide nothing."""
    shares = {key: split.number(key) for key in ("val", "test") if key in split.arguments}
    labels = context.at("data.split")
    if sum(shares.values()) > 1 - _LEAST_TRAINING:
        told = " and ".join(f"{key} = {100 * share:.6g}%" for key, share in shares.items() if share)
        headline = f"the shares of `{split.function}` leave nothing to train on: {told}"
        context.problems.error("split-shares", headline, labels, "lower them to less than 100% together")
    elif "val" in shares and not any(shares.values()):
        headline = f"`{split}` does nothing: all its shares are 0"
        context.problems.warn("does-nothing", headline, labels, f"write `{split.function}(val = 10%)`")


def _fold(context: Context) -> None:
    data = context.spec.data
    if data.fold is None:
        return
    folds = data.split.arguments.get("k") if data.split else None
    if data.split is None or folds is None:
        headline = f"`fold` has no meaning with `{data.split.function}`" if data.split else "`fold` needs a split"
        context.problems.error("unused-key", headline, context.at("data.fold"), "use stratified_kfold(5)")
        return
    count = int(data.split.number("k"))
    if data.fold >= count:
        labels = context.at("data.fold") + context.at("data.split", text=f"{count:,} folds")
        context.problems.error(
            "fold-out-of-range", f"there is no fold {data.fold:,}", labels, f"folds are 0 to {count - 1:,}"
        )
