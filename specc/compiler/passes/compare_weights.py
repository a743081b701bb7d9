"""Holds the weights that a run starts from to the model and to its classes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specc.checkpoint.format import Header, read_header
from specc.compiler.context import Context
from specc.plan.model import HeadPlan, Plan


def compare_weights(plan: Plan, context: Context) -> Plan:
    """Report weights that fit nothing, and heads that begin from other classes; the plan stays as it is.

    Raises: FileFormatError when the file is no checkpoint.
    """
    if plan.model.start_from is None or plan.data.samples is None or not plan.model.groups:
        return plan
    header = read_header(Path(plan.model.start_from).expanduser())
    shapes = _shapes(header)
    parameters = {name: shape for group in plan.model.groups for name, shape in group.parameters.items()}
    if not any(shapes.get(name) == shape for name, shape in parameters.items()):
        headline = f"no weight of `{plan.model.start_from}` fits this model"
        remedy = "`specc inspect` shows what it holds"
        context.problems.error("weights-do-not-fit", headline, context.at("model.start_from"), remedy)
    before = _classes(header)
    for head in plan.model.heads:
        _compare_head(plan, context, head, shapes, before)
    return plan


def _shapes(header: Header) -> dict[str, tuple[int, ...]]:
    """Return the shape of each tensor under the name that a run looks for; a file of another program has a backbone."""
    prefix = "" if "plan_digest" in (header.own_metadata or {}) else "backbone."
    return {f"{prefix}{name}": info.shape for name, info in header.tensors.items()}


def _classes(header: Header) -> dict[str, Any]:
    """Return the classes of each label that the weights were trained on, as far as the file says."""
    try:
        labels = json.loads((header.own_metadata or {})["plan"])["data"]["labels"]
        return {label["name"]: label["classes"] for label in labels}
    except (KeyError, TypeError, ValueError, RecursionError):
        return {}


def _compare_head(
    plan: Plan, context: Context, head: HeadPlan, shapes: Mapping[str, tuple[int, ...]], before: Mapping[str, Any]
) -> None:
    now = list(plan.label(head.label).classes or ()) if head.label else []
    bias = shapes.get(f"heads.{head.name}.bias") or shapes.get(f"heads.{head.name}.out.bias")
    if not now or not bias:
        return
    labels = context.at("model.start_from") + context.at(f"model.heads.{head.name}", text="this head")
    if bias[0] != len(now):
        headline = f"head `{head.name}` tells {len(now):,} classes, and the weights that it starts from {bias[0]:,}"
        remedy = "it begins anew; where that is meant, allow `classes-differ` and say why"
        context.problems.warn("classes-differ", headline, labels, remedy)
    elif odd := _first_other(before.get(head.label or ""), now):
        headline = f"head `{head.name}` starts from weights of other classes: `{odd[0]}` becomes `{odd[1]}`"
        remedy = "start from weights of the same classes, or give label and head another name to begin the head anew"
        context.problems.warn("classes-differ", headline, labels, remedy)


def _first_other(before: Any, now: list[str]) -> tuple[str, str] | None:
    """Return the first class that has changed, as it was and as it is.

    >>> _first_other(["ash", "elm"], ["ash", "oak"]), _first_other(None, ["ash"]), _first_other(["ash"], ["ash"])
    (('elm', 'oak'), None, None)
    """
    if not isinstance(before, list) or len(before) != len(now):
        return None
    return next(((str(old), new) for old, new in zip(before, now, strict=True) if old != new), None)
