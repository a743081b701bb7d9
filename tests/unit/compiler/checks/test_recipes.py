"""Protocols as people write them: nothing may be said of any, since a warning on a right spec is worse than none."""

from pathlib import Path

import pytest

from specc.compiler.validate import validate

RECIPES = sorted(Path(__file__).with_name("recipes").glob("*.toml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_nothing_is_said_of_a_recipe(path):
    assert validate(path)[1].found == []


def test_there_are_recipes():
    assert len(RECIPES) >= 20
