"""Diagnostics as data."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from specc.errors import InputError
from specc.source import Place


class Severity(StrEnum):
    """An error cannot work; a warning cannot be meant."""

    ERROR = "error"
    WARNING = "warning"


class Label(NamedTuple):
    """A place and what is to be seen there."""

    place: Place
    text: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem.

    `headline` is understandable alone, in lower case, with the user's words in backticks and no remedy in it. The first
    label is the place; further labels show the other half of a contradiction.
    """

    code: str
    headline: str
    labels: tuple[Label, ...] = ()
    help: str | None = None
    notes: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR

    @property
    def place(self) -> Place | None:
        """Return the first label's place."""
        return self.labels[0].place if self.labels else None


def at(place: Place | None, text: str = "") -> tuple[Label, ...]:
    """Return the labels of a diagnostic that has at most one place."""
    return (Label(place, text),) if place else ()


@dataclass
class Diagnostics:
    """The problems found so far, each once, in the order of finding."""

    _found: dict[Diagnostic, None] = field(default_factory=dict)

    @property
    def found(self) -> list[Diagnostic]:
        """Return all of them."""
        return list(self._found)

    def add(self, diagnostic: Diagnostic) -> None:
        """Take one more, unless the same is there."""
        self._found.setdefault(diagnostic)

    def drop(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Forget some of them."""
        for diagnostic in diagnostics:
            del self._found[diagnostic]

    def error(self, code: str, headline: str, labels: tuple[Label, ...], help: str | None = None) -> None:  # noqa: A002
        """Take what cannot work."""
        self.add(Diagnostic(code, headline, labels, help))

    def warn(self, code: str, headline: str, labels: tuple[Label, ...], help: str | None = None) -> None:  # noqa: A002
        """Take what cannot be meant."""
        self.add(Diagnostic(code, headline, labels, help, severity=Severity.WARNING))

    @property
    def errors(self) -> list[Diagnostic]:
        """Return those that forbid going on."""
        return [d for d in self.found if d.severity is Severity.ERROR]

    def sorted(self) -> list[Diagnostic]:
        """Return all in the order of their places; those without a place come last."""
        return sorted(self.found, key=_order)


def _order(diagnostic: Diagnostic) -> tuple[bool, str, int]:
    place = diagnostic.place
    return (place is None, place.source.name if place else "", place.span.start if place else 0)


class SpecError(InputError):
    """A spec that cannot be run, with everything that is wrong with it."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = list(diagnostics)
        first = self.diagnostics[0].headline if self.diagnostics else "the spec is wrong"
        super().__init__(first)
