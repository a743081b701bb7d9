"""Images as the backbone sees them: their size, and their normalisation."""

from specc.compiler.checks.transforms import lists
from specc.compiler.context import Context
from specc.compiler.images import STATISTICS, output_size
from specc.diagnostics.suggest import did_you_mean
from specc.paths import KeyPath
from specc.spec.expressions import Call


def check_images(context: Context) -> None:
    """Report sizes and statistics that disagree with the backbone, or with each other."""
    _sizes(context)
    _normalize(context)
    _pretrained(context)


def _sizes(context: Context) -> None:
    for path, calls in lists(context):
        size, index = output_size(calls)
        if size:
            _size(context, path.child(index), path.name_items(context.document.tree).removeprefix("augment."), size)
    views = context.spec.augment.views
    if views:
        _size(context, KeyPath(("augment", "views")), "views", int(views.number("size")))


def _size(context: Context, path: KeyPath, what: str, size: int) -> None:
    backbone = context.backbone
    if backbone and backbone.fixed_input_size and size != backbone.input_size[1]:
        wanted = backbone.input_size[1]
        labels = context.at(path) + context.at("model.backbone", text=f"takes {wanted}")
        headline = f"`{what}` images are {size} pixels wide, and `{backbone.name}` takes only {wanted}"
        context.problems.error("input-size", headline, labels, f"make them {wanted}")


def _normalize(context: Context) -> None:
    """Hold every list of transforms to one `normalize` at its end, or to none at all."""
    first: tuple[str, KeyPath] | None = None
    for path, calls in lists(context):
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


def _statistics(context: Context, path: KeyPath, call: Call, *, is_last: bool) -> None:
    name = str(call.arguments["statistics"])
    if name != "model" and name not in STATISTICS:
        remedy = did_you_mean(name, [*STATISTICS, "model"], "statistics")
        context.problems.error("wrong-value", f"there are no statistics `{name}`", context.at(path), remedy)
    if not is_last:
        context.problems.error(
            "normalize-apart", "`normalize` is not the last transform", context.at(path), "move it to the end"
        )


def _pretrained(context: Context) -> None:
    """Report pretrained weights that are shown images of another scale than they were trained on."""
    backbone, written = context.backbone, list(lists(context))
    is_scaled = backbone is not None and (set(backbone.mean), set(backbone.std)) != ({0.0}, {1.0})
    normalised = any(call.function == "normalize" for _, calls in written for call in calls)
    if context.spec.model.pretrained and is_scaled and written and not normalised:
        headline = "no transform normalises images, and the pretrained weights were trained on normalised ones"
        labels = context.at(written[0][0]) + context.at("model.pretrained", text="trained so")
        context.problems.warn("not-normalized", headline, labels, 'end every list with "normalize(model)"')
