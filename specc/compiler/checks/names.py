"""Names that must be known, and names that must differ."""

from specc.compiler.context import Context
from specc.diagnostics.suggest import did_you_mean
from specc.paths import KeyPath
from specc.spec.expressions import Arrow, Call, Condition, Filtered, Name


def check_names(context: Context) -> None:
    """Report stages of one name, labels within unknown labels and heads of unknown labels."""
    _duplicate_stages(context)
    _labels(context)
    _heads(context)


def _duplicate_stages(context: Context) -> None:
    first: dict[str, KeyPath] = {}
    for path, stage in context.stages():
        if stage.name in first:
            labels = context.at(path.child("name")) + context.at(
                first[stage.name].child("name"), text="first used here"
            )
            headline = f"two stages are called `{stage.name}`"
            context.problems.error("duplicate-stage", headline, labels, "give each stage a name of its own")
        first.setdefault(stage.name, path)


def _labels(context: Context) -> None:
    labels = context.spec.data.labels
    before: list[str] = []
    for name, label in labels.items():
        path = f"data.labels.{name}.within"
        if label.within and label.within not in labels:
            headline = f"label `{name}` lies within `{label.within}`, which is no label"
            context.problems.error(
                "unknown-label", headline, context.at(path), did_you_mean(label.within, labels, "labels")
            )
        elif label.within and label.within not in before:
            headline = f"label `{name}` lies within `{label.within}`, which comes after it"
            context.problems.error("label-order", headline, context.at(path), f"put `{label.within}` first")
        before.append(name)


def _heads(context: Context) -> None:
    labels = context.spec.data.labels
    if context.spec.model.backbone and not context.spec.model.heads:
        headline = "the model has no head, so it answers nothing"
        context.problems.error(
            "missing-key", headline, context.at("model"), f"declare [model.heads.{next(iter(labels), 'NAME')}]"
        )
    for name, head in context.spec.model.heads.items():
        path = f"model.heads.{name}"
        if head.out is not None and name in labels:
            headline = f"head `{name}` has an output for each class of its label, and `out` is for heads without one"
            context.problems.error("unused-key", headline, context.at(f"{path}.out"), "leave it out")
        if name in labels and labels[name].as_ != "class" and context.spec.model.backbone:
            headline = f"head `{name}` tells classes, and label `{name}` is a sequence"
            context.problems.error("contradiction", headline, context.at(path), "an `architecture` writes sequences")
        if head.out is None and name not in labels:
            headline = f"head `{name}` has no label, and no `out`"
            context.problems.error("unknown-label", headline, context.at(path), did_you_mean(name, labels, "labels"))
        if head.routed_by and head.routed_by not in labels:
            headline = f"head `{name}` is routed by `{head.routed_by}`, which is no label"
            remedy = did_you_mean(head.routed_by, labels, "labels")
            context.problems.error("unknown-label", headline, context.at(f"{path}.routed_by"), remedy)
        elif head.routed_by and name in labels and labels[name].within != head.routed_by:
            headline = f"head `{name}` is routed by `{head.routed_by}`, but label `{name}` does not lie within it"
            remedy = f'set data.labels.{name}.within = "{head.routed_by}"'
            context.problems.error("routed-outside", headline, context.at(f"{path}.routed_by"), remedy)
        if head.kind == "linear" and head.hidden:
            headline = f"head `{name}` is linear and has no hidden layer"
            context.problems.error("unused-key", headline, context.at(f"{path}.hidden"), 'set kind = "mlp"')


def check_reference(context: Context, path: KeyPath, name: Name, scope: list[str], noun: str) -> bool:
    """Report a name in an expression that is not in `scope`; say whether it is."""
    if name.text in scope:
        return True
    headline = f"there is no {noun} `{name}`"
    remedy = did_you_mean(name.text, scope, f"{noun}s")
    if len(scope) > 1 and remedy.endswith("?"):
        remedy += f" ({noun}s: {', '.join(scope)})"
    context.problems.error(f"unknown-{noun}", headline, context.at(path, name.span), remedy)
    return False


def check_call_labels(context: Context, path: KeyPath, call: Call) -> None:
    """Report names of labels in a metric that are no labels."""
    labels = list(context.spec.data.labels)
    for value in call.arguments.values():
        match value:
            case Arrow():
                check_reference(context, path, value.start, labels, "label")
                check_reference(context, path, value.stop, labels, "label")
            case Filtered():
                check_reference(context, path, value.name, labels, "label")
                check_condition(context, path, value.condition)
                if value.condition.label != value.name and value.condition.label.text in labels:
                    headline = f"`count({value.condition.label})` does not count classes of `{value.name}`"
                    place = context.at(path, value.condition.span)
                    context.problems.error("contradiction", headline, place, f"write `count({value.name})`")
            case Name() if call.function != "knn":
                check_reference(context, path, value, labels, "label")
    heads = context.spec.model.heads
    for name in call.names() if heads and call.function != "knn" else ():
        if name.text in labels and name.text not in heads:
            headline = f"`{call.function}` measures `{name}`, and no head tells it"
            context.problems.error("unknown-head", headline, context.at(path, name.span), f"heads: {', '.join(heads)}")


def check_condition(context: Context, path: KeyPath, condition: Condition) -> None:
    """Report a count of what is no label."""
    check_reference(context, path, condition.label, list(context.spec.data.labels), "label")
