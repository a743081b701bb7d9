"""`specc fmt`: a text in the one layout of its notation, or of the other."""

import re
from collections.abc import Callable
from typing import Any, Final

from specc.diagnostics.model import Diagnostics, SpecError
from specc.errors import UsageError
from specc.frontend.comments import Remark, read_remarks
from specc.frontend.dsl_writer import write_dsl
from specc.frontend.layout import Layout
from specc.frontend.load import parse_source
from specc.frontend.settling import settle
from specc.frontend.toml_writer import write_toml
from specc.paths import KeyPath
from specc.source import Document, Source

WRITERS: Final[dict[str, Callable[[Layout], str]]] = {".toml": write_toml, ".specc": write_dsl}
"""Notations by the ending of the file."""

_ROOT: Final = KeyPath()
_NUMBER: Final = re.compile(r"[+-]?[0-9][0-9_]*(?:\.[0-9_]+)?(?:[eE][+-]?[0-9_]+)?")


def format_source(source: Source, notation: str, to: str) -> str:
    """Return a text in the layout of the notation `to`; comments stay with what they stood on.

    Raises: SpecError when the text cannot be read, UsageError for an unknown notation.
    """
    if to not in WRITERS:
        raise UsageError(f"there is no notation `{to}`", help=f"notations: {', '.join(WRITERS)}")
    document = _read(source, notation)
    layout = _laid_out(document)
    text = WRITERS[to](layout)
    again = _laid_out(_read(Source(source.name, text), to))
    assert _meaning(again) == _meaning(layout), "formatting would change the meaning"  # noqa: S101
    assert _words(again) == _words(layout), "formatting would lose a comment"  # noqa: S101
    return text


def _read(source: Source, notation: str) -> Document:
    problems = Diagnostics()
    document = parse_source(source, notation, problems)
    if document is None:
        raise SpecError(problems.sorted())
    return document


def _laid_out(document: Document) -> Layout:
    numbers: dict[KeyPath, str] = {}
    layout = Layout(document.tree, numbers, read_remarks(document))
    for path, origin in document.origins.items():
        if origin.value and origin.source and isinstance(layout.at(path), int | float):
            text = origin.source.text[origin.value.start : origin.value.end]
            numbers |= {path: text} if _NUMBER.fullmatch(text) else {}
    settle(layout)
    return layout


def _meaning(layout: Layout, path: KeyPath = _ROOT) -> Any:
    """Return the tree with every expression spaced alike; in groups of named entries, order has a meaning."""
    value = layout.at(path)
    if isinstance(value, dict):
        entries = {key: _meaning(layout, path.child(key)) for key in value}
        return list(entries.items()) if layout.is_dissolved(path) else entries
    if isinstance(value, list):
        return [_meaning(layout, path.child(index)) for index in range(len(value))]
    return layout.value(path)


def _words(layout: Layout) -> list[str]:
    """Return all comments, in alphabetical order."""
    return sorted(line for path in layout.remarks for line in _lines(layout.remarks[path]) if line)


def _lines(remark: Remark) -> tuple[str, ...]:
    return (*remark.before, remark.behind, *remark.end)
