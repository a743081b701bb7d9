"""What a .specc text says, and what is said of one that is wrong."""

import re

import pytest

from specc.diagnostics.model import Diagnostic, Diagnostics
from specc.frontend.dsl import WORDS, parse
from specc.frontend.faults import MAX_CHARACTERS, SHARED
from specc.frontend.forms import FORMS
from specc.paths import KeyPath
from specc.source import Document, Source


def read(text: str) -> tuple[Document | None, list[Diagnostic]]:
    problems = Diagnostics()
    return parse(Source("x.specc", text), problems), problems.found


def tree(text: str) -> dict:
    document, found = read(text)
    assert [d.headline for d in found] == []
    return document.tree


def said(text: str) -> list[tuple[int, str, str]]:
    """Return line, text under the carets and headline of each problem."""
    document, found = read(text)
    assert document is None
    assert all(d.help for d in found)
    return [(*under(d), d.headline) for d in found]


def under(diagnostic: Diagnostic, label: int = 0) -> tuple[int, str]:
    place = diagnostic.labels[label].place
    return place.source.line_column(place.span.start)[0], cut(place.source.text, place.span)


def cut(text: str, span) -> str | None:
    return text[span.start : span.end] if span else None


# Plain lines


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("64", 64),
        ("-0.5", -0.5),
        ("1e-3", 1e-3),
        ("1_000", 1000),
        ("true", True),
        ("false", False),
        ('"two words"', "two words"),
        ("'C:\\data'", "C:\\data"),
        ('"""\ntwo\nlines"""', "two\nlines"),
        ('"true"', "true"),
        ('"5"', "5"),
        ("cosine(1e-4 -> 0)", "cosine(1e-4 -> 0)"),
        ("95%", "95%"),
        ("2 epochs", "2 epochs"),
        ("data/my photos", "data/my photos"),
        ("https://example.org/a", "https://example.org/a"),
        ("a = 1", "a = 1"),
        (".5", ".5"),
        ("007", "007"),
        ("nan", "nan"),
        ("True", "True"),
        ("one_of(\n  blur(3), # soft\n  noise(1)\n)", "one_of( blur(3), noise(1) )"),
        ("[1, two words, \"three\", 'f,o,u,r', f(a, b),]", [1, "two words", "three", "f,o,u,r", "f(a, b)"]),
        ("[\n  1, # one\n  2\n]", [1, 2]),
        ("[[1], [], [[x]]]", [[1], [], [["x"]]]),
        ('[{ a = 1, "b c" = [x] }, {}]', [{"a": 1, "b c": ["x"]}, {}]),
        ("[1] + [2]", "[1] + [2]"),
    ],
)
def test_a_line_is_a_key_and_a_value(text, value):
    assert tree(f"key {text}") == {"key": value}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b.c 1", {"a": {"b": {"c": 1}}}),
        ('a."b.c" 1', {"a": {"b.c": 1}}),
        ("'a b'.c-d_8 1", {"a b": {"c-d_8": 1}}),
        ('"" 1', {"": 1}),
        ("8 24", {"8": 24}),
        ("a { b 1\n c { d 2 } }", {"a": {"b": 1, "c": {"d": 2}}}),
        ("a {}", {"a": {}}),
        ("a { b 1 }\na.c 2", {"a": {"b": 1, "c": 2}}),
        ("a.c 2\na { b 1 }", {"a": {"c": 2, "b": 1}}),
        ("a.b { c 1 }", {"a": {"b": {"c": 1}}}),
        ('"stage" 5\n"data" { x 1 }', {"stage": 5, "data": {"x": 1}}),
        ("stage.x 5", {"stage": {"x": 5}}),
        ("a {stage 5}", {"a": {"stage": 5}}),
        ("\ta\t1\t# b\r\n\r\nb 2\r\n", {"a": 1, "b": 2}),
        ("\ufeffa 1", {"a": 1}),
        ("", {}),
        ("# nothing", {}),
    ],
)
def test_keys_and_blocks(text, expected):
    assert tree(text) == expected


# Short forms

FORM_CASES = {
    ("spec", "experiment"): [
        ("experiment digits", {"name": "digits"}),
        ('experiment "my digits"', {"name": "my digits"}),
    ],
    ("spec", "data"): [
        ('data csv { path "a.csv" }', {"data": {"source": "csv", "path": "a.csv"}}),
        ("data csv", {"data": {"source": "csv"}}),
        ("data { limit 5 }", {"data": {"limit": 5}}),
        ("data.limit 5\ndata csv {\n  seed 1\n}", {"data": {"limit": 5, "source": "csv", "seed": 1}}),
    ],
    ("spec", "augment"): [
        ("augment train {\n  resize(32)\n  hflip(0.5)\n}", {"augment": {"train": ["resize(32)", "hflip(0.5)"]}}),
        ("augment eval {}", {"augment": {"eval": []}}),
        ("augment views simclr(224)", {"augment": {"views": "simclr(224)"}}),
        ("augment { keep_features 3 }", {"augment": {"keep_features": 3}}),
        ("augment train [a, b]\naugment eval { c }", {"augment": {"train": ["a", "b"], "eval": ["c"]}}),
    ],
    ("spec", "model"): [
        ("model resnet18", {"model": {"backbone": "resnet18"}}),
        ("model resnet18.a1_in1k pretrained {}", {"model": {"backbone": "resnet18.a1_in1k", "pretrained": True}}),
        ("model pretrained { x 1 }", {"model": {"pretrained": True, "x": 1}}),
        ('model "pretrained"', {"model": {"backbone": "pretrained"}}),
        ("model { x 1 }", {"model": {"x": 1}}),
    ],
    ("spec", "stage"): [
        ("stage a for 5 epochs { lr 1 }\nstage b", {"stages": [{"name": "a", "epochs": 5, "lr": 1}, {"name": "b"}]}),
        ("stage a for 1 epoch", {"stages": [{"name": "a", "epochs": 1}]}),
        ("stage a for 1 step", {"stages": [{"name": "a", "steps": 1}]}),
        ("stage 'for' for 500 steps", {"stages": [{"name": "for", "steps": 500}]}),
        ("stage { lr 1 }", {"stages": [{"lr": 1}]}),
        ("stages [a]\nstage b", {"stages": ["a", {"name": "b"}]}),
    ],
    ("spec", "profile"): [
        ("profile a { seed 1 }\nprofile b {}", {"profiles": {"a": {"seed": 1}, "b": {}}}),
        ('profile "a b" { stage x }', {"profiles": {"a b": {"stages": [{"name": "x"}]}}}),
        ("profile a { data { label x } }", {"profiles": {"a": {"data": {"labels": {"x": {"column": "x"}}}}}}),
    ],
    ("data", "label"): [
        ("data { label a }", {"data": {"labels": {"a": {"column": "a"}}}}),
        ('data { label "a b" }', {"data": {"labels": {"a b": {"column": "a b"}}}}),
        ("data { label a column b within c }", {"data": {"labels": {"a": {"column": "b", "within": "c"}}}}),
        ("data { label a folder as characters }", {"data": {"labels": {"a": {"folder": True, "as": "characters"}}}}),
        (
            "data { label a within b { rare { 8 24 } } }",
            {"data": {"labels": {"a": {"within": "b", "rare": {"8": 24}}}}},
        ),
        ('data { label a within "folder" }', {"data": {"labels": {"a": {"column": "a", "within": "folder"}}}}),
    ],
    ("data", "input"): [
        ("data { input a column b as symbols }", {"data": {"input": {"a": {"column": "b", "as": "symbols"}}}}),
        ("data { input a }", {"data": {"input": {"a": {}}}}),
    ],
    ("model", "head"): [
        ("model { head a linear }", {"model": {"heads": {"a": {"kind": "linear"}}}}),
        ("model { head a linear routed by b }", {"model": {"heads": {"a": {"kind": "linear", "routed_by": "b"}}}}),
        (
            "model { head a mlp dropout 0.1 hidden 64 out 8 { x 1 } }",
            {"model": {"heads": {"a": {"kind": "mlp", "dropout": 0.1, "hidden": 64, "out": 8, "x": 1}}}},
        ),
        ("model { head a hidden 64 }", {"model": {"heads": {"a": {"hidden": 64}}}}),
        ('model { head a "hidden" hidden 64 }', {"model": {"heads": {"a": {"kind": "hidden", "hidden": 64}}}}),
        ("model { head a {} }", {"model": {"heads": {"a": {}}}}),
    ],
    ("evaluate", "metric"): [
        ("evaluate {\n  metric loss\n  metric top1(a)\n}", {"evaluate": {"metrics": ["loss", "top1(a)"]}}),
        ("evaluate {\n  metrics [a]\n  metric b\n}", {"evaluate": {"metrics": ["a", "b"]}}),
    ],
    ("evaluate", "expect"): [
        ("evaluate {\n  expect a < 1\n  expect b < 2, c\n}", {"evaluate": {"expect": ["a < 1", "b < 2, c"]}}),
        ("evaluate { expect [a, b] }", {"evaluate": {"expect": ["a", "b"]}}),
    ],
    ("stage", "expect"): [
        ("stage a { expect b < 1 }", {"stages": [{"name": "a", "expect": ["b < 1"]}]}),
        ("defaults { expect [] }", {"defaults": {"expect": []}}),
        ("stages.a { expect b }", {"stages": {"a": {"expect": ["b"]}}}),
    ],
    ("stage", "augment"): [
        ("stage a { augment { b(1)\n c } }", {"stages": [{"name": "a", "augment": ["b(1)", "c"]}]}),
        ("defaults { augment [a] }", {"defaults": {"augment": ["a"]}}),
    ],
}


def test_every_form_has_a_case():
    assert FORM_CASES.keys() == FORMS.keys()


@pytest.mark.parametrize(("text", "expected"), [case for cases in FORM_CASES.values() for case in cases])
def test_a_short_form_gives_its_tree(text, expected):
    assert tree(text) == expected


@pytest.mark.parametrize(
    ("text", "path", "key", "value"),
    [
        ("seed  42", "seed", "seed", "42"),
        ('a."b c" [1, "x"]', 'a."b c"', '"b c"', '[1, "x"]'),
        ('a [1, "x"]', "a[1]", None, '"x"'),
        ("a [{ b = c d }]", "a[0].b", None, "c d"),
        ("a.b 1", "a", "a", "a"),
        ("a {\n  b 1\n}", "a", "a", "a {"),
        ("experiment x y", "name", "experiment", "x y"),
        ("data csv { a 1 }", "data", "data", "data csv {"),
        ("data csv", "data.source", "csv", "csv"),
        ("augment train { a(1) }", "augment", "augment", "augment"),
        ("augment train { a(1) }", "augment.train", "train", "augment train {"),
        ("augment train { a(1) }", "augment.train[0]", None, "a(1)"),
        ("augment train a(1)", "augment.train", "train", "a(1)"),
        ("model resnet pretrained", "model.backbone", "resnet", "resnet"),
        ("model resnet pretrained", "model.pretrained", "pretrained", "pretrained"),
        ("stage a for 5 epochs {}", "stages", "stage", "stage"),
        ("stage a\nstage b for 5 epochs {}", "stages[1]", "stage", "stage b for 5 epochs {"),
        ("stage a for 5 epochs {}", "stages[0].name", "a", "a"),
        ("stage a for 5 epochs {}", "stages[0].epochs", "epochs", "5"),
        ("profile p { a 1 }", "profiles", "profile", "profile"),
        ("profile p { a 1 }", "profiles.p", "p", "profile p {"),
        ("data { label a within b }", "data.labels", "label", "label"),
        ("data { label a within b }", "data.labels.a", "a", "label a within b"),
        ("data { label a within b }", "data.labels.a.column", "a", "a"),
        ("data { label a within b }", "data.labels.a.within", "within", "b"),
        ("data { label a folder }", "data.labels.a.folder", "folder", "folder"),
        ("model { head a mlp routed by b }", "model.heads.a.kind", "mlp", "mlp"),
        ("model { head a mlp routed by b }", "model.heads.a.routed_by", "routed by", "b"),
        ("evaluate { metric top1(a) }", "evaluate.metrics", "metric", "metric"),
        ("evaluate { metric top1(a) }", "evaluate.metrics[0]", "metric", "top1(a)"),
        ("stage a { augment { b } }", "stages[0].augment", "augment", "augment {"),
    ],
)
def test_where_a_value_and_its_key_stand(text, path, key, value):
    document = read(text)[0]
    origin = document.origins[KeyPath.parse(path)]
    assert (cut(text, origin.key), cut(text, origin.value)) == (key, value)


def test_every_path_has_an_origin():
    document = read("stage a for 5 epochs { b [[1], { c = 2 }]\n augment { d } }\ndata { label x }")[0]

    def paths(value, path=()):
        yield path
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, item in items:
            yield from paths(item, (*path, key))

    assert {*paths(document.tree)} - {()} == {*map(tuple, document.origins)}


@pytest.mark.parametrize("text", ["a f(x,  y)", 'a "f(x,  y)"', "a f(\n  x, # why\n  y\n)", '\ufeffa "f\\u0028x, y)"'])
def test_where_the_characters_of_a_text_stand(text):
    document = read(text)[0]
    value, inside = document.tree["a"], document.origins[KeyPath(("a",))].inside
    assert len(inside) == len(value) + 1
    for character, offset in zip(value, inside, strict=False):
        assert text[offset] == character or text[offset] == "\\" or character == " "


# What is wrong

FAULTS = {
    "bad-key": [
        ("a..b 1", 1, "a..b", "`a..b` cannot be a key"),
        ("a. 1", 1, "a.", "`a.` cannot be a key"),
        ("naïve 1", 1, "naïve", "`naïve` cannot be a key"),
        ("data/train x", 1, "data/train", "`data/train` cannot be a key"),
        ("x [{ a.b = 1 }]", 1, "a.b", "`a.b` cannot be a key"),
        ("lr\u00a01", 1, "lr\u00a01", "`lr\u00a01` cannot be a key"),
    ],
    "brace-below": [("a 1\nb\n{\n  c 1\n}", 3, "{", "`{` stands on a line of its own")],
    "colon": [("lr: 1e-3", 1, ":", "`lr` is followed by `:`"), ("lr:1e-3", 1, ":", "`lr` is followed by `:`")],
    "equals": [
        ("lr = 1e-3", 1, "=", "`lr` is followed by `=`"),
        ("lr=1e-3", 1, "=", "`lr` is followed by `=`"),
        ("lr == 1e-3", 1, "=", "`lr` is followed by `=`"),
        ("stage = a", 1, "=", "`stage` is followed by `=`"),
        ("evaluate { metric = loss }", 1, "=", "`metric` is followed by `=`"),
        ("augment train = a", 1, "=", "`train` is followed by `=`"),
        ('"a b".c = 1', 1, "=", '`"a b".c` is followed by `=`'),
    ],
    "header": [
        ("specc = 1\n[data]\nx = 1", 2, "[data]", "`[data]` is a header of TOML"),
        ("[[stages]] # x\nname = 'a'\n[data\n", 1, "[[stages]]", "`[[stages]]` is a header of TOML"),
    ],
    "is-list": [("stage a\nstages.a.lr 1", 2, "stages", "`stages` is a list, and this line sets a key of it")],
    "is-table": [("stages.a.lr 1\nstage a", 2, "stage", "`stages` is a table, and this line adds an entry to it")],
    "last-comma": [
        ("seed 42,", 1, ",", "the line ends with a comma"),
        ('path "a",', 1, ",", "the line ends with a comma"),
        ("augment train {\n  resize(32),\n}", 2, ",", "the line ends with a comma"),
    ],
    "more-text": [
        ("a { b 1 } c 2", 1, "c 2", "the line goes on behind its block: `c 2`"),
        ("a { b 1 }, b 1", 1, ",", "the line goes on behind its block: `,`"),
        ("stage a { x 1 } for 5 epochs", 1, "for 5 epochs", "the line goes on behind its block: `for 5 epochs`"),
    ],
    "more-words": [
        ("stage a 5 epochs", 1, "5", "`5` means nothing here"),
        ("stage a for 5 epocs", 1, "epocs", "`epocs` means nothing here"),
        ("stage a for 5 epochs, b", 1, ",", "`,` means nothing here"),
        ("stage a for 5 epochs for 3 steps", 1, "for", "`for` means nothing here"),
        ("data csv x { label a }", 1, "x", "`x` means nothing here"),
        ("model a b", 1, "b", "`b` means nothing here"),
        ("augment train x { a }", 1, "x", "`x` means nothing here"),
        ("stage a { augment x { b } }", 1, "x", "`x` means nothing here"),
        ("profile a b { c 1 }", 1, "b", "`b` means nothing here"),
        ("profile (a) { c 1 }", 1, "(a)", "`(a)` means nothing here"),
        ("data { label a in b }", 1, "in", "`in` means nothing here"),
        ("model { head a routed_by b }", 1, "routed_by", "`routed_by` means nothing here"),
        ("model { head a linear routed b }", 1, "routed", "`routed` means nothing here"),
    ],
    "no-blank": [("tags[a]", 1, "tags", "`tags` is not followed by a blank")],
    "no-block": [("profile a", 1, "profile", "`profile` has no block")],
    "no-comment": [
        ("// a comment\nb 1", 1, "//", "`//` begins no comment"),
        ("/* a comment */", 1, "/*", "`/*` begins no comment"),
        ("seed 42 // a comment", 1, "//", "`//` begins no comment"),
    ],
    "no-equals": [
        ("x [{ a 1 }]", 1, "a", "`a` has no `=`"),
        ('x [{ "a" "b" }]', 1, '"a"', "`a` has no `=`"),
    ],
    "no-key-of-call": [("augment { resize(32) }", 1, "resize", "`resize(...)` has no key in front of it")],
    "no-name": [
        ("experiment", 1, "experiment", "`experiment` has no name"),
        ("profile { a 1 }", 1, "profile", "`profile` has no name"),
        ("stage", 1, "stage", "`stage` has no name"),
        ("stage for 5 epochs { a 1 }", 1, "stage", "`stage` has no name"),
        ("data { label }", 1, "label", "`label` has no name"),
    ],
    "no-name-of-block": [
        ("{ a 1 }", 1, "{", "a block has no name"),
        ("a { b 1 } { c 2 }", 1, "{", "a block has no name"),
        ('{\n  "name": "x",\n  "data": { "source": "csv" }\n}', 1, "{", "a block has no name"),
    ],
    "no-table": [
        ("a 1\na.b 2", 2, "a", "`a` is a value, and this line sets a part of it"),
        ("a 1\na { b 2 }", 2, "a", "`a` is a value, and this line sets a part of it"),
        ("data { labels 1\n label a }", 2, "label", "`data.labels` is a value, and this line sets a part of it"),
    ],
    "no-unit": [("stage a for 5 { lr 1 }", 1, "5", "`5` has no unit")],
    "open-block": [
        ("data csv {\n  a 1\n\nstage b {\n  c 1\n}\n", 1, "data csv {", "the block is not closed: its `}` is missing"),
        ("a {\n  b {\n    c 1\n  d 1\n}\ne { f 1 }", 2, "b {", "the block is not closed: its `}` is missing"),
    ],
    "open-round": [("a f(x\nb 1", 1, "(", "`(` is never closed"), ("a [f(x, 1]", 1, "(", "`(` is never closed")],
    "partly-quoted": [
        ('a "b" c', 1, '"b" c', "the value is partly in quotes"),
        ('a { b "x" c 1 }', 1, '"x" c 1', "the value is partly in quotes"),
        ('x [{ a = "b" c = "d" }]', 1, '"b" c = "d"', "the value is partly in quotes"),
    ],
    "semicolon": [
        ("seed 42;", 1, ";", "`;` stands outside quotes"),
        ("a b; c d", 1, ";", "`;` stands outside quotes"),
    ],
    "table-twice": [
        ("data a {}\ndata b {}", 2, "data", "block `data` is written twice"),
        ("a.b { c 1 }\na { b { d 1 } }", 2, "b", "block `a.b` is written twice"),
        ("data { label x\n label x }", 2, "x", "block `data.labels.x` is written twice"),
    ],
    "too-many-marks": [
        ("a 1\n" * 30_001, 1, "", "the text has more than 30,000 brackets, commas, quotes and lines"),
    ],
    "value-and-block": [
        ("stge a { b 1 }", 1, "stge", "`stge` has both a value and a block"),
        ("experiment a { b 1 }", 1, "experiment", "`experiment` has both a value and a block"),
        ("evaluate { metric a { b 1 } }", 1, "metric", "`metric` has both a value and a block"),
        ("augment train { a(1) { b 1 } }", 1, "a(1)", "`a(1)` has both a value and a block"),
    ],
    # What TOML can get wrong, too
    "bad-escape": [('a "\\d"', 1, "\\d", "`\\d` has no meaning inside double quotes")],
    "bad-character": [('"\\ud800" 1', 1, "\\ud800", "`\\ud800` is the code of no character")],
    "closes-nothing": [("a 1 }", 1, "}", "`}` closes nothing"), ("a b)", 1, ")", "`)` closes nothing")],
    "control": [("a \x1b[1m", 1, "\x1b", "the text holds an ESC character, which drives terminals")],
    "curly-quotes": [("a \u201cx y\u201d", 1, "\u201cx y\u201d", "`\u201cx y\u201d` is in typographic quotes")],
    "integer-range": [("a " + "9" * 20, 1, "9" * 20, f"`{'9' * 20}` is too large for a whole number")],
    "key-twice": [
        ("a 1\na 2", 2, "a", "key `a` is set twice"),
        ("stage a for 5 epochs {\n epochs 6 }", 2, "epochs", "key `epochs` is set twice"),
        ("model a pretrained pretrained", 1, "pretrained", "key `pretrained` is set twice"),
        ("x [{ a = 1, a = 2 }]", 1, "a", "key `a` is set twice"),
    ],
    "lone-return": [("a 1\rb 2", 1, "\r", "a line ends with a lone carriage return")],
    "no-comma": [
        ('a ["b" "c"]', 1, '"c"', "a comma is missing"),
        ("a [\n  b\n  c\n]", 3, "c", "a comma is missing"),
    ],
    "no-key": [
        ("(a) 1", 1, "(", "a key is missing"),
        (", 1", 1, ",", "a key is missing"),
        ("[a, b]", 1, "[", "a key is missing"),
        ("= 1", 1, "=", "a key is missing"),
        ("x [{ = 1 }]", 1, "=", "a key is missing"),
    ],
    "no-value": [
        ("lr", 1, "", "a value is missing"),
        ("stage a for", 1, "", "a value is missing"),
        ("data { label a column }", 1, "", "a value is missing"),
        ("evaluate { metric }", 1, "", "a value is missing"),
        ("x [{ a = }]", 1, "", "a value is missing"),
        ("x [1,,2]", 1, ",", "a value is missing"),
    ],
    "open-array": [("a [1, 2\nb 3", 1, "[", "the array is not closed")],
    "open-string": [
        ('a "x\nb 1', 1, '"x', "the string is not closed"),
        ('a """x\nb 1', 1, '"""x', "the string is not closed"),
        ("a it's\nb 1", 1, "'s", "the string is not closed"),
        ('a "x\ny"\nb 1', 1, '"x', "the string is not closed"),
        ('a "x [\n]', 1, '"x [', "the string is not closed"),
        ('data { a "x }\nb {', 1, '"x }', "the string is not closed"),
    ],
    "too-deep": [
        ("a." * 64 + "a 1", 1, "a." * 64 + "a", "keys, tables and arrays are nested more than 64 deep"),
        ("a " + "[" * 65 + "]" * 65, 1, "[", "keys, tables and arrays are nested more than 64 deep"),
    ],
    "too-large": [("#" * (MAX_CHARACTERS + 1), 1, "", "the text is larger than 1 MiB")],
    "too-many-keys": [
        ("\n".join(f"a{i} 1" for i in range(10_001)), 10_001, "1", "the text has more than 10,000 keys"),
    ],
    "too-many-items": [],
}  # fmt: skip
"""Texts with one fault each, by its kind: the line, what is marked there, and the headline."""


def test_every_fault_has_a_case():
    assert FAULTS.keys() == WORDS.keys() | SHARED.keys()


@pytest.mark.parametrize(
    ("kind", "text", "line", "marked", "headline"),
    [pytest.param(kind, *case, id=f"{kind}{i}") for kind, cases in FAULTS.items() for i, case in enumerate(cases)],
)
def test_one_fault_is_said_once_at_its_place(kind, text, line, marked, headline):
    assert said(text) == [(line, marked, headline)]
    words = WORDS.get(kind) or SHARED[kind]
    pattern = re.escape(words.headline).replace(r"\{text\}", ".*").replace(r"\{\{", "{").replace(r"\}\}", "}")
    assert re.fullmatch(pattern, headline)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("lr = 1e-3", "write `lr 1e-3`"),
        ("lr = cosine(1e-4 -> 0) # x", "write `lr cosine(1e-4 -> 0)`"),
        ("lr =", "write `lr value`"),
        ("data:\n  a 1", "write `data { ... }`"),
        ("data = { a 1 }", "write `data { ... }`"),
        ("a { lr = 1, b = 2 }", "write `lr value`"),
        ("[data]", "write `data { ... }`; a file of TOML ends in .toml"),
        ("[[stages]]", "write `stage NAME { ... }`; a file of TOML ends in .toml"),
        ("a it's", "put the whole text in double quotes"),
        ("stge a {}", "did you mean `stage`?"),
        ("data { lable a {} }", "did you mean `label`?"),
        ("a b {}", "keep one of them"),
        ("stage a 5 epochs", "write `for 5 epochs` or `for 500 steps`"),
        ("stage a for 5", "write `for 5 epochs` or `for 5 steps`"),
        ("stage a for 5 epocs", "did you mean `epochs`?"),
        ("data { label a in b }", "known options: as, column, folder, within"),
        ("model { head a routed_by b }", "did you mean `routed by`?"),
    ],
)
def test_the_remedy_is_what_was_meant(text, remedy):
    assert [d.help for d in read(text)[1]] == [remedy]


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("a = 1\nb: 2\n\nc {\n  d = 3\n}", ["=", ":", "="]),
        ("a { b f( }\nlr: 2", ["(", ":"]),
        ('a "x\nb = 1\nc "y', ['"x', '"y', "="]),
        ("a {\n{\nb = 1\n}\n}", ["{"]),
        ("stage a 5 {\n  lr = 1\n}", ["5", "="]),
        ("a\n{\n  b = 1\n}", ["{", "="]),
        ("a { b 1 } c = 2\nd = 3", ["c = 2", "=", "="]),
    ],
)
def test_faults_on_further_lines_are_found_as_well(text, marked):
    assert [found for _, found, _ in said(text)] == marked


def test_what_conflicts_is_shown_with_the_first():
    document, (problem,) = read("stage a for 5 epochs {\n  epochs 6\n}")
    assert document is None
    assert problem.code == "duplicate-key"
    assert [under(problem, label) for label in (0, 1)] == [(2, "epochs"), (1, "epochs")]
    assert problem.labels[1].text == "first set here"


def test_an_odd_blank_is_named():
    assert "U+00A0, NO-BREAK SPACE" in read("lr\u00a01")[1][0].notes[0]


def test_at_most_twenty_faults_are_said():
    assert len(said("a = 1\n" * 100)) == 20
    assert len(said("a )\n" * 100)) == 20


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "a " + "b " * 500_000,
        "stage " + "b " * 500_000,
        "data { label " + "b " * 500_000 + "}",
        "a." * 500_000 + "b 1",
        "a " + "(" * 29_000,
        "a " + "[" * 14_000 + "]" * 14_000,
        "a " + "{" * 29_000,
        "a{" * 29_000,
        "a{\n" * 7_000 + "}\n" * 7_000,
        "a " + "x," * 29_000,
        "a [" + "x," * 29_000 + "]",
        "'a" * 29_000,
        "a '" * 29_000,
        '"' * 1_000_000,
        "\n" * 1_000_000,
        "# a\n" * 29_000,
        "a 'b' " * 14_000,
        " " * 900_000 + "{" * 29_000,
        "a 1\n" * 29_000,
    ],
    ids=lambda text: f"{text[:4]!r}{len(text)}",
)
def test_hostile_texts_end(text):
    document, found = read(text)
    assert (document is None) == bool(found)
