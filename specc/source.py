"""Where things are written: texts, spans in them, and the tree that a frontend reads out of them."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from specc.paths import KeyPath


class Span(NamedTuple):
    """A half-open range of a text. Units: characters, from 0."""

    start: int
    end: int


@dataclass(frozen=True)
class Source:
    """A text with a name that a person can open, unless it is a flag's."""

    name: str
    text: str = field(repr=False)
    is_file: bool = True

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(i + 1 for i, c in enumerate(self.text) if c == "\n")]

    def line_column(self, offset: int) -> tuple[int, int]:
        r"""Return line and column of a character. Units: both from 1.

        >>> Source("x.toml", "a = 1\nb = 2").line_column(6)
        (2, 1)
        """
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """Return a line without its end. Units: from 1."""
        lines = self.text.split("\n")
        return lines[number - 1].rstrip("\r") if number <= len(lines) else ""


class Origin(NamedTuple):
    """What set a value: a place in a text, or a word for who did (`flag --set`, `default`)."""

    by: str
    source: Source | None = None
    key: Span | None = None
    value: Span | None = None
    inside: Sequence[int] | None = None
    """Where each character of a decoded string stands in the text, and its end."""

    def __str__(self) -> str:
        span = self.value or self.key
        if self.source is None or span is None:
            return self.by
        line, column = self.source.line_column(span.start)
        place = f"{self.source.name}:{line}:{column}"
        return place if self.by == "file" else f"{place} ({self.by})"


class Place(NamedTuple):
    """A span in a text: what a diagnostic points at."""

    source: Source
    span: Span


@dataclass(frozen=True)
class Document:
    """A tree of plain values, and the origin of each of its paths.

    Both notations give this one shape; from here on nobody knows which it was.
    """

    source: Source
    tree: dict[str, Any]
    origins: dict[KeyPath, Origin]

    def origin(self, path: KeyPath) -> Origin:
        """Return the origin of `path`, or of the nearest table or array around it."""
        while path and path not in self.origins:
            path = path.parent
        return self.origins.get(path, Origin("file", self.source, Span(0, 0), Span(0, 0)))

    def place(self, path: KeyPath, *, key: bool = False) -> Place | None:
        """Return where `path` is written: its value, or its key; None when a flag or a default set it."""
        origin = self.origin(path)
        exact = path in self.origins
        span = origin.key if (key or not exact) and origin.key else origin.value
        return Place(origin.source, span) if origin.source and span else None

    def place_inside(self, path: KeyPath, start: int, end: int) -> Place | None:
        """Return where the characters `start` to `end` of the string at `path` are written."""
        origin = self.origins.get(path)
        if origin is None or origin.source is None or origin.inside is None:
            return self.place(path)
        marks = origin.inside
        first, last = marks[min(start, len(marks) - 1)], marks[min(end, len(marks) - 1)]
        return Place(origin.source, Span(first, max(last, first)))
