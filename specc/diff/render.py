"""A comparison as text and as JSON."""

import json
from collections.abc import Iterator
from typing import Any

from specc.diff.edits import ABSENT, ORDER, Edit
from specc.diff.effects import Comparison, Effect
from specc.paths import KeyPath
from specc.spec.units import number_text

_DERIVED = frozenset(
    [
        "schedule",
        "loss",
        "sampling",
        "train",
        "moved",
        "groups",
        "trained_parameters",
        "fingerprints",
        "counts",
        "parents",
        "weights",
    ]
)
"""Fields that follow from others, or that a stage's own words say better; they are compared, and not shown."""


def as_text(comparison: Comparison) -> str:
    """Render for people: each edit as one would say it, then the verdict."""
    if not comparison.edits:
        return "no difference: the two specs are the same experiment\n"
    lines = [_line(edit, comparison) for edit in shown(comparison)]
    return "\n".join([*lines, "", *_verdict(comparison)]) + "\n"


def as_json(comparison: Comparison) -> str:
    """Render for machines."""
    record = {
        "effect": comparison.effect.name.lower(),
        "retrained_from": comparison.first_stage,
        "kept": list(comparison.kept),
        "edits": [{"path": str(e.path), "old": _json(e.old), "new": _json(e.new)} for e in comparison.edits],
    }
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def shown(comparison: Comparison) -> Iterator[Edit]:
    """Yield the edits that a person made, and not what follows from them."""
    for edit in comparison.edits:
        if not _DERIVED.intersection(edit.path):
            yield edit


def _line(edit: Edit, comparison: Comparison) -> str:
    name = _name(edit.path)
    where = _where(edit.path, comparison)
    if edit.path[-1] == ORDER:
        return f"  {name}: {' '.join(edit.old)} -> {' '.join(edit.new)}{where}"
    if edit.old is ABSENT:
        return f"+ {name}: {_value(edit.new)}{where}"
    if edit.new is ABSENT:
        return f"- {name}: {_value(edit.old)}{where}"
    return f"  {name}: {_value(edit.old)} -> {_value(edit.new)}{_ratio(edit)}{where}"


def _name(path: KeyPath) -> str:
    """Say a path as a person would: a stage's values under its name."""
    parts = path[1:] if path[0] == "stages" and len(path) > 1 else path
    return str(KeyPath(part for part in parts if part != "texts"))


def _where(path: KeyPath, comparison: Comparison) -> str:
    for plan in (comparison.new, comparison.old):
        for candidate in (KeyPath(part for part in path if part != "texts"), path.parent):
            origin = plan.origins.get(str(candidate))
            if origin and ":" in origin:
                return f"   ({origin})"
    return ""


def _ratio(edit: Edit) -> str:
    numbers = [v for v in (edit.old, edit.new) if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) < 2 or not numbers[0]:
        return ""
    return f", x {number_text(round(numbers[1] / numbers[0], 3))}"


def _value(value: Any) -> str:
    if isinstance(value, float):
        return number_text(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else text[:97] + "..."


def _json(value: Any) -> Any:
    return None if value is ABSENT else value


def _verdict(comparison: Comparison) -> Iterator[str]:
    if comparison.effect is Effect.NOTHING:
        yield "no effect on weights: nothing is trained again"
        return
    if comparison.effect in (Effect.NEW_MODEL, Effect.RESULT):
        yield str(comparison.effect)
    names = [stage.name for stage in comparison.new.stages]
    first = names.index(comparison.first_stage) if comparison.first_stage else len(names)
    yield f"trained again: {', '.join(names[first:])}" if first < len(names) else "nothing is trained again"
    if comparison.kept:
        yield f"results that stand: {', '.join(comparison.kept)}"
    old, new = (sum(stage.steps or 0 for stage in plan.stages) for plan in (comparison.old, comparison.new))
    if old and new:
        yield f"optimizer steps: {old:,} -> {new:,}"
