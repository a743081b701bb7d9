"""What is said of a wrong shape."""

import pytest

from specc.compiler.structure import build_spec
from specc.compiler.validate import validate
from specc.diagnostics.model import Diagnostic, Diagnostics
from specc.frontend.toml import parse
from specc.paths import KeyPath
from specc.source import Source
from specc.spec.experiment import Spec
from specc.spec.model import Head
from specc.spec.shape import keys_at, model_at
from specc.spec.stages import Stage


def said(text: str) -> list[Diagnostic]:
    """Return what is said beyond the missing tables."""
    problems = Diagnostics()
    document = parse(Source("x.toml", text), problems)
    assert document is not None
    assert build_spec(document, problems) is None
    return [d for d in problems.found if d.code != "missing-key"]


def test_the_known_values_are_listed_once():
    (problem,) = said('[[stages]]\nname = "x"\nstart_from = "first"')
    assert problem.help.count("known values") == 1


def test_a_text_that_looks_like_a_number():
    (problem,) = said('[[stages]]\nname = "x"\nepochs = "3"')
    assert '"3"' in problem.headline


def test_the_version_is_a_number():
    assert [d.code for d in said("specc = true")] == ["wrong-type"]


@pytest.mark.parametrize(
    "written",
    [
        'defaults.loss = "cross_entropy(digits)"',
        "model.heads.number = {}",
        'stages.polish.loss = "focal(digits)"',
    ],
)
def test_one_typo_gives_one_diagnostic(root, tmp_path, written):
    (tmp_path / "quickstart.toml").write_text((root / "specs" / "quickstart.toml").read_text("utf-8"), "utf-8")
    path = tmp_path / "case.toml"
    path.write_text(f'extends = "quickstart.toml"\nname = "x"\n{written}\n', encoding="utf-8")
    assert len(validate(path)[1].found) == 1


def test_a_huge_value_is_cut():
    (problem,) = said(f'seed = "{"9" * 500}"')
    assert len(problem.headline) < 100


@pytest.mark.parametrize(
    ("path", "model"),
    [("", Spec), ("stages[3]", Stage), ("model.heads.any", Head), ("model.heads", None), ("seed", None), ("x.y", None)],
)
def test_the_model_of_a_table(path, model):
    assert model_at(KeyPath.parse(path)) is model


def test_keys_are_as_they_are_written():
    assert "as" in keys_at(KeyPath(("data", "labels", "digit")))
