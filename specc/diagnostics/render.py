"""Diagnostics as text for people, editors and machines."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from specc.diagnostics.model import Diagnostic, Label, Severity

LIMIT: Final = 20
"""More problems than this help nobody."""

_MARK = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow"}


def printable(text: str) -> str:
    r"""Show control and direction characters as escapes, so that a message cannot drive a terminal.

    >>> printable("a\x1b[31m")
    'a\\x1b[31m'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def full(diagnostics: Sequence[Diagnostic], *, colour: bool = False) -> str:
    """Render with source lines and carets, as a compiler does."""
    blocks = ["\n".join(_block(d, _painter(colour=colour))) for d in diagnostics[:LIMIT]]
    if len(diagnostics) > LIMIT:
        blocks.append(f"... and {len(diagnostics) - LIMIT} more")
    return "\n\n".join(blocks)


def concise(diagnostics: Sequence[Diagnostic], *, colour: bool = False) -> str:
    """Render one line each: `path:line:col: error[code]: headline`."""
    del colour
    return "\n".join(_concise_line(d) for d in diagnostics)


def as_json(diagnostics: Sequence[Diagnostic], *, colour: bool = False) -> str:
    """Render as a JSON array; places have a line and column from 1."""
    del colour
    return json.dumps([_record(d) for d in diagnostics], indent=2)


FORMATS: Final[dict[str, Callable[..., str]]] = {"full": full, "concise": concise, "json": as_json}


def _painter(*, colour: bool) -> Callable[[str, str], str]:
    codes = {"bold red": "1;31", "bold yellow": "1;33", "blue": "34", "bold": "1", "cyan": "36"}

    def paint(text: str, style: str) -> str:
        return f"\x1b[{codes[style]}m{text}\x1b[0m" if colour else text

    return paint


def _concise_line(d: Diagnostic) -> str:
    where = ""
    if d.place:
        line, column = d.place.source.line_column(d.place.span.start)
        where = f"{printable(d.place.source.name)}:{line}:{column}: "
    remedy = f" ({printable(d.help)})" if d.help else ""
    return f"{where}{d.severity}[{d.code}]: {printable(d.headline)}{remedy}"


def _block(d: Diagnostic, paint: Callable[[str, str], str]) -> list[str]:
    lines = [paint(f"{d.severity}[{d.code}]", _MARK[d.severity]) + paint(f": {printable(d.headline)}", "bold")]
    width = max((len(str(_line_of(label))) for label in d.labels), default=1)
    for number, label in enumerate(d.labels):
        lines += _label(label, width, "-->" if number == 0 else ":::", paint)
    pad = " " * width
    lines += [f"{pad} {paint('=', 'blue')} note: {printable(note)}" for note in d.notes]
    if d.help:
        lines.append(f"{pad} {paint('=', 'blue')} {paint('help', 'cyan')}: {printable(d.help)}")
    return lines


def _line_of(label: Label) -> int:
    return label.place.source.line_column(label.place.span.start)[0]


def _label(label: Label, width: int, arrow: str, paint: Callable[[str, str], str]) -> list[str]:
    source, span = label.place.source, label.place.span
    line, column = source.line_column(span.start)
    text = source.line(line)
    pad, bar = " " * width, paint("|", "blue")
    shown = printable(text.replace("\t", " "))
    before = len(printable(text[: column - 1].replace("\t", " ")))
    marked = printable(text[column - 1 : column - 1 + max(span.end - span.start, 1)].replace("\t", " "))
    carets = paint("^" * max(len(marked), 1), "bold red")
    tail = f" {printable(label.text)}" if label.text else ""
    return [
        f"{pad}{paint(arrow, 'blue')} {printable(source.name)}:{line}:{column}",
        f"{pad} {bar}",
        f"{line:>{width}} {bar} {shown}",
        f"{pad} {bar} {' ' * before}{carets}{tail}",
        f"{pad} {bar}",
    ]


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
    source, span = label.place.source, label.place.span
    (line, column), (end_line, end_column) = source.line_column(span.start), source.line_column(span.end)
    place = {"file": source.name, "line": line, "column": column, "end_line": end_line, "end_column": end_column}
    return {**place, "text": label.text}
