"""Where samples come from: keys that fit their source, splits, folds and groups."""

from specc.compiler.context import Context
from specc.diagnostics.suggest import did_you_mean
from specc.spec.data import SOURCE_KEYS
from specc.spec.expressions import Name


def check_data(context: Context) -> None:
    """Report keys of `[data]` that its source does not have, and splits that cannot be made."""
    _location(context)
    _split(context)
    _fold(context)


def _location(context: Context) -> None:
    data = context.spec.data
    known = SOURCE_KEYS[data.source] | {"root"}
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


def _split(context: Context) -> None:
    data = context.spec.data
    if data.split is None:
        return
    if data.train is not None and "train" in SOURCE_KEYS[data.source]:
        labels = context.at("data.split") + context.at("data.train", text="the splits are given here")
        context.problems.error("contradiction", "the data is divided twice", labels, "keep `split`, or the files")
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


def _fold(context: Context) -> None:
    data = context.spec.data
    folds = data.split.arguments.get("k") if data.split else None
    if data.fold is None or data.split is None:
        return
    if folds is None:
        headline = f"`fold` has no meaning with `{data.split.function}`"
        context.problems.error("unused-key", headline, context.at("data.fold"), "use stratified_kfold(5)")
        return
    count = int(data.split.number("k"))
    if data.fold >= count:
        labels = context.at("data.fold") + context.at("data.split", text=f"{count} folds")
        context.problems.error(
            "fold-out-of-range", f"there is no fold {data.fold}", labels, f"folds are 0 to {count - 1}"
        )
