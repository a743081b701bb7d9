"""Arguments to parameters: what was written against what the table of functions knows."""

from typing import Any, NamedTuple

from specc.diagnostics.suggest import did_you_mean
from specc.source import Span
from specc.spec.expressions import Arrow, Call, Filtered, Interval, Name, text
from specc.spec.fields import Problem
from specc.spec.functions import REQUIRED, Function, Kind, Parameter
from specc.spec.units import Quantity


class Argument(NamedTuple):
    """One written argument; `name` is empty for a positional one."""

    name: str
    value: Any
    span: Span


def bind(function: Function, arguments: list[Argument], span: Span) -> tuple[Call, list[Problem]]:
    """Match arguments to parameters and check each; return the call and what is wrong with it."""
    problems: list[Problem] = []
    given, inner = _assign(function, arguments, problems)
    values: dict[str, object] = {"of": inner} if function.variadic else {}
    spans = {name: argument.span for name, argument in given.items()}
    for parameter in function.parameters:
        values[parameter.name] = _value(function, parameter, given.get(parameter.name), span, problems)
    return Call(function.name, values, span, spans, _shown(function, values)), problems


def _assign(
    function: Function, arguments: list[Argument], problems: list[Problem]
) -> tuple[dict[str, Argument], tuple[Call, ...]]:
    given: dict[str, Argument] = {}
    inner: list[Call] = []
    order = [] if function.variadic else [p.name for p in function.parameters]
    for argument in arguments:
        if not argument.name and function.variadic and isinstance(argument.value, Call):
            inner.append(argument.value)
            continue
        name = argument.name or next((n for n in order if n not in given), "")
        if function.parameter(name) is None:
            problems.append(_surplus(function, argument))
        elif name in given:
            headline = f"`{name}` is given twice to `{function.name}`"
            problems.append(Problem("duplicate-argument", headline, argument.span))
        else:
            given[name] = argument
    if function.variadic and not inner:
        span = arguments[0].span if arguments else Span(0, 1)
        problems.append(Problem("missing-argument", f"`{function.name}` chooses among nothing", span))
    return given, tuple(inner)


def _surplus(function: Function, argument: Argument) -> Problem:
    if argument.name:
        headline = f"`{function.name}` has no argument `{argument.name}`"
        remedy = did_you_mean(argument.name, [p.name for p in function.parameters], "arguments")
        return Problem("unknown-argument", headline, argument.span, remedy)
    count = len(function.parameters)
    headline = f"`{function.name}` takes {count or 'no'} argument{'' if count == 1 else 's'}, and this is one more"
    return Problem("unknown-argument", headline, argument.span)


def _value(
    function: Function, parameter: Parameter, argument: Argument | None, span: Span, problems: list[Problem]
) -> object:
    if argument is None:
        if parameter.default is REQUIRED:
            headline = f"`{function.name}` needs `{parameter.name}`"
            problems.append(Problem("missing-argument", headline, span, f"`{parameter.name}` is {parameter.kind}"))
        return parameter.default
    converted = _convert(parameter, argument.value)
    if converted is None:
        headline = f"`{parameter.name}` of `{function.name}` is {parameter.kind}, not `{text(argument.value)}`"
        problems.append(Problem("wrong-value", headline, argument.span))
        return parameter.default
    if not all(parameter.accepts(number) for number in _numbers(converted)):
        headline = f"`{parameter.name}` of `{function.name}` is {parameter.bounds}, not `{argument.value}`"
        problems.append(Problem("out-of-range", headline, argument.span, _as_share(parameter, converted)))
    if isinstance(converted, Interval) and converted.start > converted.stop and function.family in _RISING:
        headline = f"`{parameter.name}` of `{function.name}` falls, from {converted}"
        problems.append(Problem("out-of-range", headline, argument.span, "write the smaller number first"))
    return converted


_RISING = ("transform", "views", "dataset")
"""Families whose ranges are drawn from, so that they rise; a schedule's run from one end to the other."""


def _as_share(parameter: Parameter, value: object) -> str | None:
    """Return the remedy for a share in percent without its sign."""
    is_share = (parameter.low, parameter.high, parameter.open) == (0, 1, "")
    in_percent = isinstance(value, Quantity) and 1 < value.value <= 100
    return f"did you mean `{value}%`?" if is_share and in_percent else None


def _convert(parameter: Parameter, value: Any) -> object | None:  # noqa: C901  (a table, one case a kind)
    """Return the value as its parameter wants it, or None when it is of another kind."""
    match parameter.kind, value:
        case Kind.NUMBER, Quantity(unit=None):
            return value
        case Kind.INTEGER, Quantity(unit=None) if float(value.value).is_integer():
            return value
        case Kind.INTERVAL, Interval() | Quantity(unit=None):
            return _interval(value)
        case Kind.RANGE, Interval() | Quantity(unit=None) if all(end.is_integer() for end in _numbers(value)):
            return _interval(value)
        case Kind.DURATION, Quantity(unit="epochs" | "steps"):
            return value
        case Kind.NAME, Name():
            return value
        case Kind.NAMES, tuple() if value and all(isinstance(v, Name) for v in value):
            return value
        case Kind.NAMES, Name():
            return (value,)
        case Kind.ARROW, Arrow():
            return value
        case Kind.TARGET, Name() | Filtered():
            return value
        case Kind.FLAG, Name(text="true" | "false"):
            return value.text
    return None


def _interval(value: object) -> Interval:
    """Return a range; one number is both ends of one."""
    ends = _numbers(value)
    return Interval(ends[0], ends[-1])


def _numbers(value: object) -> tuple[float, ...]:
    match value:
        case Quantity():
            return (value.value,)
        case Interval():
            return (value.start, value.stop)
    return ()


_NAMED = ("from", "every")
"""Arguments that read better with their names, although they are required."""


def _shown(function: Function, values: dict[str, object]) -> tuple[tuple[str, object], ...]:
    inner = values.get("of", ())
    shown: list[tuple[str, object]] = [("", call) for call in inner] if isinstance(inner, tuple) else []
    in_order = True
    for parameter in function.parameters:
        value = values[parameter.name]
        if parameter.default is REQUIRED:
            in_order = in_order and parameter.name not in _NAMED
            shown.append(("" if in_order else parameter.name, value))
        elif value != parameter.default:
            in_order = False
            shown.append((parameter.name, value))
    return tuple(shown)
