"""Strings to expressions: the grammar gives a tree, the table of functions gives it types."""

import re
from functools import lru_cache
from typing import Any, Final

from lark import Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from specc.diagnostics.suggest import closest, did_you_mean
from specc.frontend.binding import Argument, bind
from specc.frontend.grammars import grammar
from specc.source import Span
from specc.spec.expressions import (
    Arrow,
    Call,
    Condition,
    Expression,
    Filtered,
    Gate,
    Interval,
    Loss,
    Monitor,
    Name,
    Rate,
    Rates,
    Rule,
    Sampling,
    Schedule,
    Selector,
    Stop,
    Term,
    Weighted,
)
from specc.spec.fields import ExpressionError, Problem
from specc.spec.functions import FUNCTIONS, REQUIRED, Function
from specc.spec.units import ALIASES, BYTES, SECONDS, Quantity

MAX_LENGTH: Final = 4096
MAX_NESTING: Final = 16

_FAMILY: Final = {"monitor": "metric", "gate": "metric", "stop": "metric"}
_SYMBOLS: Final = {
    "RPAR": "`)`",
    "LPAR": "`(`",
    "COMMA": "`,`",
    "RSQB": "`]`",
    "SIGNED": "a number",
    "NAME": "a name",
    "EQUAL": "`=`",
    "COMPARE": "a comparison such as `>=`",
    "MODE": "`max` or `min`",
    "_WHERE": "`where`",
    "_THEN": "`then`",
    "STAR": "`*`",
    "PLUS": "`+`",
    "MINUS": "`-`",
    "__ANON_0": "`->`",
    "_COUNT": "`count(...)`",
    "UNIT": "a unit",
    "LSQB": "`[`",
}


@lru_cache(maxsize=4096)
def parse(kind: str, text: str) -> Expression:
    """Read `text` as an expression of `kind`.

    Raises: ExpressionError with everything that is wrong with it.

    >>> str(parse("schedule", "warmup( 2 epochs )then cosine(1e-5->0)"))
    'warmup(2 epochs) then cosine(1e-5 -> 0)'
    >>> parse("gate", "top1(species) >= 95%").threshold
    0.95
    """
    _guard(text)
    try:
        tree = grammar("grammar").parse(text, start=kind)
    except UnexpectedInput as error:
        raise ExpressionError([_syntax_problem(kind, text, error)]) from None
    reader = _Reader(_FAMILY.get(kind, kind))
    expression = reader.read(tree)
    if reader.problems:
        raise ExpressionError(reader.problems)
    return expression  # type: ignore[no-any-return]


def parse_call(kind: str, text: str) -> Call:
    """Read `text`, which is known to be a call of one of the functions of `kind`."""
    call = parse(kind, text)
    assert isinstance(call, Call)  # noqa: S101
    return call


def _guard(text: str) -> None:
    if len(text) > MAX_LENGTH:
        headline = f"an expression of {len(text):,} characters is too long"
        raise ExpressionError([Problem("too-large", headline, Span(0, 1), f"the limit is {MAX_LENGTH:,}")])
    depth = 0
    for i, c in enumerate(text):
        depth += (c in "([") - (c in ")]")
        if depth > MAX_NESTING:
            raise ExpressionError([Problem("too-deep", "an expression is nested too deeply", Span(i, i + 1))])


def _syntax_problem(kind: str, text: str, error: UnexpectedInput) -> Problem:
    at_end = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    start = len(text) if at_end else (error.pos_in_stream or 0)
    expected = set(error.accepts or error.expected) if isinstance(error, UnexpectedToken) else set(_allowed(error))
    wanted = sorted(_SYMBOLS[e] for e in expected if e in _SYMBOLS)
    if not text.strip():
        return Problem("expression-syntax", f"an empty {kind} says nothing", Span(0, len(text)))
    if at_end and text.count("(") > text.count(")"):
        opened = _unclosed(text)
        return Problem("expression-syntax", "`(` is never closed", Span(opened, len(text)), "add `)`", "`)` is missing")
    if expected == {"LPAR"} and (name := _last_name(text[:start])):
        return _not_a_call(_FAMILY.get(kind, kind), name)
    found = "the text ends" if at_end else f"`{_word_at(text, start)}` does not belong here"
    remedy = f"expected {' or '.join(wanted)}" if 0 < len(wanted) <= 6 else None
    end = start if at_end else start + len(_word_at(text, start))
    return Problem("expression-syntax", f"{found} in this {kind}", Span(min(start, len(text) - 1), end), remedy)


def _last_name(text: str) -> Name | None:
    """Return the name of a function at the end of a text."""
    found = re.search(r"([A-Za-z_]\w*)\s*$", text)
    return Name(found[1], Span(*found.span(1))) if found and found[1] != "count" else None


def _not_a_call(family: str, name: Name) -> Problem:
    """Say what is wrong with a name that stands without brackets where a call belongs."""
    function = _function(family, name)
    if function is None:
        return _unknown_function(family, name)
    if any(parameter.default is REQUIRED for parameter in function.parameters):
        return Problem("missing-argument", f"`{name}` needs arguments", name.span, f"write `{name}(...)`")
    return Problem("expression-syntax", f"`{name}` stands without its brackets", name.span, f"write `{name}()`")


def _allowed(error: UnexpectedInput) -> set[str]:
    return set(error.allowed or ()) if isinstance(error, UnexpectedCharacters) else set()


def _unclosed(text: str) -> int:
    stack = []
    for i, c in enumerate(text):
        if c == "(":
            stack.append(i)
        elif c == ")" and stack:
            stack.pop()
    return stack[-1] if stack else 0


def _word_at(text: str, start: int) -> str:
    match = re.match(r"[\w.]+|.", text[start:], re.DOTALL)
    return match.group() if match else ""


class _Reader:
    """Walks a parse tree and collects what is wrong instead of stopping at the first."""

    def __init__(self, family: str) -> None:
        self.family = family
        self.problems: list[Problem] = []

    def read(self, tree: Any) -> Any:
        return getattr(self, f"_{tree.data}")(tree)

    def _children(self, tree: Tree[Token]) -> list[Any]:
        return [self.read(child) for child in tree.children if isinstance(child, Tree)]

    def _problem(self, code: str, headline: str, span: Span, remedy: str | None = None) -> None:
        self.problems.append(Problem(code, headline, span, remedy))

    # fields

    def _schedule(self, tree: Tree[Token]) -> Schedule:
        return Schedule(tuple(self._children(tree)))

    def _constant(self, tree: Tree[Token]) -> Call:
        (value,) = self._children(tree)
        if value.unit or value.value < 0:
            self._problem("wrong-value", f"a learning rate is a plain number, not `{value}`", _span(tree))
        return Call("constant", {"value": value}, _span(tree), shown=(("", value),))

    def _selector(self, tree: Tree[Token]) -> Selector:
        first, *rest = tree.children
        terms = [Term("+", _name(first))]
        terms += [Term(str(sign), _name(name)) for sign, name in zip(rest[::2], rest[1::2], strict=True)]
        return Selector(tuple(terms))

    def _rates(self, tree: Tree[Token]) -> Rates:
        entries = self._children(tree)
        if len(entries) == 1 and isinstance(entries[0], Call):
            return Rates(layer_decay=entries[0])
        return Rates(tuple(entries))

    def _rate(self, tree: Tree[Token]) -> Rate:
        name, factor = tree.children
        return Rate(_name(name), self._plain(factor))

    def _loss(self, tree: Tree[Token]) -> Loss:
        return Loss(tuple(self._children(tree)))

    def _weighted(self, tree: Tree[Token]) -> Weighted:
        *weight, call = (child for child in tree.children if isinstance(child, Tree))
        return Weighted(self._plain(weight[0]) if weight else 1.0, self.read(call))

    def _sampling(self, tree: Tree[Token]) -> Sampling:
        entries = self._children(tree)
        if len(entries) == 1 and isinstance(entries[0], Call):
            return Sampling(balanced=entries[0])
        return Sampling(tuple(entries))

    def _rule(self, tree: Tree[Token]) -> Rule:
        number, condition = tree.children
        weight = self._plain(number)
        if weight <= 0:
            self._problem("wrong-value", "a sampling weight is above 0", _span(tree))
        return Rule(weight, self.read(condition), _span(tree))

    def _condition(self, tree: Tree[Token]) -> Condition:
        name, operator, number = tree.children
        return Condition(_name(name), str(operator), self._plain(number), _span(tree))

    def _monitor(self, tree: Tree[Token]) -> Monitor:
        mode, metric = tree.children
        return Monitor(str(mode), self.read(metric))

    def _gate(self, tree: Tree[Token]) -> Gate:
        metric, number = (child for child in tree.children if isinstance(child, Tree))
        percent = str(number.children[-1]) == "%"
        operator = str(tree.children[1])
        return Gate(self.read(metric), operator, self._plain(number), _span(number), percent=percent)

    def _stop(self, tree: Tree[Token]) -> Stop:
        monitor, *arguments = self._children(tree)
        values = {"after": Quantity(0, "epochs"), "min_delta": Quantity(0)}
        spans: dict[str, Span] = {}
        for argument in arguments:
            self._stop_argument(argument, values, spans)
        if "patience" not in values:
            self._problem("missing-argument", "a stop needs `patience`", _span(tree), "add `patience = 10 epochs`")
            values["patience"] = Quantity(1, "epochs")
        return Stop(monitor, values["patience"], values["after"], values["min_delta"].value, spans)

    def _stop_argument(self, argument: Argument, values: dict[str, Quantity], spans: dict[str, Span]) -> None:
        known = ("patience", "after", "min_delta")
        if argument.name not in known:
            headline = f"a stop has no `{argument.name}`"
            self._problem("unknown-argument", headline, argument.span, did_you_mean(argument.name, known, "arguments"))
        elif argument.name in spans:
            self._problem("duplicate-argument", f"`{argument.name}` is given twice to a stop", argument.span)
        elif not _fits_stop(argument):
            wanted = "a number" if argument.name == "min_delta" else "a duration such as `10 epochs`"
            self._problem("wrong-value", f"`{argument.name}` is {wanted}, not `{argument.value}`", argument.span)
        else:
            values[argument.name], spans[argument.name] = argument.value, argument.span

    def _only_child(self, tree: Tree[Token]) -> Any:
        return self.read(tree.children[0])

    _metric = _transform = _views = _mix = _optimizer = _split = _architecture = _dataset = _only_child

    def _duration(self, tree: Tree[Token]) -> Quantity:
        return self._with_unit(tree, ("epochs", "steps", *SECONDS), "a duration such as `1 epoch` or `5 minutes`")

    def _size(self, tree: Tree[Token]) -> Quantity:
        return self._with_unit(tree, tuple(BYTES), "a size such as `100 GB`")

    def _with_unit(self, tree: Tree[Token], units: tuple[str, ...], wanted: str) -> Quantity:
        quantity: Quantity = self.read(tree.children[0])
        if quantity.unit not in units or quantity.value <= 0:
            self._problem("wrong-value", f"`{quantity}` is not {wanted}", _span(tree))
        return quantity

    # values

    def _number(self, tree: Tree[Token]) -> Quantity:
        number, *unit = (str(token) for token in tree.children)
        value = float(number)
        if not abs(value) < 1e300:
            self._problem("wrong-value", f"`{number}` is not a finite number", _span(tree))
            return Quantity(0)
        name = ALIASES[unit[0]] if unit else None
        return Quantity(value / 100) if name == "%" else Quantity(value, name)

    def _plain(self, tree: Any) -> float:
        """Return a number that has no unit; a percentage is one."""
        quantity: Quantity = self.read(tree)
        if quantity.unit:
            self._problem("wrong-value", f"`{quantity}` has a unit where a plain number belongs", _span(tree))
        return quantity.value

    def _interval(self, tree: Tree[Token]) -> Interval:
        start, stop = tree.children
        return Interval(self._plain(start), self._plain(stop))

    def _name(self, tree: Tree[Token]) -> Name:
        return _name(tree.children[0])

    def _arrow(self, tree: Tree[Token]) -> Arrow:
        start, stop = self._children(tree)
        return Arrow(start, stop)

    def _filtered(self, tree: Tree[Token]) -> Filtered:
        name, condition = self._children(tree)
        return Filtered(name, condition)

    def _list(self, tree: Tree[Token]) -> tuple[Any, ...]:
        return tuple(self._children(tree))

    def _argument(self, tree: Tree[Token]) -> Argument:
        name, value = tree.children
        return Argument(str(name), self.read(value), _span(tree))

    def _bare(self, tree: Tree[Token]) -> Call:
        return self._bind(_name(tree.children[0]), [], _span(tree), bare=True)

    def _call(self, tree: Tree[Token]) -> Call:
        name, *rest = tree.children
        arguments = [self._as_argument(child) for child in rest if isinstance(child, Tree)]
        return self._bind(_name(name), arguments, _span(tree), bare=False)

    def _as_argument(self, tree: Tree[Token]) -> Argument:
        value = self.read(tree)
        return value if isinstance(value, Argument) else Argument("", value, _span(tree))

    def _bind(self, name: Name, arguments: list[Argument], span: Span, *, bare: bool) -> Call:
        function = _function(self.family, name)
        if function is None or (bare and function.needs_arguments):
            self.problems.append(_not_a_call(self.family, name))
            return Call(name.text, {}, span)
        if function.name != name.text:
            arguments = [Argument("k", Quantity(float(name.text.removeprefix("top"))), name.span), *arguments]
        call, problems = bind(function, arguments, span)
        self.problems += problems
        return call


def _fits_stop(argument: Argument) -> bool:
    """Say whether a stop's argument is a duration, or a plain number where that is wanted; never below 0."""
    value = argument.value
    if not isinstance(value, Quantity) or value.value < 0:
        return False
    return value.unit is None if argument.name == "min_delta" else value.unit in ("epochs", "steps")


def _function(family: str, name: Name) -> Function | None:
    """Return the function of a name; `top5` is `top` with its first argument."""
    is_top = family == "metric" and re.fullmatch(r"top\d+", name.text)
    return FUNCTIONS.get((family, "top" if is_top else name.text))


def _unknown_function(family: str, name: Name) -> Problem:
    scope = [f for kind, f in FUNCTIONS if kind == family]
    scope = ["top1", "top5", *(f for f in scope if f != "top")] if family == "metric" else scope
    elsewhere = sorted({kind for kind, f in FUNCTIONS if f == name.text})
    remedy = did_you_mean(name.text, scope, f"{family} functions")
    if elsewhere and not closest(name.text, scope):
        remedy = f"`{name}` is a {elsewhere[0]}, not a {family}"
    code = "unknown-dataset" if family == "dataset" else "unknown-function"
    return Problem(code, f"there is no {family} called `{name}`", name.span, remedy)


def _name(token: Any) -> Name:
    return Name(str(token), Span(token.start_pos, token.end_pos))


def _span(tree: Tree[Token]) -> Span:
    return Span(tree.meta.start_pos, tree.meta.end_pos) if not tree.meta.empty else Span(0, 1)
