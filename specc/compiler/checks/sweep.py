"""Sweeps: paths that lead somewhere, and values for each trial."""

from collections.abc import Iterator

from specc.compiler.context import Context
from specc.diagnostics.model import Label, at
from specc.diagnostics.suggest import did_you_mean
from specc.paths import KeyPath, value_at
from specc.spec.run import Sweep
from specc.spec.shape import keys_at
from specc.spec.stages import StageDefaults

_WAYS = ("grid", "zip", "random")


def check_sweep(context: Context) -> None:
    """Report sweeps over what there is not, and trials that cannot be told."""
    sweep = context.spec.sweep
    if sweep is None:
        return
    seen: dict[str, KeyPath] = {}
    for place, path, values in _entries(sweep):
        _leads_somewhere(context, place, path)
        _overridden(context, place, path)
        if not values:
            headline = f"there is no value of `{path}` to try"
            context.problems.error("wrong-value", headline, context.at(place), "list some, or leave it out")
        if path in seen:
            labels = _key(context, place) + _key(context, seen[path], "also here")
            context.problems.error("contradiction", f"`{path}` is varied twice", labels, "keep one")
        seen.setdefault(path, place)
    _trials(context, sweep)


def _entries(sweep: Sweep) -> Iterator[tuple[KeyPath, str, list[object]]]:
    """Yield every path that is varied, where it is written, and its values."""
    for way in _WAYS:
        for path, values in getattr(sweep, way).items():
            yield KeyPath(("sweep", way, path)), path, values


def _key(context: Context, place: KeyPath, text: str = "") -> tuple[Label, ...]:
    return at(context.document.place(place, key=True), text)


def _leads_somewhere(context: Context, place: KeyPath, text: str) -> None:
    """Report what is no path, or the first part of one that is no key, and no name of what is declared."""
    try:
        path = KeyPath.parse(text)
    except ValueError as error:
        remedy = "join keys by dots, as in stages.joint.lr"
        context.problems.error("unknown-key", str(error), _key(context, place), remedy)
        return
    walked = KeyPath()
    for part in path:
        is_stages = walked == ("stages",)
        names = [stage.name for stage in context.spec.stages] if is_stages else _scope(context, walked)
        if part not in names:
            headline = f"`{part}` of the path `{path}` leads nowhere"
            context.problems.error(
                "unknown-key", headline, _key(context, place), did_you_mean(str(part), names, "keys")
            )
            return
        walked = walked.child(names.index(part) if is_stages else part)


def _scope(context: Context, path: KeyPath) -> list[str]:
    """Return what may stand below a path: keys, or the names of the user's own that are declared there."""
    declared = value_at(context.document.tree, path)
    return keys_at(path) or (list(declared) if isinstance(declared, dict) else [])


def _overridden(context: Context, place: KeyPath, path: str) -> None:
    """Report trials that are all the same: every stage has its own value."""
    key = path.removeprefix("defaults.")
    if key != path and key in StageDefaults.model_fields and all(getattr(s, key) for s in context.spec.stages):
        headline = f"varying `{path}` changes nothing: every stage has its own `{key}`"
        context.problems.warn("never-used", headline, _key(context, place), f"vary stages.NAME.{key}")


def _trials(context: Context, sweep: Sweep) -> None:
    lengths = {path: len(values) for path, values in sweep.zip.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{length} of `{path}`" for path, length in lengths.items())
        headline = f"values of a zip go together, and there are {told}"
        context.problems.error("wrong-value", headline, context.at("sweep.zip"), "list as many of each")
    if sweep.random and sweep.trials is None:
        headline = "values drawn at random need a number of `trials`"
        context.problems.error("missing-key", headline, context.at("sweep.random"), "set sweep.trials = 20")
    if sweep.trials is not None and not sweep.random:
        headline = "`trials` counts random draws, and nothing is `random`"
        context.problems.warn("never-used", headline, context.at("sweep.trials"), "leave it out, or use `random`")
    if not any(getattr(sweep, way) for way in _WAYS):
        context.problems.warn("never-used", "the sweep varies nothing", context.at("sweep"), "name paths in `grid`")
