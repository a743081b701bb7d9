"""Diagnostics as data."""

from specc.diagnostics.model import Diagnostic, Diagnostics, at
from specc.source import Place, Source, Span


def diagnostic(headline: str, text: str = "a = 1", start: int = 0) -> Diagnostic:
    return Diagnostic("unknown-key", headline, at(Place(Source("x.toml", text), Span(start, start + 1))))


def test_the_same_is_told_once():
    problems = Diagnostics()
    for headline in ("one", "two", "one"):
        problems.add(diagnostic(headline))
    assert [d.headline for d in problems.found] == ["one", "two"]


def test_what_is_dropped_can_be_found_again():
    problems = Diagnostics()
    problems.add(diagnostic("one"))
    problems.drop(problems.found)
    assert problems.found == []
    problems.add(diagnostic("one"))
    assert [d.headline for d in problems.found] == ["one"]


def test_they_are_sorted_by_their_places():
    problems = Diagnostics()
    problems.error("missing-key", "nowhere", ())
    problems.add(diagnostic("second", start=4))
    problems.add(diagnostic("first", start=2))
    assert [d.headline for d in problems.sorted()] == ["first", "second", "nowhere"]
