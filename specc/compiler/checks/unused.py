"""What is declared and never used."""

from collections.abc import Iterator

from specc.compiler.checks.rows import Row, by_place, table
from specc.compiler.context import Context
from specc.paths import KeyPath
from specc.spec.expressions import Call, Name, Sampling
from specc.spec.stages import StageDefaults

Found = Iterator[tuple[KeyPath, str, str]]
"""Where something is declared, that nothing uses it, and the remedy."""


def check_unused(context: Context) -> None:
    """Report declarations of the spec's own file that nothing uses.

    A profile, a flag and a spec that extends another change what is used, and leave the rest where it is. So does a
    mistake, until it is mended.
    """
    if context.problems.errors or any(origin.by != "file" for origin in context.document.origins.values()):
        return
    rows = table(context)
    for path, headline, remedy in (*_defaults(rows), *_teachers(rows), *_labels(context, rows), *_keys(context, rows)):
        if context.document.origin(path).source is context.document.source:
            context.problems.warn("never-used", headline, context.at(path), remedy)


def _defaults(rows: list[Row]) -> Found:
    defaults = rows[0].context.spec.defaults
    for key in StageDefaults.model_fields:
        place = KeyPath(("defaults", key))
        if getattr(defaults, key) is not None and place not in by_place(rows, key):
            yield place, f"no stage uses the default `{key}`: each has its own", "leave it out here, or in a stage"


def _teachers(rows: list[Row]) -> Found:
    """Yield teachers that no loss names; one that is misspelt there is reported by itself."""
    teachers = rows[0].context.spec.teachers
    used = {name.text for row in rows for call in _terms(row) for name in _from(call)}
    for name in (name for name in teachers if used <= teachers.keys() and name not in used):
        yield KeyPath(("teachers", name)), f"no loss uses teacher `{name}`", f"add `distill(HEAD, from = [{name}])`"


def _from(call: Call) -> tuple[Name, ...]:
    """Return the teachers that a term names."""
    teachers = call.arguments.get("from", ())
    return teachers if isinstance(teachers, tuple) else ()


def _terms(row: Row) -> list[Call]:
    loss = row.setting("loss")[0]
    return [term.call for term in loss.terms] if loss else []


def _labels(context: Context, rows: list[Row]) -> Found:
    """Yield labels that no head tells and that nothing measures, counts or divides by."""
    spec = context.spec
    if spec.model.architecture is not None or any(metric.function == "knn" for metric in spec.evaluate.metrics):
        return
    used = {*spec.model.heads, *(head.routed_by for head in spec.model.heads.values())}
    used |= {label.within for label in spec.data.labels.values()}
    used |= {name for name, label in spec.data.labels.items() if label.rare}
    used |= set(_divided_by(context)) | {name for row in rows for name in _counted(row.setting("sample")[0])}
    used |= {name.text for metric in spec.evaluate.metrics for name in metric.names()}
    used |= {name.text for row in rows for call in _terms(row) for name in call.names()}
    for name in (name for name in spec.data.labels if name not in used):
        yield KeyPath(("data", "labels", name)), f"nothing uses label `{name}`", f"declare [model.heads.{name}]"


def _divided_by(context: Context) -> Iterator[str]:
    """Yield the label that a split divides by: the first one where it names none."""
    split = context.spec.data.split
    if split and split.function.startswith("stratified"):
        yield from (name.text for name in split.names())
        yield from list(context.spec.data.labels)[: not any(split.names())]


def _counted(sampling: Sampling | None) -> Iterator[str]:
    """Yield the labels whose samples are counted."""
    if sampling and sampling.balanced:
        yield from (name.text for name in sampling.balanced.names())
    yield from (rule.condition.label.text for rule in (sampling.rules if sampling else ()))


def _keys(context: Context, rows: list[Row]) -> Found:
    """Yield keys that act on what there is not."""
    data, augment = context.spec.data, context.spec.augment
    if augment.views and not any(call.function == "nt_xent" for row in rows for call in _terms(row)):
        yield KeyPath(("augment", "views")), "no loss contrasts the `views`", "add `nt_xent(HEAD)` to a loss"
    if augment.keep_features and rows[0].names and all(row.trains_backbone for row in rows):
        headline = "`keep_features` keeps those of a frozen backbone, and every stage trains it"
        yield KeyPath(("augment", "keep_features")), headline, "leave it out"
    if context.spec.model.drop_path_rate and rows[0].names and not any(row.trains_backbone for row in rows):
        headline = "`drop_path_rate` drops paths of a backbone that trains, and no stage trains it"
        yield KeyPath(("model", "drop_path_rate")), headline, "leave it out"
    if data.cache and data.source in ("builtin", "folder"):
        headline = f"`cache` keeps what is fetched, and source `{data.source}` fetches nothing"
        yield KeyPath(("data", "cache")), headline, "leave it out"
