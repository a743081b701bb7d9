"""Images: their size against what the backbone takes, their normalisation, and what divides them."""

from specc.compiler.context import Context
from specc.compiler.images import STATISTICS, output_size
from specc.diagnostics.suggest import did_you_mean
from specc.paths import KeyPath


def check_images(context: Context) -> None:
    """Report a backbone that timm has not, sizes that disagree, and folds that are not there."""
    _sizes(context)
    _normalize(context)
    _fold(context)
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
    augment = context.spec.augment
    lasts = {}
    for key in ("train", "eval"):
        calls = getattr(augment, key)
        for index, call in enumerate(calls):
            if call.function != "normalize":
                continue
            path = KeyPath(("augment", key, index))
            lasts[key] = (path, call)
            name = str(call.arguments["statistics"])
            if name != "model" and name not in STATISTICS:
                remedy = did_you_mean(name, [*STATISTICS, "model"], "statistics")
                context.problems.error("wrong-value", f"there are no statistics `{name}`", context.at(path), remedy)
            if index != len(calls) - 1:
                headline = "`normalize` is not the last transform"
                context.problems.error("normalize-apart", headline, context.at(path), "move it to the end")
    written = [str(call) for _, call in lasts.values()]
    if augment.train and augment.eval and written and (len(written) == 1 or written[0] != written[1]):
        path = next(iter(lasts.values()))[0]
        headline = "training and evaluation images are normalised differently"
        context.problems.error(
            "normalize-apart", headline, context.at(path), "end both lists with the same `normalize`"
        )


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


def _model(context: Context) -> None:
    model = context.spec.model
    if (model.backbone is None) == (model.architecture is None):
        headline = "a model has either a `backbone` or an `architecture`"
        context.problems.error("contradiction", headline, context.at("model"), "set one of them")
