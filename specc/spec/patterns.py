"""Regular expressions of expressions, one a kind: what an editor can refuse by the JSON Schema, without a parser.

A pattern matches every expression that can be read, and some that cannot: it counts no arguments, and pairs no brackets
where calls stand in calls. Only what ECMA-262, Rust's regex and Python share is used, so nothing looks around or back.

>>> import re
>>> [bool(re.search(PATTERNS["gate"], text)) for text in ("top1(species) >= 95%", "top1(species)")]
[True, False]
"""

from typing import Final

from specc.spec.functions import Function, Kind, family
from specc.spec.units import ALIASES, BYTES, SECONDS

_EPOCHS_OR_STEPS: Final = ("epochs", "steps")

_NAME = r"[A-Za-z_]\w*(?:\.\w+|\[[-\d:]*\])*"
_DIGITS = r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_NUMBER = rf"{_DIGITS}(?:\s*%)?"
_COMPARE = r"(?:[<>]=?|==)"
_CONDITION = rf"count\s*\(\s*{_NAME}\s*\)\s*{_COMPARE}\s*{_NUMBER}"


def _any(*choices: str) -> str:
    return f"(?:{'|'.join(choices)})" if len(choices) > 1 else choices[0]


def _listed(item: str, separator: str) -> str:
    return rf"{item}(?:\s*{separator}\s*{item})*"


def _with_unit(*units: str) -> str:
    return rf"{_DIGITS}\s*{_any(*(spelling for spelling, unit in ALIASES.items() if unit in units))}"


def _call(kind: str) -> str:
    """Match a call of a family: what stands before `(` is one of its functions, before `=` one of its arguments."""
    functions = family(kind).values()
    parameters = [p for f in functions for p in f.parameters]
    inside = [r"[-+.,%>\[\]\w\s]", r"\[-?\d*:", rf"\b{_any(*dict.fromkeys(p.name for p in parameters))}\s*="]
    if any(p.kind is Kind.TARGET for p in parameters):
        inside += [r"count\s*\(", r"\)", "<", "[<>=]="]
    plain = [_word(f) for f in functions if not f.variadic]
    choosing = [_word(f) for f in functions if f.variadic]
    calls = [rf"{_any(*plain)}\s*\({_any(*inside)}*\)"]
    if choosing:
        inside += [rf"\b{_any(*plain, *choosing)}\s*\(", r"\)"]
        calls += [rf"{_any(*choosing)}\s*\({_any(*inside)}*\)"]
    return _any(*calls)


def _word(function: Function) -> str:
    return r"top\d*" if (function.family, function.name) == ("metric", "top") else function.name


def _bare_or_call(kind: str) -> str:
    return _any(*(name for name, f in family(kind).items() if not f.needs_arguments), _call(kind))


_METRIC = _bare_or_call("metric")
_MONITOR = rf"(?:max|min)\s+{_METRIC}"
_STOP_ARGUMENT = _any(
    rf"(?:patience|after)\s*=\s*{_with_unit(*_EPOCHS_OR_STEPS)}",
    rf"min_delta\s*=\s*{_NUMBER}",
)

_WHOLE: Final[dict[str, str]] = {
    "schedule": _listed(_any(_call("schedule"), _NUMBER), "then"),
    "selector": _listed(_NAME, "[-+]"),
    "rates": _any(_listed(rf"{_NAME}\s*\*\s*{_NUMBER}", ","), _call("rates")),
    "loss": _listed(rf"(?:{_NUMBER}\s*\*\s*)?{_call('loss')}", r"\+"),
    "sampling": _any(_listed(rf"{_NUMBER}\s*where\s+{_CONDITION}", ","), _call("sampling")),
    "metric": _METRIC,
    "monitor": _MONITOR,
    "gate": rf"{_METRIC}\s*{_COMPARE}\s*{_NUMBER}",
    "stop": rf"{_MONITOR}(?:\s*,\s*{_STOP_ARGUMENT})+",
    "duration": _with_unit(*_EPOCHS_OR_STEPS, *SECONDS),
    "size": _with_unit(*BYTES),
    "dataset": _bare_or_call("dataset"),
    **{kind: _call(kind) for kind in ("transform", "views", "mix", "optimizer", "split", "architecture")},
}

PATTERNS: Final[dict[str, str]] = {kind: rf"^\s*{whole}\s*$" for kind, whole in _WHOLE.items()}
"""Patterns by kind of expression."""
