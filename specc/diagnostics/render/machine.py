"""Diagnostics for programs: JSON, and the annotations of a continuous integration."""

import json
from collections.abc import Sequence
from typing import Any

from specc.diagnostics.model import Diagnostic, Label
from specc.diagnostics.render.characters import printable
from specc.source import Place


def as_json(diagnostics: Sequence[Diagnostic], *, colour: bool = False) -> str:
    """Render as a JSON array; places have a line and column from 1."""
    return json.dumps([_record(d) for d in diagnostics], indent=2)


def as_github(diagnostics: Sequence[Diagnostic], *, colour: bool = False) -> str:
    """Render one line each, as commands that annotate the files of a pull request; a flag is no file.

    Source: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
    """
    return "\n".join(_command(d) for d in diagnostics)


def corners(place: Place) -> tuple[int, int, int, int]:
    """Return the line and the column of a place, and those behind its last character. Units: all from 1."""
    return *place.source.line_column(place.span.start), *place.source.line_column(place.span.end)


def message(d: Diagnostic) -> str:
    """Return all that is said at the place of a problem, a line each."""
    label = [d.labels[0].text] if d.labels and d.labels[0].text else []
    remedy = [f"help: {d.help}"] if d.help else []
    return "\n".join([d.headline, *label, *(f"note: {note}" for note in d.notes), *remedy])


def _record(d: Diagnostic) -> dict[str, Any]:
    return {
        "code": d.code,
        "severity": str(d.severity),
        "headline": d.headline,
        "labels": [_label_record(label) for label in d.labels],
        "help": d.help,
        "notes": list(d.notes),
    }


def _label_record(label: Label) -> dict[str, Any]:
    names = ("line", "column", "end_line", "end_column")
    return {
        "file": label.place.source.name,
        **dict(zip(names, corners(label.place), strict=True)),
        "text": label.text,
    }


def _command(d: Diagnostic) -> str:
    place = _range(d.place) if d.place and d.place.source.is_file else {}
    properties = {**place, "title": f"specc {d.code}"}
    written = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{d.severity} {written}::{_data(message(d))}"


def _range(place: Place) -> dict[str, Any]:
    """Return a place as properties; columns are taken only where all is on one line."""
    line, column, end_line, end_column = corners(place)
    columns = {"col": column, "endColumn": end_column} if line == end_line else {}
    return {"file": place.source.name, "line": line, "endLine": end_line, **columns}


def _data(text: str) -> str:
    r"""Escape a message.

    >>> _data("50%\nat least")
    '50%25%0Aat least'
    """
    return "%0A".join(printable(line).replace("%", "%25") for line in text.split("\n"))


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
