"""Metrics: labels that there are, of the kind that is measured, told by a head."""

import math
from collections.abc import Iterator

from specc.compiler.checks.names import check_reference
from specc.compiler.checks.rows import by_place, table
from specc.compiler.context import Context
from specc.paths import KeyPath
from specc.spec.expressions import Arrow, Call, Condition, Filtered, Gate, Name

SHARES = ("top", "macro_f1", "macro_recall", "cascade", "knn", "exact_match")
"""Metrics from 0 to 1 that are better the higher they are."""

_OF_CLASSES = ("top", "macro_f1", "macro_recall", "cascade")
_OF_SEQUENCES = ("exact_match", "edit_rate")


def check_metrics(context: Context) -> None:
    """Report what metrics cannot measure."""
    for path, metric in measured(context):
        _metric(context, path, metric)


def measured(context: Context) -> Iterator[tuple[KeyPath, Call]]:
    """Yield every metric that is asked for, and where."""
    evaluate = context.spec.evaluate
    yield from ((KeyPath(("evaluate", "metrics", index)), metric) for index, metric in enumerate(evaluate.metrics))
    if evaluate.best:
        yield KeyPath(("evaluate", "best")), evaluate.best.metric
    for path, users in by_place(table(context), "stop").items():
        yield path, users[0].setting("stop")[0].monitor.metric
    for path, gates in targets(context):
        yield from ((path.child(index), gate.metric) for index, gate in enumerate(gates))


def targets(context: Context) -> Iterator[tuple[KeyPath, tuple[Gate, ...]]]:
    """Yield each list of targets with its place."""
    yield KeyPath(("evaluate", "expect")), context.spec.evaluate.expect
    for path, users in by_place(table(context), "expect").items():
        yield path, users[0].setting("expect")[0]


def _metric(context: Context, path: KeyPath, call: Call) -> None:
    if call.function == "knn":
        return
    for value in call.arguments.values():
        match value:
            case Arrow():
                _cascade(context, path, value)
            case Filtered():
                _filtered(context, path, value)
    for name in call.names():
        if check_reference(context, path, name, list(context.spec.data.labels), "label"):
            _kind(context, path, call, name)
            _has_head(context, path, call, name)
            _route(context, path, call, name)


def _cascade(context: Context, path: KeyPath, arrow: Arrow) -> None:
    """Report a cascade from a label that is not above the other."""
    labels = context.spec.data.labels
    start, stop = arrow.start.text, arrow.stop.text
    if {start, stop} <= labels.keys() and start not in _above(context, stop):
        headline = f"`{arrow}` is no cascade: label `{stop}` does not lie within `{start}`"
        remedy = f"write `{stop} -> {start}`" if stop in _above(context, start) else None
        remedy = remedy or f'set data.labels.{stop}.within = "{start}"'
        context.problems.warn("cascade-order", headline, context.at(path, arrow.stop.span), remedy)


def _above(context: Context, label: str) -> list[str]:
    """Return the labels that a label lies within, the nearest first."""
    labels, found = context.spec.data.labels, [label]
    while (parent := labels[found[-1]].within) and parent in labels and parent not in found:
        found.append(parent)
    return found[1:]


def _filtered(context: Context, path: KeyPath, value: Filtered) -> None:
    condition = value.condition
    if not check_reference(context, path, condition.label, list(context.spec.data.labels), "label"):
        return
    if condition.label != value.name:
        headline = f"`count({condition.label})` does not count classes of `{value.name}`"
        place = context.at(path, condition.span)
        context.problems.error("contradiction", headline, place, f"write `count({value.name})`")
    check_condition(context, path, condition)


def _kind(context: Context, path: KeyPath, call: Call, name: Name) -> None:
    """Report a metric of classes for a sequence, and the other way round."""
    kind = context.spec.data.labels[name.text].as_
    wanted = {**dict.fromkeys(_OF_CLASSES, "classes"), **dict.fromkeys(_OF_SEQUENCES, "sequences")}.get(call.function)
    if wanted == ("sequences" if kind == "class" else "classes"):
        is_class = kind == "class"
        headline = f"`{call}` measures {wanted}, and label `{name}` is a {'class' if is_class else 'sequence'}"
        remedy = f"use `top1({name})`" if is_class else f"use `edit_rate({name})`"
        labels = context.at(path, name.span) + context.at(f"data.labels.{name}", text="declared here")
        context.problems.error("wrong-label-kind", headline, labels, remedy)


def _has_head(context: Context, path: KeyPath, call: Call, name: Name) -> None:
    heads = context.spec.model.heads
    if heads and name.text not in heads:
        headline = f"`{call.function}` measures `{name}`, and no head tells it"
        remedy = f"heads: {', '.join(heads)}"
        context.problems.error("unknown-head", headline, context.at(path, name.span), remedy)


def _route(context: Context, path: KeyPath, call: Call, name: Name) -> None:
    """Report a route that is asked for where the head has none."""
    head = context.spec.model.heads.get(name.text)
    if call.arguments.get("predicted_route") == "true" and head and head.routed_by is None:
        headline = f"`predicted_route` does nothing: head `{name}` is not routed"
        place = context.at(path, call.spans["predicted_route"])
        context.problems.warn("does-nothing", headline, place, "leave it out")


def check_counted(context: Context, path: KeyPath, label: Name) -> None:
    """Report a count of the classes of what is no label, or a sequence."""
    labels = context.spec.data.labels
    if check_reference(context, path, label, list(labels), "label") and labels[label.text].as_ != "class":
        headline = f"samples are counted by class, and label `{label}` is a sequence"
        places = context.at(path, label.span) + context.at(f"data.labels.{label}", text="declared here")
        context.problems.error("wrong-label-kind", headline, places, "count samples of a label of classes")


def check_condition(context: Context, path: KeyPath, condition: Condition) -> None:
    """Report a condition that no number of samples meets."""
    if not can_hold(condition):
        headline = f"no class has `{condition}`: samples are counted from 1"
        remedy = "count is a whole number of samples, and no share of them"
        context.problems.error("empty-condition", headline, context.at(path, condition.span), remedy)


def can_hold(condition: Condition) -> bool:
    """Say whether a class of some number of samples, from 1, is meant.

    >>> [can_hold(Condition(Name("a"), "<", value)) for value in (1.0, 0.8, 2.0)]
    [False, False, True]
    """
    near = math.floor(condition.value)
    return any(condition.holds(count) for count in (1, near, near + 1) if count > 0)
