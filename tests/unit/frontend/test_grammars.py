"""The tables that ship with the grammars are current, and read as the grammars do."""

from pathlib import Path

import lark
import pytest
from lark.exceptions import UnexpectedInput

from specc.frontend import grammars
from specc.frontend.grammars import OPTIONS, built, grammar, shipped_tables
from specc.spec.fields import STARTS

TEXTS = {
    "grammar": (
        "1e-3",
        "warmup(2 epochs) then cosine(1e-5 -> 0)",
        "backbone.blocks[-4:] + heads.species - backbone.norm",
        "backbone.patch_embed * 0.01, backbone * 0.1",
        "focal(species, gamma = 2.0) + 0.7 * distill(disease, from = [global, regional])",
        "5 where count(disease) < 50, 3 where count(disease) < 80",
        "one_of(blur(3 -> 7), noise(10 -> 50), p = 0.3)",
        "macro_f1(disease where count(disease) < 80) >= 80%",
        "min loss, patience = 30 epochs, after = 20 epochs",
        "100 GB",
        "",
        "max max",
        "focal(species",
        "then then",
    ),
    "statements": (
        'data csv {\n  train "a.csv"  # here\n  label disease within species\n}\n',
        "augment train {\n  one_of(blur(3 -> 7),\n    noise(10 -> 50), p = 0.3)\n}\n",
        "",
        "stage a {\n",
        ")",
    ),
}


def outcome(parser, text, start):
    try:
        return parser.parse(text, start=start)
    except UnexpectedInput as error:
        return type(error), error.pos_in_stream, sorted(getattr(error, "accepts", None) or ())


def test_every_grammar_is_known():
    assert {path.stem for path in Path(grammars.__file__).parent.glob("*.lark")} == OPTIONS.keys() == TEXTS.keys()


@pytest.mark.parametrize("name", OPTIONS)
def test_the_tables_of_a_grammar_are_current(name):
    assert shipped_tables(name) is not None, "run python -m specc.frontend.grammars"


@pytest.mark.parametrize("name", OPTIONS)
def test_the_tables_read_as_their_grammar_does(name):
    shipped, fresh = grammar(name), built(name)
    for start in OPTIONS[name]["start"]:
        for text in TEXTS[name]:
            assert outcome(shipped, text, start) == outcome(fresh, text, start)


def test_the_texts_have_every_kind_of_expression():
    read = {
        start
        for start in STARTS
        for text in TEXTS["grammar"]
        if isinstance(outcome(grammar("grammar"), text, start), lark.Tree)
    }
    assert read == set(STARTS)


def test_tables_of_another_lark_are_not_used(monkeypatch):
    monkeypatch.setattr(lark, "__version__", "0.0.0")
    assert shipped_tables("grammar") is None
    assert grammar.__wrapped__("grammar").parse("1e-3", start="schedule") == built("grammar").parse(
        "1e-3", start="schedule"
    )
