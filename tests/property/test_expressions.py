"""Laws of expressions."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from specc.frontend.expressions import parse
from specc.spec.fields import STARTS, ExpressionError, Problem
from specc.spec.functions import FUNCTIONS, REQUIRED, Function, Kind, Parameter, family

few = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)

NAMES = st.sampled_from(
    ["digit", "species_2", "heads.a", "max", "where", "count", "then", "epochs", "loss", "top1", "p"]
)
PATTERNS = NAMES | st.sampled_from(["all", "backbone.blocks[-4:]", "backbone.layers[0]", "backbone.blocks[1:3].norm"])
COMPARE = st.sampled_from(["<", "<=", ">", ">=", "=="])
BLANKS = st.sampled_from(["", " ", "  ", "\n", "\t"])


def number(low: float | None = 0, high: float | None = None, excluded: str = "") -> st.SearchStrategy[str]:
    """Texts of numbers within bounds."""
    top = 1e12 if high is None else high
    bottom = -1e12 if low is None else low
    open_ends = {"exclude_min": "low" in excluded, "exclude_max": "high" in excluded}
    values = st.floats(bottom, top, allow_subnormal=False, **open_ends).map(repr)
    return values | st.just(f"{(bottom + top) / 2:.3e}")


POSITIVE = number(excluded="low")
DURATION = st.tuples(st.integers(1, 99), st.sampled_from([" epochs", " epoch", "steps", " step"])).map(
    "{0[0]}{0[1]}".format
)


@st.composite
def intervals(draw: Any, low: float | None = 0, high: float | None = None, *, rising: bool = False) -> str:
    ends = [draw(number(low, high)), draw(number(low, high))]
    start, stop = sorted(ends, key=float) if rising else ends
    return f"{start}{draw(BLANKS)}->{draw(BLANKS)}{stop}"


def whole_ranges(low: int, high: int) -> st.SearchStrategy[str]:
    ends = st.lists(st.integers(low, high), min_size=2, max_size=2).map(sorted)
    return ends.map("{0[0]} -> {0[1]}".format) | st.integers(low, high).map(str)


@st.composite
def conditions(draw: Any) -> str:
    return f"count({draw(NAMES)}) {draw(COMPARE)} {draw(number(None))}"


@st.composite
def targets(draw: Any) -> str:
    return draw(NAMES) + (f" where {draw(conditions())}" if draw(st.booleans()) else "")


def value(parameter: Parameter, family_name: str) -> st.SearchStrategy[str]:
    low, high = parameter.low, parameter.high
    return {
        Kind.NUMBER: number(low, high, parameter.open),
        Kind.INTEGER: st.integers(int(low or 0), int(high or 99)).map(str),
        Kind.INTERVAL: intervals(low, high, rising=family_name in ("transform", "views")) | number(low, high),
        Kind.RANGE: whole_ranges(int(low or 0), int(high or 99)),
        Kind.DURATION: DURATION,
        Kind.NAME: NAMES,
        Kind.NAMES: st.lists(NAMES, min_size=1, max_size=3).map(lambda names: f"[{', '.join(names)}]") | NAMES,
        Kind.ARROW: st.tuples(NAMES, NAMES).map(" -> ".join),
        Kind.TARGET: targets(),
        Kind.FLAG: st.sampled_from(["true", "false"]),
    }[parameter.kind]


@st.composite
def calls(draw: Any, function: Function, depth: int = 0) -> str:
    """A call with any choice of optional arguments, by position and by name."""
    if (function.family, function.name) == ("metric", "top"):
        return f"top{draw(st.integers(1, 20))}({draw(targets())})"
    if (function.family, function.name) == ("metric", "loss"):
        return "loss"
    arguments = []
    if function.variadic:
        inner = st.sampled_from([f for f in family(function.family).values() if not f.variadic or depth < 2])
        arguments = [draw(calls(f, depth + 1)) for f in draw(st.lists(inner, min_size=1, max_size=3))]
    by_name = bool(function.variadic)
    for parameter in function.parameters:
        if parameter.default is not REQUIRED and draw(st.booleans()):
            by_name = True
            continue
        by_name = by_name or draw(st.booleans())
        arguments.append((f"{parameter.name} = " if by_name else "") + draw(value(parameter, function.family)))
    return f"{function.name}({', '.join(arguments)})"


def any_call(name: str, *left_out: str) -> st.SearchStrategy[str]:
    return st.sampled_from([f for f in family(name).values() if f.name not in left_out]).flatmap(calls)


def listed(entries: st.SearchStrategy[str], separator: str) -> st.SearchStrategy[str]:
    return st.lists(entries, min_size=1, max_size=3).map(separator.join)


@st.composite
def stops(draw: Any) -> str:
    arguments = [f"patience = {draw(DURATION)}"]
    arguments += [f"after = {draw(DURATION)}"] if draw(st.booleans()) else []
    arguments += [f"min_delta = {draw(number())}"] if draw(st.booleans()) else []
    return ", ".join([draw(MONITORS), *draw(st.permutations(arguments))])


METRICS = any_call("metric")
MONITORS = st.tuples(st.sampled_from(["max", "min"]), METRICS).map(" ".join)
WEIGHTED = st.tuples(number().map("{} * ".format) | st.just(""), any_call("loss")).map("".join)
EXPRESSIONS = {
    "schedule": listed(any_call("schedule") | number(), " then "),
    "selector": st.tuples(PATTERNS, st.lists(st.tuples(st.sampled_from([" + ", "-", " - "]), PATTERNS))).map(
        lambda parts: parts[0] + "".join(sign + name for sign, name in parts[1])
    ),
    "rates": listed(st.tuples(PATTERNS, number()).map(" * ".join), ", ") | any_call("rates"),
    "loss": listed(WEIGHTED, " + "),
    "sampling": listed(st.tuples(POSITIVE, conditions()).map(" where ".join), ",") | any_call("sampling"),
    "monitor": MONITORS,
    "gate": st.tuples(METRICS, COMPARE, number() | number(0, 100).map("{}%".format)).map(" ".join),
    "stop": stops(),
    "dataset": any_call("dataset") | st.sampled_from(["digits", "leaves"]),
    "duration": DURATION | POSITIVE.map("{} minutes".format),
    "size": st.tuples(POSITIVE, st.sampled_from(["kB", "MB", "GB", "TB"])).map(" ".join),
    **{kind: any_call(kind) for kind in ("transform", "views", "mix", "metric", "optimizer", "split", "architecture")},
}


def test_every_kind_of_expression_is_tried():
    assert EXPRESSIONS.keys() == set(STARTS)
    assert {name for name, _ in FUNCTIONS} <= EXPRESSIONS.keys()


@pytest.mark.parametrize("kind", STARTS)
@few
@given(st.data())
def test_the_printed_text_of_an_expression_reads_back_equal(kind, data):
    node = parse(kind, data.draw(EXPRESSIONS[kind]))
    again = parse(kind, str(node))
    assert again == node
    assert str(again) == str(node)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda f: f"{f.family}-{f.name}")
@settings(few, max_examples=10)
@given(st.data())
def test_every_function_binds_all_its_parameters(function, data):
    node = parse("metric" if function.family == "metric" else function.family, data.draw(calls(function)))
    call = node if hasattr(node, "arguments") else next(iter(inner_calls(node)))
    assert [name for name in call.arguments if name != "of"] == [p.name for p in function.parameters]


def inner_calls(node: Any) -> list[Any]:
    found = [getattr(node, key, None) for key in ("layer_decay", "balanced")]
    found += [*getattr(node, "phases", ()), *(term.call for term in getattr(node, "terms", ()))]
    return [call for call in found if call]


@st.composite
def damaged(draw: Any, texts: st.SearchStrategy[str]) -> str:
    text = draw(texts)
    start = draw(st.integers(0, len(text)))
    return (
        text[:start] + draw(st.sampled_from(["", "(", ")", "->", "1e999", "é", '"', "=", "%", ","])) + text[start + 1 :]
    )


WORDS = st.sampled_from(
    ["(", ")", "[", "]", ",", "=", "*", "+", "->", " then ", " where ", "count", "max ", "5", "a.b[-1:]"]
)


@pytest.mark.parametrize("kind", STARTS)
@settings(few, max_examples=100)
@given(st.data())
def test_any_text_is_an_expression_or_an_error_inside_the_text(kind, data):
    text = data.draw(damaged(EXPRESSIONS[kind]) | st.text(max_size=30) | st.lists(WORDS, max_size=12).map("".join))
    check_spans(problems_of(kind, text), text)


@pytest.mark.parametrize("text", ["(" * 5000, "[" * 100, "a" * 5000, "1" * 4000, "a(" * 17 + ")" * 17])
@pytest.mark.parametrize("kind", STARTS)
def test_a_monstrous_text_is_an_expression_or_an_error(kind, text):
    check_spans(problems_of(kind, text), text)


def problems_of(kind: str, text: str) -> list[Problem]:
    try:
        parse(kind, text)
    except ExpressionError as error:
        return error.problems
    return []


def check_spans(problems: list[Problem], text: str) -> None:
    for problem in problems:
        assert problem.headline
        assert 0 <= problem.span.start <= problem.span.end <= len(text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("rates", "backbone * 2 epochs"),
        ("loss", "2 epochs * focal(digit)"),
        ("sampling", "5 steps where count(digit) < 50"),
        ("sampling", "5 where count(digit) < 50 GB"),
        ("gate", "top1(digit) >= 3 epochs"),
        ("schedule", "cosine(1 epoch -> 2 steps)"),
        ("stop", "min loss, patience = 5 epochs, min_delta = 5 epochs"),
    ],
)
def test_a_unit_without_meaning_is_an_error(kind, text):
    with pytest.raises(ExpressionError):
        parse(kind, text)


@pytest.mark.parametrize("text", ["jpeg(95 -> 60)", "one_of(blur(7 -> 3))", "random_resized_crop(9, 1 -> 0.5)"])
def test_a_range_that_falls_is_an_error(text):
    assert [problem.code for problem in problems_of("transform", text)] == ["out-of-range"]


@pytest.mark.parametrize(
    "text", ["min loss, patience = 5 epochs, patience = 3 epochs", "min loss, patience = -5 epochs"]
)
def test_the_arguments_of_a_stop_are_checked(text):
    with pytest.raises(ExpressionError):
        parse("stop", text)
