"""From a Document to a Spec: the shape of every table and the kind of every value, in our words and at their places."""

import re
from collections.abc import Callable
from typing import Any, Final

from pydantic import ValidationError

from specc.diagnostics.model import Diagnostic, Diagnostics, Label, at
from specc.diagnostics.suggest import closest, did_you_mean
from specc.frontend.expressions import parse
from specc.paths import KeyPath, value_at
from specc.source import Document
from specc.spec.base import NAMES
from specc.spec.experiment import Spec
from specc.spec.fields import Problem
from specc.spec.shape import keys_at

Error = dict[str, Any]


def build_spec(document: Document, problems: Diagnostics) -> Spec | None:
    """Read a document as a spec, with everything that is wrong with its shape added to `problems`.

    Unknown keys are told and left out, so that what the others mean can be checked at once; None when more is wrong.
    """
    spec, errors = _read(document.tree)
    for error in errors:
        for diagnostic in _diagnose(document, error):
            problems.add(diagnostic)
    if errors and all(error["type"] == "extra_forbidden" for error in errors):
        unknown = {_clean(document.tree, error["loc"]) for error in errors}
        spec, _ = _read(_without(document.tree, KeyPath(), unknown))
    return spec


def _read(tree: dict[str, Any]) -> tuple[Spec | None, list[Error]]:
    try:
        return Spec.model_validate(tree, context={"parse": parse}), []
    except ValidationError as error:
        return None, [dict(found) for found in error.errors(include_url=False)]


def _without(value: Any, path: KeyPath, left_out: set[KeyPath]) -> Any:
    """Return a tree without some of its keys."""
    if isinstance(value, list):
        return [_without(item, path.child(index), left_out) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    paths = {key: path.child(key) for key in value if path.child(key) not in left_out}
    return {key: _without(value[key], below, left_out) for key, below in paths.items()}


def _diagnose(document: Document, error: Error) -> list[Diagnostic]:
    path = _clean(document.tree, error["loc"])
    if error["type"] == "expression":
        return [_inside(document, path, problem) for problem in error["ctx"]["problems"]]
    for pattern, describe in _DESCRIPTIONS.items():
        if re.fullmatch(pattern, error["type"]):
            return [describe(document, path, error)]
    return [_simple("wrong-value", f"{_shown(path)} cannot be {_value(error)}", document, path)]


def _clean(tree: Any, location: tuple[str | int, ...]) -> KeyPath:
    """Drop what pydantic adds to a location: tags of unions, and its mark for a wrong key."""
    parts: list[str | int] = []
    for i, part in enumerate(location):
        known = (isinstance(tree, dict) and part in tree) or (isinstance(tree, list) and isinstance(part, int))
        is_last = i == len(location) - 1
        if known or (is_last and isinstance(tree, dict) and part != "[key]"):
            parts.append(part)
            tree = value_at(tree, KeyPath((part,)))
    return KeyPath(parts)


def _inside(document: Document, path: KeyPath, problem: Problem) -> Diagnostic:
    place = document.place_inside(path, problem.span.start, problem.span.end)
    return Diagnostic(problem.code, problem.headline, at(place, problem.label), problem.help)


def _unknown_key(document: Document, path: KeyPath, error: Error) -> Diagnostic:
    del error
    word, scope = str(path[-1]), keys_at(path.parent)
    place = document.place(path, key=True)
    headline = f"`{word}` is not a key of {_table(document, path.parent)}"
    return Diagnostic("unknown-key", headline, at(place), did_you_mean(word, scope, "keys"))


def _missing(document: Document, path: KeyPath, error: Error) -> Diagnostic:
    del error
    table = _table(document, path.parent)
    place = document.place(path.parent, key=True)
    return Diagnostic("missing-key", f"{table} has no `{path[-1]}`", at(place, f"`{path[-1]}` is missing here"))


def _literal(document: Document, path: KeyPath, error: Error) -> Diagnostic:
    choices = re.findall(r"'([^']*)'|\b(\d+)\b", error["ctx"]["expected"])
    names = [word or number for word, number in choices]
    headline = f"{_shown(path)} cannot be {_value(error)}"
    match = closest(str(error["input"]), names)
    known = f"known values: {', '.join(names)}"
    return _simple("wrong-value", headline, document, path, f"did you mean `{match}`? ({known})" if match else known)


def _wrong_type(document: Document, path: KeyPath, error: Error) -> Diagnostic:
    wanted = next((words for start, words in _KINDS.items() if error["type"].startswith(start)), "of another kind")
    if error["type"] == "expression_type":
        wanted = error["msg"].removeprefix("an expression is ")
    remedy = "put it in brackets" if wanted == "an array" and not isinstance(error["input"], dict) else None
    return _simple("wrong-type", f"{_shown(path)} is {wanted}, not {_value(error)}", document, path, remedy)


def _range(document: Document, path: KeyPath, error: Error) -> Diagnostic:
    bound, context = "", error.get("ctx", {})
    for key, words in (("ge", "at least"), ("gt", "above"), ("le", "at most"), ("lt", "below")):
        if key in context:
            bound = f"{words} {context[key]}"
    return _simple("out-of-range", f"{_shown(path)} is {bound}, not {_value(error)}", document, path)


def _too_short(document: Document, path: KeyPath, error: Error) -> Diagnostic:
    del error
    return _simple("wrong-value", f"{_shown(path)} is empty", document, path)


def _pattern(document: Document, path: KeyPath, error: Error) -> Diagnostic:
    pattern = error["ctx"]["pattern"]
    remedy = NAMES.get(pattern, f"it must match {pattern}")
    if error["loc"][-1] != "[key]":
        return _simple("wrong-value", f"{_shown(path)} cannot be {_value(error)}", document, path, remedy)
    headline = f"{_shown(path)} cannot be a name in {_table(document, path.parent)}"
    return Diagnostic("wrong-value", headline, at(document.place(path, key=True)), remedy)


_DESCRIPTIONS: Final[dict[str, Callable[[Document, KeyPath, Error], Diagnostic]]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing,
    "literal_error": _literal,
    "string_pattern_mismatch": _pattern,
    r"(string|too)_(too_)?(short|long)": _too_short,
    r"greater_than.*|less_than.*|finite_number": _range,
    r".*_type|.*_from_float|.*_parsing.*|is_instance_of": _wrong_type,
}
"""What pydantic calls an error, as a pattern, and who puts it into words."""

_KINDS: Final = {
    "int": "a whole number",
    "float": "a number",
    "bool": "`true` or `false`",
    "string": "a string",
    "tuple": "an array",
    "list": "an array",
    "dict": "a table",
    "model": "a table",
    "expression": "an expression",
}


def _simple(code: str, headline: str, document: Document, path: KeyPath, help: str | None = None) -> Diagnostic:  # noqa: A002
    place = document.place(path)
    return Diagnostic(code, headline, (Label(place),) if place else (), help)


def _shown(path: KeyPath) -> str:
    return f"`{path[-1]}`" if path and isinstance(path[-1], str) else f"`{path}`"


def _value(error: Error) -> str:
    value = error["input"]
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "an array"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    text = str(value) if not isinstance(value, int) or value.bit_length() < 256 else "a huge number"
    text = f'"{text}"' if isinstance(value, str) else text
    return f"`{text if len(text) <= 40 else text[:37] + '...'}`"


def _table(document: Document, path: KeyPath) -> str:
    """Name a table as a person would."""
    if not path:
        return "a spec"
    if path[0] == "stages" and len(path) == 2:
        name = value_at(document.tree, path.child("name"))
        return f"stage `{name}`" if isinstance(name, str) else "a stage"
    return f"`[{path.name_items(document.tree)}]`"
