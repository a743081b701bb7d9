"""Metrics, monitors and gates."""

from specc.compiler.checks.names import check_call_labels
from specc.compiler.context import Context
from specc.paths import KeyPath
from specc.spec.expressions import Gate
from specc.spec.units import number_text


def check_evaluation(context: Context) -> None:
    """Report metrics of unknown labels and targets that no share can reach."""
    evaluate = context.spec.evaluate
    base = KeyPath(("evaluate",))
    for index, metric in enumerate(evaluate.metrics):
        check_call_labels(context, base.child("metrics").child(index), metric)
    if evaluate.best:
        check_call_labels(context, base.child("best"), evaluate.best.metric)
    _gates(context, base.child("expect"), evaluate.expect)
    for path, stage in context.stages():
        gates, place = context.setting(path, stage, "expect")
        _gates(context, place, gates or ())
        stop, place = context.setting(path, stage, "stop")
        if stop:
            check_call_labels(context, place, stop.monitor.metric)


def _gates(context: Context, path: KeyPath, gates: tuple[Gate, ...]) -> None:
    for index, gate in enumerate(gates):
        place = path.child(index)
        check_call_labels(context, place, gate.metric)
        if gate.metric.function != "loss" and gate.threshold > 1:
            number = number_text(gate.threshold)
            headline = f"no share reaches {number}"
            remedy = f"did you mean `{number}%`?" if not gate.percent else None
            context.problems.error("impossible-gate", headline, context.at(place, gate.span), remedy)
