"""Divides all parameters into groups that every stage treats alike, before the first step is made.

A group is trained or frozen as a whole, at one factor of the stage's rate, with weight decay or without, in every
stage. So a stage only switches groups, and the optimizer's state has one static layout (see also FAIR's and
timm's layer decay, whose factors are resolved here).
"""

import math
from collections.abc import Sequence

from specc.compiler.context import Context
from specc.compiler.selection import Parameter, match, model_parameters, select
from specc.plan.model import GroupPlan, Plan, StagePlan
from specc.spec.expressions import Rates, Selector

Treatment = tuple[str, bool, tuple[float, ...]]
"""Part of the model, weight decay, and the factor in each stage; 0 where the stage does not train it."""


def partition(plan: Plan, context: Context) -> Plan:
    """Write the groups and each stage's factors into the plan."""
    classes = {label.name: len(label.classes) for label in plan.data.labels if label.classes is not None}
    children = {
        label.name: label.children(classes[label.within])
        for label in plan.data.labels
        if label.within in classes and label.parents is not None
    }
    parameters = model_parameters(context.spec, context.backbone, classes, children)
    if not parameters:
        return plan
    factors = _factors(context, parameters)
    members: dict[Treatment, list[Parameter]] = {}
    for p in parameters:
        members.setdefault((_part(p.name), p.decay, tuple(f.get(p.name, 0.0) for f in factors)), []).append(p)
    names = _names(list(members))
    groups = tuple(
        GroupPlan(name=names[t], decay=t[1], parameters={p.name: p.shape for p in found})
        for t, found in members.items()
    )
    sizes = {t: _size(found) for t, found in members.items()}
    stages = tuple(_with_groups(stage, i, sizes, names) for i, stage in enumerate(plan.stages))
    return plan.model_copy(update={"model": plan.model.model_copy(update={"groups": groups}), "stages": stages})


def _part(name: str) -> str:
    first, second, *_ = name.split(".")
    return f"heads.{second}" if first == "heads" else first


def _factors(context: Context, parameters: Sequence[Parameter]) -> list[dict[str, float]]:
    """Return the factor of each stage on its rate for each parameter that it trains."""
    known: dict[tuple[str, str], dict[str, float]] = {}
    factors = []
    for path, stage in context.stages():
        selector, rates = (context.setting(path, stage, key)[0] for key in ("train", "rates"))
        words = (str(selector), str(rates))
        if words not in known:
            known[words] = _stage_factors(selector, rates, parameters)
        factors.append(known[words])
    return factors


def _stage_factors(selector: Selector | None, rates: Rates | None, parameters: Sequence[Parameter]) -> dict[str, float]:
    names = [p.name for p in parameters]
    chosen = select(selector, names) if selector else set(names)
    return {p.name: _factor(rates, p) for p in parameters if p.name in chosen}


def _factor(rates: Rates | None, parameter: Parameter) -> float:
    if rates is None:
        return 1.0
    if rates.layer_decay:
        return float(rates.layer_decay.number("factor") ** parameter.depth)
    return next((rate.factor for rate in rates.entries if match(rate.pattern, [parameter.name])), 1.0)


def _names(treatments: Sequence[Treatment]) -> dict[Treatment, str]:
    """Name a group after its part of the model, numbered where the part has several."""
    variants: dict[str, list[tuple[float, ...]]] = {}
    for part, _, factors in treatments:
        found = variants.setdefault(part, [])
        if factors not in found:
            found.append(factors)
    names = {}
    for part, decay, factors in treatments:
        number = f".{variants[part].index(factors)}" if len(variants[part]) > 1 else ""
        names[part, decay, factors] = f"{part}{number}.{'decay' if decay else 'no_decay'}"
    return names


def _with_groups(
    stage: StagePlan, index: int, sizes: dict[Treatment, int | None], names: dict[Treatment, str]
) -> StagePlan:
    train = {names[t]: t[2][index] for t in sizes if t[2][index]}
    trained = [size for t, size in sizes.items() if t[2][index]]
    total = None if None in trained else sum(filter(None, trained))
    return stage.model_copy(update={"train": train, "trained_parameters": total})


def _size(parameters: Sequence[Parameter]) -> int | None:
    """Return how many numbers some parameters are; None while a shape is not known."""
    shapes = [p.shape for p in parameters]
    return None if None in shapes else sum(math.prod(shape) for shape in shapes if shape is not None)
