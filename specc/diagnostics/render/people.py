"""Diagnostics for people: with source lines and carets, or a line each."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from specc.diagnostics.model import Diagnostic, Label, Severity
from specc.diagnostics.render.characters import printable
from specc.diagnostics.render.excerpt import Marked, marked

LIMIT: Final = 20
"""More problems than this help nobody."""

Paint = Callable[[str, str], str]

_STYLES: Final = {"error": "1;31", "warning": "1;33", "bold": "1", "frame": "34", "help": "36"}


def full(diagnostics: Sequence[Diagnostic], *, colour: bool = False) -> str:
    """Render with source lines and carets, as a compiler does; of too many, errors come before warnings."""
    left_out = len(diagnostics) - LIMIT
    if left_out > 0:
        diagnostics = sorted(diagnostics, key=lambda d: d.severity is Severity.WARNING)[:LIMIT]
    paint = _coloured if colour else _plain
    blocks = ["\n".join(_block(d, paint)) for d in diagnostics]
    more = [f"... and {left_out} more; --format concise prints all"] if left_out > 0 else []
    return "\n\n".join(blocks + more)


def concise(diagnostics: Sequence[Diagnostic], *, colour: bool = False) -> str:
    """Render one line each: `path:line:col: error[code]: headline`."""
    return "\n".join(_concise_line(d) for d in diagnostics)


def _coloured(text: str, style: str) -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def _plain(text: str, style: str) -> str:
    return text


def _concise_line(d: Diagnostic) -> str:
    where = f"{_position(d.labels[0])}: " if d.labels else ""
    remedy = f" ({printable(d.help)})" if d.help else ""
    return f"{where}{d.severity}[{d.code}]: {printable(d.headline)}{remedy}"


def _position(label: Label) -> str:
    line, column = label.place.source.line_column(label.place.span.start)
    return f"{printable(label.place.source.name)}:{line}:{column}"


def _block(d: Diagnostic, paint: Paint) -> Iterator[str]:
    yield paint(f"{d.severity}[{d.code}]", d.severity) + paint(f": {printable(d.headline)}", "bold")
    excerpts = [(labels[0], marked(labels)) for labels in _by_source(d.labels)]
    width = max((len(str(line.number)) for _, lines in excerpts for line in lines), default=1)
    for first, lines in excerpts:
        arrow = "-->" if first is d.labels[0] else ":::"
        yield f"{' ' * width}{paint(arrow, 'frame')} {_position(first)}"
        yield from _excerpt(d, lines, width, paint)
    note = f"{' ' * width} {paint('=', 'frame')}"
    yield from (f"{note} note: {printable(text)}" for text in d.notes)
    if d.help:
        yield f"{note} {paint('help', 'help')}: {printable(d.help)}"


def _by_source(labels: Sequence[Label]) -> list[list[Label]]:
    """Put labels of one source together; the first label's source comes first."""
    groups: dict[str, list[Label]] = {}
    for label in labels:
        groups.setdefault(label.place.source.name, []).append(label)
    return list(groups.values())


def _excerpt(d: Diagnostic, lines: Sequence[Marked], width: int, paint: Paint) -> Iterator[str]:
    """Yield lines with their marks; labels of one line stand below it, and `...` where lines are left out."""
    bar = f"{' ' * width} {paint('|', 'frame')}"
    yield bar
    above = lines[0]
    for line in lines:
        if line.number > above.number + 1:
            yield paint("...", "frame")
        if line is lines[0] or (line.number, line.shown) != (above.number, above.shown):
            yield f"{line.number:>{width}} {paint('|', 'frame')} {line.shown}"
        yield f"{bar} {_mark(d, line, paint)}"
        above = line
    yield bar


def _mark(d: Diagnostic, line: Marked, paint: Paint) -> str:
    """Return carets for the place of a problem, and dashes for what else is to be seen."""
    is_place = line.label is d.labels[0]
    sign, style = ("^", str(d.severity)) if is_place else ("-", "frame")
    text = f" {printable(line.text)}" if line.text else ""
    return f"{' ' * line.before}{paint(sign * line.length + text, style)}"
