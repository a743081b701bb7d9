"""Diagnostics as text."""

import json

import pytest

from specc.diagnostics.model import Diagnostic, Diagnostics, Label, Severity, at
from specc.diagnostics.render import FORMATS, LIMIT, as_json, concise, full, printable
from specc.source import Place, Source, Span

TEXT = '[stage]\nname = "x"\ntrain = "heads.diseases"\nlr = 1\n'
SOURCE = Source("specs/x.toml", TEXT)


def place(word: str, source: Source = SOURCE) -> Place:
    start = source.text.index(word)
    return Place(source, Span(start, start + len(word)))


ONE = Diagnostic(
    "selects-nothing",
    "stage `x` trains nothing",
    (Label(place("heads.diseases"), "no parameter matches"), Label(place('"x"'), "this stage")),
    "did you mean `heads.disease`?",
    ("the model has 2 heads",),
)
WARNING = Diagnostic("never-trained", "no stage trains it", at(place("lr")), severity=Severity.WARNING)
NOWHERE = Diagnostic("wrong-value", "it is wrong")


def test_full():
    assert full([ONE]) == (
        "error[selects-nothing]: stage `x` trains nothing\n"
        " --> specs/x.toml:3:10\n"
        "  |\n"
        '3 | train = "heads.diseases"\n'
        "  |          ^^^^^^^^^^^^^^ no parameter matches\n"
        "  |\n"
        " ::: specs/x.toml:2:8\n"
        "  |\n"
        '2 | name = "x"\n'
        "  |        ^^^ this stage\n"
        "  |\n"
        "  = note: the model has 2 heads\n"
        "  = help: did you mean `heads.disease`?"
    )


def test_concise():
    assert concise([ONE, WARNING, NOWHERE]).splitlines() == [
        "specs/x.toml:3:10: error[selects-nothing]: stage `x` trains nothing (did you mean `heads.disease`?)",
        "specs/x.toml:4:1: warning[never-trained]: no stage trains it",
        "error[wrong-value]: it is wrong",
    ]


def test_json():
    one, warning, nowhere = json.loads(as_json([ONE, WARNING, NOWHERE]))
    assert (one["code"], one["severity"], one["help"]) == ("selects-nothing", "error", "did you mean `heads.disease`?")
    assert one["labels"][0] == {
        "file": "specs/x.toml",
        "line": 3,
        "column": 10,
        "end_line": 3,
        "end_column": 24,
        "text": "no parameter matches",
    }
    assert one["notes"] == ["the model has 2 heads"]
    assert warning["severity"] == "warning"
    assert nowhere["labels"] == []


@pytest.mark.parametrize("style", FORMATS)
def test_a_name_cannot_drive_a_terminal(style):
    source = Source("a\x1b]0;x\x07.toml", "k\x1b[31m = \u202e1\n")
    label = Label(Place(source, Span(0, 6)), "\x1b[2J")
    text = FORMATS[style]([Diagnostic("wrong-value", "`\x1b[31m` is wrong\r", (label,), "\x9bK", ("\x08",))])
    assert all(c == "\n" or c.isprintable() for c in text)


def test_what_is_escaped_is_still_underlined():
    source = Source("x.toml", "\ta\x1b = 1\n")
    lines = full([Diagnostic("wrong-value", "x", at(Place(source, Span(1, 3))))]).splitlines()
    assert lines[3:5] == ["1 |  a\\x1b = 1", "  |  ^^^^^"]


def test_colour_only_where_it_is_asked_for():
    assert "\x1b[1;31merror" in full([ONE], colour=True)
    assert "\x1b" not in full([ONE])
    assert "\x1b" not in concise([ONE], colour=True) + as_json([ONE], colour=True)


def test_no_more_than_anyone_reads():
    assert full([NOWHERE] * (LIMIT + 3)).endswith("... and 3 more")
    assert len(concise([NOWHERE] * (LIMIT + 3)).splitlines()) == LIMIT + 3


def test_an_empty_place_at_the_end_of_a_text():
    end = Place(SOURCE, Span(len(TEXT), len(TEXT)))
    assert "^" in full([Diagnostic("toml-syntax", "it ends", at(end))])


def test_printable_leaves_letters_alone():
    assert printable("é 漢字 `x`") == "é 漢字 `x`"


def test_problems_are_sorted_by_place_and_kept_once():
    problems = Diagnostics()
    for diagnostic in (NOWHERE, WARNING, ONE, WARNING):
        problems.add(diagnostic)
    assert problems.sorted() == [ONE, WARNING, NOWHERE]
    assert problems.errors == [NOWHERE, ONE]
