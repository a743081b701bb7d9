"""What is said of a TOML text that is wrong."""

import math

import pytest

from specc.diagnostics.model import Diagnostic, Diagnostics
from specc.frontend.faults import MAX_CHARACTERS
from specc.frontend.toml import parse
from specc.paths import KeyPath
from specc.source import Document, Source

LONG = "x" * 100


def read(text: str) -> tuple[Document | None, list[Diagnostic]]:
    problems = Diagnostics()
    return parse(Source("x.toml", text), problems), problems.found


def said(text: str) -> list[tuple[int, str, str]]:
    """Return line, text under the carets and headline of each problem."""
    document, found = read(text)
    assert document is None
    assert all(d.help for d in found)
    return [(*under(d), d.headline) for d in found]


def under(diagnostic: Diagnostic, label: int = 0) -> tuple[int, str]:
    place = diagnostic.labels[label].place
    return place.source.line_column(place.span.start)[0], place.source.text[place.span.start : place.span.end]


def test_a_sound_text_is_a_document():
    document, found = read('[data]\nlimit = 5\nname = "x"\n')
    assert found == []
    assert document.tree == {"data": {"limit": 5, "name": "x"}}
    assert str(document.origin(KeyPath.parse("data.limit"))) == "x.toml:2:9"


def test_an_empty_text_is_an_empty_document():
    assert read("")[0].tree == {}
    assert read("\ufeff")[0].tree == {}


def test_values_of_every_kind():
    tree = read("a = nan\nb = -inf\nc = 1e999\nd = 1979-05-27\ne = 0xff\nf = -9223372036854775808")[0].tree
    assert math.isnan(tree["a"])
    assert (tree["b"], tree["c"], tree["e"], tree["f"]) == (-math.inf, math.inf, 255, -(2**63))


@pytest.mark.parametrize(
    ("text", "line", "marked", "headline"),
    [
        ('a = 1\nimage = "x\nb = 2', 2, '"x', "the string is not closed"),
        ('a = """x\n', 1, '"""x', "the string is not closed"),
        ("lr 5", 1, "lr 5", "`lr 5` has no `=`"),
        ("lr: 5", 1, ":", "`lr` is followed by `:` and not by `=`"),
        ("lr =\nb = 1", 1, "", "a value is missing"),
        ("= 5", 1, "=", "a key is missing"),
        ("learning rate = 5", 1, "learning rate", "`learning rate` cannot be a key as it is"),
        ("naïve = 5", 1, "naïve", "`naïve` cannot be a key as it is"),
        ("train = all", 1, "all", "`all` is text without quotes"),
        ("t = 2 epochs # x", 1, "2 epochs", "`2 epochs` is text without quotes"),
        ("e = 95%", 1, "95%", "`95%` is text without quotes"),
        ("lr = cosine(1 -> 0)", 1, "cosine(1 -> 0)", "`cosine(1 -> 0)` is text without quotes"),
        ("x = [hflip(a, 1), 2]", 1, "hflip(a, 1)", "`hflip(a, 1)` is text without quotes"),
        ("x = True", 1, "True", "`True` is not a value in TOML"),
        ("x = null", 1, "null", "`null` is not a value in TOML"),
        ("x = 007", 1, "007", "`007` is not a number in TOML"),
        ("x = .5", 1, ".5", "`.5` is not a number in TOML"),
        ("x = 2026-13-01", 1, "2026-13-01", "`2026-13-01` is not a date or a time"),
        ("x = 1\r\ny = 2026-02-30", 2, "2026-02-30", "`2026-02-30` is not a date or a time"),
        ("x = \u201ca\u201d", 1, "\u201ca\u201d", "`\u201ca\u201d` is in typographic quotes"),
        ("x = 9223372036854775808", 1, "9223372036854775808", "`9223372036854775808` is too large for a whole number"),
        ('x = "a\\d"', 1, "\\d", "`\\d` has no meaning inside double quotes"),
        ('x = "\\ud800"', 1, "\\ud800", "`\\ud800` is the code of no character"),
        ("x = [1, 2", 1, "[", "the array is not closed"),
        ("x = [\n  1,\n\n[data]\na = 1", 1, "[", "the array is not closed"),
        ("x = [\n  1\n\na = 1", 1, "[", "the array is not closed"),
        ("x = [1 2]", 1, "2", "a comma is missing"),
        ("x = [1,,2]", 1, "", "a value is missing"),
        ("x = {a = 1\nb = 2", 1, "{", "the inline table is not closed on its line"),
        ("x = {\n  a = 1,\n  b = 2,\n}\n", 1, "{", "the inline table is not closed on its line"),
        ("x = {a = 1,}", 1, "}", "the inline table ends with a comma"),
        ("x = [{a = 1]", 1, "{", "the inline table is not closed on its line"),
        ("x = 1]", 1, "1]", "`1]` is text without quotes"),
        ('x = "a" b', 1, "b", "the line goes on after its end: `b`"),
        ("]", 1, "]", "`]` closes nothing"),
        ("[data", 1, "[data", "the table header is not closed"),
        ("[[data]", 1, "[[data]", "the table header is not closed"),
        ("[my data]", 1, "my data", "`my data` cannot be a key as it is"),
        ("[]", 1, "]", "a key is missing"),
        ("a = 1\0", 1, "\0", "the text holds a NUL character"),
        ("a = 1\rb = 2", 1, "\r", "a line ends with a lone carriage return"),
    ],
)
def test_one_fault_is_said_once_at_its_place(text, line, marked, headline):
    assert said(text) == [(line, marked, headline)]


def test_a_duplicate_key_shows_both_places():
    document, (problem,) = read("[data]\nnum_workers = 4\nnum_workers = 8\n")
    assert document is None
    assert (problem.code, problem.headline) == ("duplicate-key", "key `num_workers` is set twice")
    assert [under(problem, i) for i in (0, 1)] == [(3, "num_workers"), (2, "num_workers")]
    assert problem.labels[1].text == "first set here"
    assert problem.help == "keep one of them"


def test_quotes_are_offered_for_an_expression():
    assert read("train = heads.species")[1][0].help == 'put it in quotes: "heads.species"'
    assert read('x = f("a")')[1][0].help == "put it in quotes: 'f(\"a\")'"


def test_an_odd_blank_is_named():
    assert "U+00A0, NO-BREAK SPACE" in read("lr\u00a0= 1")[1][0].notes[0]


def test_faults_on_further_lines_are_found_as_well():
    lines = [line for line, _, _ in said('a = x\nb = 1\nc = "y\nd\n[e]\nf = 007\nf = 1\n[[g]\nh = True\n')]
    assert lines == [1, 3, 6, 7, 8, 9]


@pytest.mark.parametrize(
    "text",
    [
        'x = "a\nb\nc"\ny = 1\n',
        "x = [\n  a,\n  b,\n]\ny = 1\n",
        'x = [\n  "a,\n  "b",\n]\ny = 1\n',
        'x = """a\ny = oops\n',
        "[data\na = 1\n[data]\na = 1\n",
        "x = {\na = 1,\nb = 2,\n}\n[y]\n",
        "x = blocks[\n1,\n]\ny = 1\n",
    ],
)
def test_nothing_is_said_that_only_follows(text):
    assert len(said(text)) == 1


def test_at_most_twenty_faults_are_said():
    assert len(said("a = x\n" * 100)) == 20


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("#" * (MAX_CHARACTERS + 1), "too-large"),
        ("a = " + "[" * 100_000, "too-deep"),
        ("\n".join(f"k{i} = 1" for i in range(10_001)), "too-many-keys"),
    ],
)
def test_limits(text, code):
    document, found = read(text)
    assert document is None
    assert [d.code for d in found] == [code]


@pytest.mark.parametrize(
    "text",
    [f"a = {'1' * 5000}", f"a = 0x{'f' * 100_000}", f"a = {LONG} {LONG}", f"[{LONG}]]", "\ud800 = 1", 'a = "\ud800"'],
)
def test_a_long_or_strange_text_gives_a_short_headline(text):
    document, (problem,) = read(text)
    assert document is None
    assert len(problem.headline) < 150
    problem.headline.encode()


@pytest.mark.parametrize(
    "text", ["a = " + "1_" * 400_000, 'a = "' + "\\n" * 400_000, "a = [\n" + "  b = 1\n" * 100_000]
)
def test_hostile_texts_end(text):
    assert read(text)[0] is None
