"""Calls of the language as operations of a plan: every argument a JSON value, every duration in one unit."""

from typing import Any

from specc.plan.model import GatePlan, MonitorPlan, Operation
from specc.spec.expressions import Arrow, Call, Condition, Filtered, Gate, Interval, Monitor, Name
from specc.spec.functions import FUNCTIONS, Kind
from specc.spec.units import Quantity


def operation(family: str, call: Call) -> Operation:
    """Return a call as an operation.

    A duration's unit goes into its name: `every = 7 epochs` becomes `every_epochs`.
    """
    args: dict[str, Any] = {}
    function = FUNCTIONS[family, call.function]
    for name, value in call.arguments.items():
        parameter = function.parameter(name)
        if isinstance(value, Quantity) and value.unit:
            args[f"{name}_{value.unit}"] = value.value
        elif parameter and parameter.kind is Kind.INTEGER and isinstance(value, Quantity):
            args[name] = int(value.value)
        elif parameter and parameter.kind is Kind.RANGE and isinstance(value, Interval):
            args[name] = [int(value.start), int(value.stop)]
        else:
            args[name] = _plain(family, value)
    return Operation(kind=call.function, args=args)


def _plain(family: str, value: object) -> Any:
    match value:
        case Quantity():
            return value.value
        case Interval():
            return [value.start, value.stop]
        case Name():
            return value.text
        case Arrow():
            return [value.start.text, value.stop.text]
        case Filtered():
            return {"label": value.name.text, "where": condition(value.condition)}
        case Call():
            return operation(family, value).model_dump()
        case tuple():
            return [_plain(family, item) for item in value]
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def condition(value: Condition) -> dict[str, Any]:
    """Return a condition on a class's count."""
    return {"count": value.label.text, "operator": value.operator, "value": value.value}


def monitor(value: Monitor) -> MonitorPlan:
    """Return a monitor by its metric's text."""
    return MonitorPlan(mode="max" if value.mode == "max" else "min", metric=str(value.metric))


def gate(value: Gate) -> GatePlan:
    """Return a gate by its metric's text."""
    return GatePlan(metric=str(value.metric), operator=value.operator, threshold=value.threshold)
