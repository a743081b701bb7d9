"""Numbers and names as a reader sees them."""

import math
from collections.abc import Sequence
from typing import Any

from specc.checkpoint.format import shown
from specc.plan.model import DataPlan, LabelPlan, Plan

NOTHING = "-"
"""Stands where there is no number."""


def number(value: float | None) -> str:
    """Print a number with four significant digits.

    >>> number(0.0123456), number(1e-5), number(math.nan), number(None)
    ('0.01235', '1e-05', 'nan', '-')
    """
    return NOTHING if value is None else f"{value:.4g}"


def metric_value(metric: str, value: float | None) -> str:
    """Print a metric: a share in percent, a loss as it is.

    >>> metric_value("top1(digit)", 0.9749), metric_value("loss", 0.25)
    ('97.49%', '0.25')
    """
    if value is None or not math.isfinite(value) or metric == "loss":
        return number(value)
    return f"{100 * value:.2f}%"


def whole(value: float | None) -> str:
    """Print a count.

    >>> whole(4927618), whole(14.0), whole(2.5), whole(None)
    ('4,927,618', '14', '2.5', '-')
    """
    if value is None or not math.isfinite(value):
        return number(value)
    return f"{int(value):,}" if value == int(value) else f"{value:,}"


def duration(seconds: float | None) -> str:
    """Print a time with its two leading units.

    >>> duration(7.26), duration(75), duration(8100), duration(200_000), duration(None)
    ('7.3 s', '1 min 15 s', '2 h 15 min', '2 d 7 h', '-')
    """
    if seconds is None or not math.isfinite(seconds):
        return number(seconds)
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 24 else f"{hours // 24} d {hours % 24} h"


def cut(text: str, length: int) -> str:
    r"""Make a text safe to print on one line, and at most so long.

    >>> cut("Xanthomonas campestris", 12), cut("red" + chr(27), 12)
    ('Xanthomon...', 'red\\x1b')
    """
    plain = shown(text)
    return plain if len(plain) <= length else plain[: max(length - 3, 0)] + "..."


def class_name(label: LabelPlan, code: int, length: int = 60) -> str:
    """Return the name of a class, or its code where the plan has no names."""
    names = label.classes or ()
    return cut(names[code], length) if 0 <= code < len(names) else str(code)


def verdict(gates: Sequence[dict[str, Any]]) -> str:
    """Say whether the targets were reached.

    >>> verdict([{"gate": "top1(digit) >= 0.97", "passed": False}])
    'target missed'
    """
    missed = sum(not gate["passed"] for gate in gates)
    if not gates:
        return "no targets were set"
    if missed:
        return "target missed" if len(gates) == 1 else f"{missed} of {len(gates)} targets missed"
    return "target reached" if len(gates) == 1 else f"all {len(gates)} targets reached"


def samples(data: DataPlan) -> str:
    """Say how many samples each split has."""
    counts = (data.samples or {}).items()
    return ", ".join(f"{whole(count)} {name}" for name, count in counts) or "not counted"


def labels(data: DataPlan) -> str:
    """Say how many classes each label has."""
    return ", ".join(f"{cut(it.name, 40)} with {_classes(it.classes)}" for it in data.labels) or "none"


def counted(count: float | None, one: str, many: str) -> str:
    """Print a number of things.

    >>> counted(1, "class", "classes"), counted(1200, "class", "classes")
    ('1 class', '1,200 classes')
    """
    return f"{whole(count)} {one if count == 1 else many}"


def model(plan: Plan) -> str:
    """Say what was trained."""
    architecture = plan.model.architecture.kind if plan.model.architecture else "a model of its own"
    return f"{cut(plan.model.backbone or architecture, 60)}, {whole(plan.parameter_count)} parameters"


def facts(environment: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the plain values of the environment, as text."""
    plain = {name: value for name, value in environment.items() if isinstance(value, str | int | float)}
    if drift := environment.get("drift"):
        plain["not bit-exact"] = "; ".join(drift)
    return [(cut(str(name), 40), cut(str(value), 80)) for name, value in plain.items()]


def epochs_run(run: int, planned: float | None) -> str:
    """Say how many epochs were run of those planned.

    >>> epochs_run(9, 14.0), epochs_run(2, 2.0)
    ('9 of 14', '2')
    """
    return whole(run) if planned == run else f"{whole(run)} of {whole(planned)}"


def _classes(names: Sequence[str] | None) -> str:
    return counted(None if names is None else len(names), "class", "classes")
