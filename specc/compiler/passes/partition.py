"""Divides all parameters into groups that every stage treats alike, before the first step is made.

A group is trained or frozen as a whole, at one factor of the stage's rate, with weight decay or without, in every
stage. So a stage only switches groups, and the optimizer's state has one static layout (see also FAIR's and
timm's layer decay, whose factors are resolved here).
"""

from collections.abc import Sequence

from specc.compiler.context import Context
from specc.compiler.selection import Parameter, match, model_parameters, select
from specc.plan.model import GroupPlan, Plan, StagePlan
from specc.spec.expressions import Rates

Treatment = tuple[str, bool, tuple[float, ...]]
"""Part of the model, weight decay, and the factor in each stage; 0 where the stage does not train it."""


def partition(plan: Plan, context: Context) -> Plan:
    """Write the groups and each stage's factors into the plan."""
    classes = {label.name: len(label.classes) for label in plan.data.labels if label.classes is not None}
    parameters = model_parameters(context.spec, context.backbone, classes)
    if not parameters:
        return plan
    factors = [_factors(context, index, parameters) for index in range(len(plan.stages))]
    members: dict[Treatment, list[Parameter]] = {}
    for p in parameters:
        members.setdefault((_part(p.name), p.decay, tuple(f.get(p.name, 0.0) for f in factors)), []).append(p)
    names = _names(list(members))
    groups = tuple(
        GroupPlan(name=names[t], decay=t[1], parameters={p.name: p.shape for p in found})
        for t, found in members.items()
    )
    stages = tuple(_with_groups(stage, i, members, names) for i, stage in enumerate(plan.stages))
    return plan.model_copy(update={"model": plan.model.model_copy(update={"groups": groups}), "stages": stages})


def _part(name: str) -> str:
    first, second, *_ = name.split(".")
    return f"heads.{second}" if first == "heads" else first


def _factors(context: Context, index: int, parameters: Sequence[Parameter]) -> dict[str, float]:
    """Return the factor on a stage's rate of each parameter that it trains."""
    path, stage = next(found for i, found in enumerate(context.stages()) if i == index)
    selector = context.setting(path, stage, "train")[0]
    rates = context.setting(path, stage, "rates")[0]
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
    stage: StagePlan, index: int, members: dict[Treatment, list[Parameter]], names: dict[Treatment, str]
) -> StagePlan:
    train = {names[t]: t[2][index] for t in members if t[2][index]}
    sizes = [_size(p) for t, found in members.items() if t[2][index] for p in found]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    return stage.model_copy(update={"train": train, "trained_parameters": total})


def _size(parameter: Parameter) -> int | None:
    if parameter.shape is None:
        return None
    size = 1
    for side in parameter.shape:
        size *= side
    return size
