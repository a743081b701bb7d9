"""What decides which weights are best, when a stage stops and whether it went well: each must be able to tell."""

from collections.abc import Iterator

from specc.compiler.checks.metrics import SHARES
from specc.compiler.checks.rows import Row, by_place, table
from specc.compiler.context import Context
from specc.diagnostics.model import Label
from specc.paths import KeyPath
from specc.spec.expressions import Call, Monitor

_BEST = KeyPath(("evaluate", "best"))


def check_monitors(context: Context) -> None:
    """Report monitors that look for the worst, and those that a stage cannot move."""
    rows = table(context)
    best = context.spec.evaluate.best
    if best:
        _direction(context, _BEST, best)
    for place, users in by_place(rows, "stop").items():
        _direction(context, place, users[0].setting("stop")[0].monitor)
    _one_loss(context, rows)
    if rows[0].names:
        for row in rows:
            _reached(rows, row)


def _direction(context: Context, path: KeyPath, monitor: Monitor) -> None:
    metric = monitor.metric
    better = "max" if metric.function in SHARES else "min"
    if monitor.mode != better:
        headline = (
            f"`{monitor}` looks for the worst: `{metric}` is better the {'higher' if better == 'max' else 'lower'}"
        )
        context.problems.warn("wrong-direction", headline, context.at(path), f"write `{better} {metric}`")


def _one_loss(context: Context, rows: list[Row]) -> None:
    """Report a best loss of stages that minimise different ones: the best weights of the run are chosen among all."""
    losses = [(row, *row.setting("loss")) for row in rows if _is_known(row)]
    other = next((found for found in losses if str(found[1]) != str(losses[0][1])), None)
    if other is None or not _keeps_least_loss(context, rows):
        return
    names = f"`{losses[0][0].stage.name}` and `{other[0].stage.name}`"
    headline = f"the best weights are those of the least loss, and stages {names} minimise different ones"
    labels = context.at(_BEST) if context.spec.evaluate.best else ()
    labels += context.at(other[2], text="one loss") + context.at(losses[0][2], text="another")
    remedy = 'choose by a metric: evaluate.best = "max top1(LABEL)"'
    context.problems.warn("incomparable-losses", headline, labels, remedy)


def _is_known(row: Row) -> bool:
    """Say whether a stage's loss names heads that there are; others are reported by themselves."""
    loss = row.setting("loss")[0]
    return loss is not None and all(str(term.call.arguments.get("head")) in row.heads for term in loss.terms)


def _keeps_least_loss(context: Context, rows: list[Row]) -> bool:
    """Say whether the best weights are those of the least loss: they are where no share of hits is measured."""
    spec = context.spec
    if spec.evaluate.best:
        return str(spec.evaluate.best) == "min loss"
    measured = [*spec.evaluate.metrics, *(gate.metric for gate in spec.evaluate.expect)]
    measured += [gate.metric for row in rows for gate in row.setting("expect")[0] or ()]
    measured += [stop.monitor.metric for row in rows if (stop := row.setting("stop")[0])]
    has_own = bool(spec.evaluate.metrics) or not spec.model.heads.keys() & spec.data.labels.keys()
    return has_own and not any(metric.function == "top" for metric in measured)


def _watched(rows: list[Row], row: Row) -> Iterator[tuple[str, Call, tuple[Label, ...]]]:
    """Yield what waits for a metric in a stage: its key, the metric, and its place."""
    stop, place = row.setting("stop")
    if stop:
        yield "stop", stop.monitor.metric, row.at(place)
    best = row.context.spec.evaluate.best
    start, place = rows[row.index + 1].setting("start_from") if row.index + 1 < len(rows) else (None, row.path)
    if best and start == "best":
        yield "start_from", best.metric, row.at(place)
    gates, place = row.setting("expect")
    for index, gate in enumerate(gates or ()):
        yield "expect", gate.metric, row.at(place.child(index))


def _reached(rows: list[Row], row: Row) -> None:
    """Report what waits for a head that nothing has trained yet, or that the stage does not change."""
    model = row.context.spec.model
    for key, metric, place in _watched(rows, row):
        heads = [name.text for name in metric.names() if name.text in model.heads]
        untrained = [head for head in heads if _is_trained_later(head, rows, row)]
        labels = place + row.at(row.setting("train")[1], text="trains other parameters")
        if untrained and model.start_from is None:
            asked = f"`{key}` depends on `{metric}` in stage `{row.stage.name}`"
            headline = f"{asked}, and nothing has trained head `{untrained[0]}`"
            row.warn("untrained-monitor", headline, labels, "choose what is trained by then")
        elif key != "expect" and heads and _stands_still(row, heads):
            headline = f"`{key}` depends on `{metric}`, which stage `{row.stage.name}` does not change"
            row.warn("constant-monitor", headline, labels, "choose what the stage trains, or `loss`")


def _is_trained_later(head: str, rows: list[Row], row: Row) -> bool:
    """Say whether the first stage that trains a head comes after this one."""
    first = next((other.index for other in rows if other.trains_head(head)), -1)
    return first > row.index


def _stands_still(row: Row, heads: list[str]) -> bool:
    """Say whether a stage moves none of the weights that heads answer with; an average moves by itself."""
    model = row.context.spec.model
    routing = [str(model.heads[head].routed_by) for head in heads]
    moved = row.trains_backbone or any(row.trains_head(head) for head in (*heads, *routing))
    return model.ema_decay is None and not moved
