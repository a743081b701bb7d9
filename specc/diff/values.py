"""Values of plans as a spec would write them."""

import json
from collections.abc import Mapping
from typing import Any, Final

from specc.diff.edits import ORDER
from specc.paths import KeyPath
from specc.spec.units import number_text

LONGEST: Final = 100
"""Characters of a value that is shown; more of it is cut off."""

MOST_GROUPS: Final = 4
"""Groups of parameters that are named one by one."""

_OF_STAGE: Final = ("epochs", "steps", "selector", "batch_size")


def value_text(key: KeyPath, value: Any) -> str:
    """Print a value that stands at a key of the spec.

    >>> value_text(KeyPath(("seed",)), 3), value_text(KeyPath(("a",)), {"kind": "hflip", "args": {"p": 0.5}})
    ('3', 'hflip(p = 0.5)')
    """
    if key[0] == "stages" and isinstance(value, dict) and "selector" in value:
        return _stage(value)
    if key[-1] == ORDER:
        return " ".join(value)
    if key[0] == "stages" and key[-1] == "train" and isinstance(value, dict):
        return _rates(value)
    text = ", ".join(items) if (items := items_of(value)) is not None else plain(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def items_of(value: Any) -> list[str] | None:
    """Return the items of a list, printed; None when it is none."""
    return [plain(item) for item in value] if isinstance(value, list) else None


def plain(value: Any) -> str:
    """Print a value that stands anywhere."""
    match value:
        case None | "":
            return "none"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number_text(value)
        case str():
            return value
        case dict():
            return _table(value)
        case list():
            return f"[{', '.join(map(plain, value))}]"
    return json.dumps(value)


def _table(value: Mapping[str, Any]) -> str:
    """Print a table of a plan: a call, a gate, a monitor, a term of a loss, or what else it may be."""
    match value:
        case {"kind": str(kind), "args": dict(arguments)}:
            return f"{kind}({_pairs(arguments)})"
        case {"metric": str(metric), "operator": str(operator), "threshold": threshold}:
            return f"{metric} {operator} {_threshold(metric, threshold)}"
        case {"mode": str(mode), "metric": str(metric)}:
            return f"{mode} {metric}"
        case {"monitor": dict(monitor), "patience_epochs": _}:
            return f"{plain(monitor)}, {_pairs(_limits(value))}"
        case {"weight": weight, "loss": dict(loss)}:
            return plain(loss) if weight == 1 else f"{number_text(weight)} * {plain(loss)}"
    return _pairs({name: item for name, item in value.items() if name != ORDER})


def _pairs(table: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {plain(item)}" for name, item in table.items())


def _threshold(metric: str, value: float) -> str:
    return number_text(value) if metric == "loss" else f"{number_text(round(100 * value, 10))}%"


def _limits(stop: Mapping[str, Any]) -> dict[str, str]:
    """Return the patience of a stop, and before when it never comes, each with its unit."""
    found = {}
    for name in ("patience", "after"):
        for unit in ("epochs", "steps"):
            if value := stop[f"{name}_{unit}"]:
                found[name] = f"{number_text(value)} {unit}"
    return found


def _rates(factors: Mapping[str, float]) -> str:
    """Print the factors on the rate of a stage's groups; of many groups, the span of them."""
    groups = {name.rsplit(".", 1)[0]: factor for name, factor in factors.items()}
    if len(groups) > MOST_GROUPS:
        return f"{min(groups.values()):.3g} to {max(groups.values()):.3g} over {len(groups)} groups"
    return ", ".join(f"{name} * {factor:.3g}" for name, factor in groups.items())


def _stage(stage: Mapping[str, Any]) -> str:
    """Print what a person would tell of a stage first."""
    shown = {name: stage[name] for name in _OF_STAGE if stage.get(name) is not None}
    if "epochs" in shown:
        shown.pop("steps", None)
    shown["train"] = shown.pop("selector")
    return _pairs({**shown, "lr": stage["texts"].get("lr", "")})
