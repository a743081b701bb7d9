"""Turns conditions on a class's number of samples into weights and lists of classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from specc.compiler.checks.metrics import measured
from specc.compiler.checks.rows import knows_data
from specc.compiler.context import Context
from specc.paths import KeyPath
from specc.plan.model import EvaluatePlan, LabelPlan, Operation, Plan, StagePlan
from specc.spec.expressions import Call, Condition, Filtered, Name, Rule, Sampling


@dataclass(frozen=True)
class _Drawing:
    """What sampling rules come to on the classes that there are."""

    weights: tuple[float, ...]
    moved: tuple[dict[str, Any], ...]
    idle: tuple[int, ...]
    """The rules that hold for no class."""


def apply_counts(plan: Plan, context: Context) -> Plan:
    """Write sampling weights and the classes that metrics are restricted to; without data nothing changes."""
    if plan.data.samples is None:
        return plan
    drawings: dict[str, _Drawing] = {}  # most stages draw as another one does
    _warn_empty_metrics(plan, context)
    stages = tuple(
        _with_weights(plan, context, path, stage, drawings)
        for (path, _), stage in zip(context.stages(), plan.stages, strict=True)
    )
    metrics = {text: _restricted(plan, metric) for text, metric in plan.evaluate.metrics.items()}
    evaluate: EvaluatePlan = plan.evaluate.model_copy(update={"metrics": metrics})
    return plan.model_copy(update={"stages": stages, "evaluate": evaluate})


def _with_weights(
    plan: Plan, context: Context, path: KeyPath, stage: StagePlan, drawings: dict[str, _Drawing]
) -> StagePlan:
    if stage.sampling is None:
        return stage
    sampling, place = context.setting(path, context.spec.stages[path[1]], "sample")  # type: ignore[index]
    label = plan.label(stage.sampling.label)
    if stage.sampling.text not in drawings:
        drawings[stage.sampling.text] = _drawing(sampling, label.counts or ())
    drawing = drawings[stage.sampling.text]
    _warn_idle_rules(context, place, [sampling.rules[i] for i in drawing.idle], label)
    update = {"weights": drawing.weights, "moved": drawing.moved}
    return stage.model_copy(update={"sampling": stage.sampling.model_copy(update=update)})


def _drawing(sampling: Sampling, counts: Sequence[int]) -> _Drawing:
    weights = class_weights(sampling, counts)
    idle = (i for i, rule in enumerate(sampling.rules) if not any(map(rule.condition.holds, counts)))
    return _Drawing(weights, _moved(sampling.rules, counts, weights), tuple(idle))


def class_weights(sampling: Sampling, counts: Sequence[int]) -> tuple[float, ...]:
    """Return the weight of a sample of each class; balanced weights average 1, the weight of a row without the label.

    >>> rule = Rule(5.0, Condition(Name("disease"), "<", 50.0))
    >>> class_weights(Sampling((rule,)), (20, 100))
    (5.0, 1.0)
    """
    if sampling.balanced:
        share = sum(counts) / max(sum(count > 0 for count in counts), 1)
        return tuple(share / count if count else 0.0 for count in counts)
    return tuple(next((r.weight for r in sampling.rules if r.condition.holds(count)), 1.0) for count in counts)


def _moved(rules: Sequence[Rule], counts: Sequence[int], weights: Sequence[float]) -> tuple[dict[str, Any], ...]:
    """Say what each rule does: its classes, their samples, and their share of a drawn epoch."""
    total = sum(count * weight for count, weight in zip(counts, weights, strict=True))
    taken: set[int] = set()
    found = []
    for rule in rules:
        classes = [c for c, count in enumerate(counts) if c not in taken and rule.condition.holds(count)]
        taken.update(classes)
        samples = sum(counts[c] for c in classes)
        share = round(samples * rule.weight / total, 6) if total else 0.0
        found.append({"rule": str(rule), "classes": len(classes), "samples": samples, "share": share})
    return tuple(found)


def _warn_idle_rules(context: Context, place: KeyPath, rules: Sequence[Rule], label: LabelPlan) -> None:
    for rule in rules if knows_data(context, place) else ():
        headline = f"no class of `{label.name}` has {rule.condition}"
        context.problems.warn("idle-rule", headline, context.at(place, rule.span), _told(label))


def _warn_empty_metrics(plan: Plan, context: Context) -> None:
    for place, metric in measured(context):
        for target in metric.arguments.values():
            if isinstance(target, Filtered) and knows_data(context, place):
                _warn_empty(plan, context, place, metric, target.condition)


def _warn_empty(plan: Plan, context: Context, place: KeyPath, metric: Call, condition: Condition) -> None:
    label = plan.label(condition.label.text)
    if not any(map(condition.holds, label.counts or ())):
        headline = f"`{metric}` measures nothing: no class of `{label.name}` has {condition}"
        context.problems.warn("measures-nothing", headline, context.at(place, condition.span), _told(label))


def _told(label: LabelPlan) -> str:
    counts = label.counts or (0,)
    return f"classes have {min(counts):,} to {max(counts):,} training samples"


def _restricted(plan: Plan, metric: Operation) -> Operation:
    target = metric.args.get("target")
    if target is None:
        return metric
    args = {key: value for key, value in metric.args.items() if key != "target"}
    if isinstance(target, str):
        return Operation(kind=metric.kind, args={**args, "label": target, "classes": None})
    where = target["where"]
    condition = Condition(Name(where["count"]), where["operator"], where["value"])
    counts = plan.label(where["count"]).counts or ()
    classes = [c for c, count in enumerate(counts) if condition.holds(count)]
    return Operation(kind=metric.kind, args={**args, "label": target["label"], "classes": classes})
