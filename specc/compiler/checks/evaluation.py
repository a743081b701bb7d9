"""What is measured, and the targets that must be reached."""

from itertools import combinations

from specc.compiler.checks.metrics import SHARES, targets
from specc.compiler.context import Context
from specc.paths import KeyPath
from specc.spec.expressions import Gate
from specc.spec.units import number_text

_METRICS = KeyPath(("evaluate", "metrics"))


def check_evaluation(context: Context) -> None:
    """Report metrics that are listed twice, and targets that are never or always reached."""
    seen: dict[str, KeyPath] = {}
    for index, metric in enumerate(context.spec.evaluate.metrics):
        _twice(context, seen, str(metric), _METRICS.child(index))
    for path, gates in targets(context):
        found: dict[str, KeyPath] = {}
        for index, gate in enumerate(gates):
            place = path.child(index)
            _gate(context, place, gate)
            _twice(context, found, str(gate), place)
        _contradictions(context, path, gates)


def _twice(context: Context, seen: dict[str, KeyPath], text: str, place: KeyPath) -> None:
    if text in seen:
        labels = context.at(place) + context.at(seen[text], text="also here")
        context.problems.warn("duplicate-item", f"`{text}` is listed twice", labels, "keep one of them")
    seen.setdefault(text, place)


def _gate(context: Context, place: KeyPath, gate: Gate) -> None:
    """Report a target that no run, or every run, reaches, and one on the wrong side."""
    labels, number = context.at(place, gate.span), _number(gate)
    is_share = gate.metric.function in SHARES
    if gate.metric.function != "loss" and gate.threshold > 1 and (is_share or not gate.percent):
        remedy = f"did you mean `{number}%`?" if not gate.percent else None
        context.problems.error("impossible-gate", f"no share reaches {number}", labels, remedy)
    elif _is_impossible(gate, is_share=is_share):
        headline = f"`{_written(gate)}` is never reached"
        context.problems.error("impossible-gate", headline, labels, "ask for what can be reached")
    elif _is_idle(gate, is_share=is_share):
        headline = f"`{_written(gate)}` is always reached"
        context.problems.warn("idle-gate", headline, labels, "leave it out, or ask for more")
    elif gate.operator[0] == ("<" if is_share else ">"):
        better = "higher" if is_share else "lower"
        headline = f"`{_written(gate)}` asks for the worst: `{gate.metric}` is better the {better}"
        remedy = f"write `{gate.metric} {'>=' if is_share else '<='} {number}`"
        context.problems.warn("wrong-direction", headline, context.at(place), remedy)
    if gate.percent and gate.metric.function == "loss":
        headline = f"`loss` is no share, and `{number}` is one"
        context.problems.warn("loss-is-no-share", headline, labels, f"write `{number_text(gate.threshold)}`")


def _number(gate: Gate) -> str:
    """Return a target as it is written, or nearly so."""
    return f"{100 * gate.threshold:.6g}%" if gate.percent else number_text(gate.threshold)


def _written(gate: Gate) -> str:
    return f"{gate.metric} {gate.operator} {_number(gate)}"


def _is_impossible(gate: Gate, *, is_share: bool) -> bool:
    """Say whether no number from 0 on, or up to 1 for a share, reaches a target."""
    below, above = gate.threshold < 0, is_share and gate.threshold >= 1
    return {">": above, "<=": below, "<": gate.threshold <= 0, "==": below}.get(gate.operator, False)


def _is_idle(gate: Gate, *, is_share: bool) -> bool:
    """Say whether every such number reaches a target."""
    most = is_share and gate.threshold == 1
    return {">=": gate.threshold <= 0, ">": gate.threshold < 0, "<=": most}.get(gate.operator, False)


def _contradictions(context: Context, path: KeyPath, gates: tuple[Gate, ...]) -> None:
    """Report pairs of targets that no number reaches."""
    for (i, first), (j, second) in combinations(enumerate(gates), 2):
        if first.metric == second.metric and not _both_hold(first, second):
            labels = context.at(path.child(j), second.span) + context.at(
                path.child(i), first.span, "asked for here, too"
            )
            headline = f"`{_written(first)}` and `{_written(second)}` are never reached together"
            context.problems.error("contradiction", headline, labels, "keep one of them")


def _both_hold(first: Gate, second: Gate) -> bool:
    """Say whether some number reaches both targets."""
    low = max(_lowest(first), _lowest(second))
    high = min(_highest(first), _highest(second))
    return low <= high


def _lowest(gate: Gate) -> tuple[float, int]:
    """Return the least number that reaches a target, and 1 where it must be above."""
    return {">=": (gate.threshold, 0), ">": (gate.threshold, 1), "==": (gate.threshold, 0)}.get(
        gate.operator, (-float("inf"), 0)
    )


def _highest(gate: Gate) -> tuple[float, int]:
    """Return the largest number that reaches a target, and -1 where it must be below."""
    return {"<=": (gate.threshold, 0), "<": (gate.threshold, -1), "==": (gate.threshold, 0)}.get(
        gate.operator, (float("inf"), 0)
    )
