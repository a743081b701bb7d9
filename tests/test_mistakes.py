"""Holds the specs of tests/mistakes to their headers: each has one mistake that people make, and specc tells of it.

docs/mistakes.md shows them all; `python -m tests.bench.peers.table` writes it anew.
"""

import json
import tomllib

import pytest

from specc.diagnostics.render import full
from tests.bench.peers.mistakes import FOLDERS, bases, diagnostics, mistakes
from tests.bench.peers.table import HERE, PAGE, PEERS, record, row


def everywhere(found) -> list:
    """Return what a function finds in all folders; an absent folder is one skipped case."""
    return [
        pytest.param(case, id=case.name, marks=marks(case.name))
        for folder in FOLDERS.values()
        for case in found(folder) or [folder]
    ]


def marks(name: str) -> tuple:
    absent = name in {folder.name for folder in FOLDERS.values()}
    return (pytest.mark.skip(reason="it lies beside some checkouts only"),) if absent else ()


@pytest.mark.parametrize("mistake", everywhere(mistakes))
def test_a_mistake_is_told(mistake):
    assert mistake.header["mistake"] == mistake.name
    assert mistake.answer(), f"{mistake.header}\n{full(diagnostics(mistake.path))}"


@pytest.mark.parametrize("path", everywhere(bases))
def test_a_right_spec_is_clean(path):
    assert full(diagnostics(path)) == ""


def test_every_mistake_of_ours_has_a_source():
    for mistake in mistakes(FOLDERS["own"]):
        assert set(mistake.header) == {"mistake", "source", "severity", "line", "says"}, mistake.name


@pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS)
def test_the_page_is_current(folder):
    page = PAGE.read_text("utf-8").splitlines()
    _, answers = record()
    for mistake in mistakes(folder):
        assert row(mistake, answers) in page, mistake.name


def test_every_peer_was_asked():
    equivalents = tomllib.loads((HERE / "equivalents.toml").read_text("utf-8"))
    answers = json.loads((HERE / "answers.json").read_text("utf-8"))["answers"]
    assert {name: set(asked) & set(PEERS) for name, asked in equivalents.items()} == {
        n: set(a) for n, a in answers.items()
    }
