"""Diagnostics for editors and continuous integration."""

import json
import re
from typing import Any

import pytest

from specc.diagnostics.explanations import codes, explanation, meaning
from specc.diagnostics.model import Diagnostic, Label, Severity
from specc.diagnostics.render import FORMATS, as_github, as_json, as_sarif
from specc.diagnostics.render.sarif import uri
from specc.source import Place, Source, Span
from specc.version import VERSION

SOURCE = Source("specs/my model.toml", 'name = "x"\ntrain = [\n  "heads",\n]\nlr = "漢 -> 1"\n')


def label(word: str, text: str = "", source: Source = SOURCE) -> Label:
    start = source.text.index(word)
    return Label(Place(source, Span(start, start + len(word))), text)


ONE = Diagnostic(
    "schedule-rises",
    "`lr` rises",
    (label("-> 1", "it ends here"), label('"x"', "this stage")),
    "a, b: 50%",
    ("a note",),
)
LINES = Diagnostic("wrong-value", "it is wrong", (label('[\n  "heads",\n]'),), severity=Severity.WARNING)
NOWHERE = Diagnostic("wrong-value", "it is wrong")


def test_json():
    one, lines, nowhere = json.loads(as_json([ONE, LINES, NOWHERE]))
    assert (one["code"], one["severity"], one["help"]) == ("schedule-rises", "error", "a, b: 50%")
    assert one["labels"][0] == {
        "file": "specs/my model.toml",
        "line": 5,
        "column": 9,
        "end_line": 5,
        "end_column": 13,
        "text": "it ends here",
    }
    assert one["notes"] == ["a note"]
    assert lines["severity"] == "warning"
    assert nowhere["labels"] == []


def test_github():
    place = "file=specs/my model.toml,line=5,endLine=5,col=9,endColumn=13"
    said = "`lr` rises%0Ait ends here%0Anote: a note%0Ahelp: a, b: 50%25"
    assert as_github([ONE, LINES, NOWHERE]).splitlines() == [
        f"::error {place},title=specc schedule-rises::{said}",
        "::warning file=specs/my model.toml,line=2,endLine=4,title=specc wrong-value::it is wrong",
        "::error title=specc wrong-value::it is wrong",
    ]


def test_github_splits_at_no_character_of_a_name():
    source = Source("a:b,c%.toml", "lr\n")
    (line,) = as_github([Diagnostic("wrong-value", "x", (label("lr", source=source),))]).splitlines()
    assert line.startswith("::error file=a%3Ab%2Cc%25.toml,line=1,")


FLAG = Diagnostic(
    "unknown-stage",
    "there is no stage `fine`",
    (label("stages", source=Source("--set stages.fine.lr", "stages.fine.lr=1", is_file=False)), label('"x"', "named")),
)
"""A problem of a flag, which is no file that could be annotated."""


def test_github_places_nothing_at_a_flag():
    assert as_github([FLAG]) == "::error title=specc unknown-stage::there is no stage `fine`"


def test_sarif_places_nothing_at_a_flag():
    (result,) = log(FLAG)["results"]
    assert result["locations"] == []
    assert [related["message"]["text"] for related in result["relatedLocations"]] == ["named"]


@pytest.mark.parametrize(("style", "empty"), [("full", ""), ("concise", ""), ("github", ""), ("json", "[]")])
def test_nothing_wrong(style, empty):
    assert FORMATS[style]([]) == empty


def log(*diagnostics: Diagnostic) -> dict[str, Any]:
    """Return the only run of a log, which must have the form of one."""
    parsed = json.loads(as_sarif(diagnostics))
    assert (parsed["version"], parsed["$schema"][:8]) == ("2.1.0", "https://")
    (run,) = parsed["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    assert (run["tool"]["driver"]["name"], run["tool"]["driver"]["version"]) == ("specc", VERSION)
    for result in run["results"]:
        check_result(run, result)
    return run


def check_result(run: dict[str, Any], result: dict[str, Any]) -> None:
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert result["level"] in ("error", "warning", "note", "none")
    assert result["message"]["text"]
    for location in result["locations"] + result["relatedLocations"]:
        region = location["physicalLocation"]["region"]
        assert min(region.values()) >= 1
        assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])
        assert re.fullmatch(r"[A-Za-z0-9._~%/-]+|file:///.*", location["physicalLocation"]["artifactLocation"]["uri"])
    numbers = [location["id"] for location in result["relatedLocations"]]
    assert len(set(numbers)) == len(numbers)


def test_sarif_without_results():
    run = log()
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])


def test_sarif():
    run = log(ONE, LINES, NOWHERE)
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["schedule-rises", "wrong-value"]
    one, lines, nowhere = run["results"]
    assert one["message"] == {"text": "`lr` rises\nit ends here\nnote: a note\nhelp: a, b: 50%"}
    assert one["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "specs/my%20model.toml"},
                "region": {"startLine": 5, "startColumn": 9, "endLine": 5, "endColumn": 13},
            }
        }
    ]
    assert [related["message"]["text"] for related in one["relatedLocations"]] == ["this stage"]
    assert (lines["level"], lines["locations"][0]["physicalLocation"]["region"]["endLine"]) == ("warning", 4)
    assert (nowhere["locations"], nowhere["relatedLocations"]) == ([], [])


@pytest.mark.parametrize("code", codes())
def test_sarif_explains_every_code(code):
    (rule,) = log(Diagnostic(code, "x"))["tool"]["driver"]["rules"]
    assert rule["help"] == {"text": explanation(code), "markdown": explanation(code)}
    assert rule["fullDescription"]["text"] == meaning(code)
    assert meaning(code).startswith(rule["shortDescription"]["text"])


def test_a_name_that_is_no_text_has_a_reference():
    assert uri("\udcff.toml") == "%FF.toml"
