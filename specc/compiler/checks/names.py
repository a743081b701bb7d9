"""Names that must be known, and names that must differ."""

from specc.compiler.context import Context
from specc.diagnostics.suggest import did_you_mean
from specc.paths import KeyPath
from specc.spec.data import Label
from specc.spec.expressions import Name


def check_names(context: Context) -> None:
    """Report stages of one name, and labels within unknown labels."""
    _stages(context)
    _labels(context)


def _stages(context: Context) -> None:
    """Report two stages of one name, or of names that are one where file systems do not tell case."""
    first: dict[str, tuple[str, KeyPath]] = {}
    for path, stage in context.stages():
        other, place = first.setdefault(stage.name.lower(), (stage.name, path))
        labels = context.at(path.child("name")) + context.at(place.child("name"), text="first used here")
        if place == path:
            continue
        if other == stage.name:
            headline = f"two stages are called `{stage.name}`"
            context.problems.error("duplicate-stage", headline, labels, "give each stage a name of its own")
        else:
            headline = f"stages `{other}` and `{stage.name}` write one file where case does not count"
            context.problems.warn("names-collide", headline, labels, "give each stage a name of its own")


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
        elif label.within and labels[label.within].as_ != "class":
            headline = f"label `{name}` lies within `{label.within}`, which is a sequence and has no classes"
            context.problems.error("wrong-label-kind", headline, context.at(path), "lie within a label of classes")
        if label.as_ != "class":
            _sequence(context, name, label)
        before.append(name)


def _sequence(context: Context, name: str, label: Label) -> None:
    """Report what only a label of classes has."""
    for key in ("within", "rare"):
        if getattr(label, key):
            headline = f"`{key}` is for classes, and label `{name}` is a sequence"
            path = f"data.labels.{name}.{key}"
            context.problems.error("wrong-label-kind", headline, context.at(path), "leave it out")


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
