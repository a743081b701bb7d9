"""Lines of a source with what is marked in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from specc.diagnostics.model import Label
from specc.diagnostics.render.characters import columns, printable

WIDTH: Final = 120
"""Characters that are shown of a longer line."""

BEFORE: Final = 40
"""Characters of a longer line that are shown before its mark."""

WHOLE: Final = 4
"""Lines of the longest span that is shown whole; of a longer one, the first and the last line are."""

_CUT: Final = "..."
_TAB: Final = "    "


@dataclass(frozen=True, slots=True)
class Marked:
    """A line as it is shown, and what one label marks in it. Units: columns of a terminal."""

    number: int
    shown: str
    before: int
    length: int
    label: Label
    text: str
    """The label's own, where its span ends."""


def marked(labels: Sequence[Label]) -> list[Marked]:
    """Return the lines that labels of one source mark, from top to bottom; a line comes once for each of its labels."""
    return sorted((line for label in labels for line in _lines(label)), key=lambda line: line.number)


def _lines(label: Label) -> Iterator[Marked]:
    """Yield the lines of a label's span; blank ones within it have nothing to mark."""
    source, span = label.place.source, label.place.span
    first, first_column = source.line_column(span.start)
    last, last_column = source.line_column(max(span.end - 1, span.start))
    for number in range(first, last + 1) if last - first < WHOLE else (first, last):
        line = source.line(number)
        start = first_column - 1 if number == first else len(line) - len(line.lstrip())
        end = last_column if number == last else len(line.rstrip())
        if number in (first, last) or start < end:
            yield Marked(number, *_cut(line, start, end), label, label.text if number == last else "")


def _cut(line: str, start: int, end: int) -> tuple[str, int, int]:
    """Return what is shown of a line, and the columns before its mark and of it.

    What is cut away costs nothing, however long the line is.
    """
    first = min(max(start - BEFORE, 0), max(len(line) - WIDTH, 0))
    last = first + WIDTH
    lead = (_CUT if first else "") + _shown(line[first:start])
    mark = _shown(line[start : min(end, last)])
    rest = _shown(line[max(start, min(end, last)) : last]) + (_CUT if last < len(line) else "")
    before, length = columns(lead), columns(mark)
    if mark and not length:
        before -= 1  # it stands on the character before it
    return lead + mark + rest, before, max(length, 1)


def _shown(text: str) -> str:
    return printable(text.replace("\t", _TAB))
