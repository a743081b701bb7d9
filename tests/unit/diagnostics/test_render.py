"""Diagnostics as text for people."""

import pytest
from hypothesis import given, strategies as st

from specc.diagnostics.model import Diagnostic, Diagnostics, Label, Severity, at
from specc.diagnostics.render import FORMATS, LIMIT, concise, full, printable
from specc.diagnostics.render.excerpt import BEFORE, WIDTH, marked
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
        '2 | name = "x"\n'
        "  |        --- this stage\n"
        '3 | train = "heads.diseases"\n'
        "  |          ^^^^^^^^^^^^^^ no parameter matches\n"
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


@pytest.mark.parametrize("style", FORMATS)
def test_a_name_cannot_drive_a_terminal(style):
    source = Source("a\x1b]0;x\x07.toml", "k\x1b[31m = \u202e1\n")
    label = Label(Place(source, Span(0, 6)), "\x1b[2J")
    text = FORMATS[style]([Diagnostic("wrong-value", "`\x1b[31m` is wrong\r", (label,), "\x9bK", ("\x08",))])
    assert all(c == "\n" or c.isprintable() for c in text)


def drawn(text: str, *marks: tuple[str, str]) -> str:
    """Draw what labels of a text mark, without the frame; a mark is a part of the text and what is said of it."""
    source = Source("x.toml", text)
    labels = tuple(Label(place(word, source), said) for word, said in marks)
    lines = full([Diagnostic("wrong-value", "x", labels)]).splitlines()
    return "\n".join(line.rstrip() for line in lines[3:-1])


def test_several_labels_of_one_line_stand_below_it():
    assert drawn("a = 1\nb = 2, 3\n", ("3", "never reached"), ("2", "applies first"), ("b", "")) == (
        "2 | b = 2, 3\n"
        "  |        ^ never reached\n"
        "  |     - applies first\n"
        "  | -"
    )  # fmt: skip


def test_labels_of_one_file_are_drawn_from_top_to_bottom():
    assert drawn("a = 1\n\n\nb = 2\n", ("2", "too much"), ("1", "for this")) == (
        "1 | a = 1\n"
        "  |     - for this\n"
        "...\n"
        "4 | b = 2\n"
        "  |     ^ too much"
    )  # fmt: skip


def test_labels_of_two_files_are_drawn_apart():
    other = Label(place("b", Source("y.toml", "a\nb\n")), "and this")
    lines = full([Diagnostic("contradiction", "x", (*at(place("lr")), other))]).splitlines()
    assert lines[1:] == [
        " --> specs/x.toml:4:1",
        "  |",
        "4 | lr = 1",
        "  | ^^",
        "  |",
        " ::: y.toml:2:1",
        "  |",
        "2 | b",
        "  | - and this",
        "  |",
    ]


def test_a_place_of_several_lines():
    assert drawn('a = [\n\t"b",\n]\n', ('[\n\t"b",\n]', "an array")) == (
        "1 | a = [\n"
        "  |     ^\n"
        '2 |     "b",\n'
        "  |     ^^^^\n"
        "3 | ]\n"
        "  | ^ an array"
    )  # fmt: skip


def test_a_place_of_many_lines_is_its_first_and_its_last():
    array = "[\n" + "1,\n" * 20 + "]"
    assert drawn(f"a = {array}\n", (array, "an array")) == (
        " 1 | a = [\n"
        "   |     ^\n"
        "...\n"
        "22 | ]\n"
        "   | ^ an array"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "word", "shown", "carets"),
    [
        ("\ta\x1b = 1\n", "a\x1b", "    a\\x1b = 1", "    ^^^^^"),
        ("a\t= 1\n", "\t=", "a    = 1", " ^^^^^"),
        ("'漢字' = 漢\n", "漢\n", "'漢字' = 漢", "         ^^"),
        ("'漢字' = 1\n", "字", "'漢字' = 1", "   ^^"),
        ("'e\u0301' = 1\n", "1", "'e\u0301' = 1", "      ^"),
        ("'e\u0301' = 1\n", "\u0301", "'e\u0301' = 1", " ^"),
        ("a\u200b = 1\n", "\u200b", "a\\u200b = 1", " ^^^^^^"),
        ("a = 1\r\n", "1\r", "a = 1", "    ^"),
        ("a = [", "", "a = [", "^"),
    ],
)
def test_a_mark_is_as_wide_as_what_it_marks(text, word, shown, carets):
    assert drawn(text, (word, "")) == f"1 | {shown}\n  | {carets}"


def test_a_long_line_is_cut_around_its_mark():
    shown, carets = drawn(f"a = '{'b' * 300}!{'c' * 300}'", ("!", "odd")).splitlines()
    assert shown == f"1 | ...{'b' * BEFORE}!{'c' * (WIDTH - BEFORE - 1)}..."
    assert carets == f"  | {' ' * (BEFORE + 3)}^ odd"
    shown, carets = drawn("a = " + "b" * 300, ("b" * 300, "long")).splitlines()
    assert shown == f"1 | a = {'b' * (WIDTH - 4)}..."
    assert carets == f"  |     {'^' * (WIDTH - 4)} long"
    shown, carets = drawn(f"a = {'b' * 300}!", ("!", "last")).splitlines()
    assert shown == f"1 | ...{'b' * (WIDTH - 1)}!"
    assert carets.index("^") == shown.index("!")


@given(st.text("abc =\t", max_size=400), st.integers(0, 400), st.integers(0, 400))
def test_a_mark_is_under_what_it_marks(line, one, two):
    start, end = sorted(min(number, len(line)) for number in (one, two))
    (drawing,) = marked([Label(Place(Source("x.toml", line), Span(start, end)))])
    under = drawing.shown[drawing.before : drawing.before + drawing.length]
    assert line[start : max(end, start + 1)].replace("\t", "    ").startswith(under)
    assert bool(under) == (start < len(line))


def test_a_text_of_one_endless_line_is_drawn_at_once():
    text = "a = '" + "\x1b" * (1 << 20) + "'"
    assert len(drawn(text, (text, "long"))) < 20 * WIDTH


@pytest.mark.parametrize("text", ["", "a = [", "a = [\n", "a = [\r\n"])
def test_the_end_of_a_text_can_be_marked(text):
    end = Place(Source("x.toml", text), Span(len(text), len(text)))
    assert "^ here" in full([Diagnostic("toml-syntax", "it ends", at(end, "here"))])


def test_colour_only_where_it_is_asked_for():
    assert "\x1b[1;31merror" in full([ONE], colour=True)
    assert "\x1b[1;33m^^" in full([WARNING], colour=True)
    for render in FORMATS.values():
        assert "\x1b" not in render([ONE, WARNING])
    assert "\x1b" not in "".join(render([ONE], colour=True) for name, render in FORMATS.items() if name != "full")


def test_no_more_than_anyone_reads():
    said = full([WARNING] * LIMIT + [NOWHERE] * 3)
    assert said.endswith("\n\n... and 3 more; --format concise prints all")
    assert (said.count("error["), said.count("warning[")) == (3, LIMIT - 3)
    assert len(concise([NOWHERE] * (LIMIT + 3)).splitlines()) == LIMIT + 3


def test_printable_leaves_letters_alone():
    assert printable("é 漢字 `x`") == "é 漢字 `x`"


def test_problems_are_sorted_by_place_and_kept_once():
    problems = Diagnostics()
    for diagnostic in (NOWHERE, WARNING, ONE, WARNING):
        problems.add(diagnostic)
    assert problems.sorted() == [ONE, WARNING, NOWHERE]
    assert problems.errors == [NOWHERE, ONE]
