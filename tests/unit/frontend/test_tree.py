"""A tree in which nothing is set twice, and nothing is of two kinds."""

import pytest

from specc.diagnostics.model import Diagnostics
from specc.frontend.dsl import parse
from specc.source import Source


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stages.x.lr 1\nstage y", "`stages` is a table, and this line adds an entry to it"),
        ("profile p {\n  stages.x { lr 1 }\n  stage y\n}", "`profiles.p.stages` is a table, and this line adds"),
        ("stage y\nstages.x { lr 1 }", "`stages` is a list, and this line sets a key of it"),
        ("stage y\nstages.x.lr 1", "`stages` is a list, and this line sets a key of it"),
        ("stages 3\nstage y", "`stages` is a value, and this line sets a part of it"),
        ("seed 3\nseed.x 4", "`seed` is a value, and this line sets a part of it"),
    ],
)
def test_nothing_is_of_two_kinds(text, said):
    problems = Diagnostics()
    assert parse(Source("x.specc", text), problems) is None
    (found,) = problems.found
    first, second = found.labels
    assert found.headline.startswith(said)
    assert first.place.span.start > second.place.span.end
