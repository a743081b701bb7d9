"""Weights that a run starts from, held to its model."""

import json
from collections.abc import Callable
from contextlib import suppress
from math import prod
from pathlib import Path

import pytest

from specc.checkpoint.format import RawTensor, encode
from specc.compiler.context import Context
from specc.compiler.pipeline import compile_checked
from specc.compiler.validate import validate
from specc.diagnostics.model import Diagnostic, SpecError
from specc.errors import MissingData

DIGITS = [str(digit) for digit in range(10)]

Started = Callable[..., list[Diagnostic]]


@pytest.fixture
def started(tmp_path, monkeypatch, root) -> Started:
    """Return what is said of the quickstart that starts from some tensors, given by their shapes."""
    monkeypatch.chdir(tmp_path)

    def run(shapes: dict[str, tuple[int, ...]], metadata: dict[str, object] | None = None) -> list[Diagnostic]:
        tensors = {name: RawTensor("I8", shape, bytes(prod(shape))) for name, shape in shapes.items()}
        Path("start.safetensors").write_bytes(b"".join(encode(tensors, metadata or {}).chunks()))
        Path("case.toml").write_text(
            f'extends = "{root}/specs/quickstart.toml"\nname = "case"\nmodel.start_from = "start.safetensors"\n'
        )
        context = validated()
        with suppress(SpecError):
            compile_checked(context)
        return context.problems.found

    return run


def validated() -> Context:
    context, problems = validate(Path("case.toml"))
    assert context is not None
    assert not problems.found
    return context


def own(classes: object) -> dict[str, object]:
    """Return the metadata of a checkpoint of ours, as far as it is looked at."""
    plan = {"data": {"labels": [{"name": "digit", "classes": classes}]}}
    return {"plan_digest": "0", "plan": json.dumps(plan)}


@pytest.fixture
def stem(root) -> dict[str, tuple[int, ...]]:
    """Return one weight of the quickstart's backbone."""
    context, _ = validate(root / "specs" / "quickstart.toml")
    first = context.backbone.parameters[0]
    return {f"backbone.{first.name}": first.shape}


def head(classes: int) -> dict[str, tuple[int, ...]]:
    return {"heads.digit.weight": (classes, 512), "heads.digit.bias": (classes,)}


def test_the_same_classes(started, stem):
    assert started({**stem, **head(10)}, own(DIGITS)) == []


def test_another_number_of_classes(started, stem):
    (found,) = started({**stem, **head(7)}, own(DIGITS[:7]))
    assert (found.code, found.severity) == ("classes-differ", "warning")
    assert found.headline == "head `digit` tells 10 classes, and the weights that it starts from 7"


def test_the_same_number_of_other_classes(started, stem):
    (found,) = started({**stem, **head(10)}, own([*DIGITS[:8], "9", "8"]))
    assert (found.code, found.severity) == ("classes-differ", "warning")
    assert found.headline == "head `digit` starts from weights of other classes: `9` becomes `8`"


@pytest.mark.parametrize("classes", [None, "0123456789", 3, {}, [1] * 9])
def test_classes_that_cannot_be_read_are_not_compared(started, stem, classes):
    assert started({**stem, **head(10)}, own(classes)) == []


@pytest.mark.parametrize("plan", ["", "[]", "{", '{"data": {"labels": [3]}}', "[" * 10_000, 7])
def test_a_plan_that_cannot_be_read_is_left_alone(started, stem, plan):
    assert started({**stem, **head(10)}, {**own(DIGITS), "plan": plan}) == []


def test_weights_of_another_program_have_no_head(started, stem):
    shapes = {name.removeprefix("backbone."): shape for name, shape in stem.items()}
    assert started({**shapes, "fc.weight": (7, 512)}) == []


@pytest.mark.parametrize("name", ["missing", "x" * 300])
def test_weights_that_are_not_here(started, stem, name):
    started(stem)
    case = Path("case.toml")
    case.write_text(case.read_text().replace("start.safetensors", name))
    with pytest.raises(MissingData, match="there is no checkpoint"):
        compile_checked(validated())


@pytest.mark.parametrize("metadata", [None, own(DIGITS)])
def test_weights_that_fit_nothing(started, metadata):
    (found,) = started({"backbone.other.weight": (3, 3)}, metadata)
    assert (found.code, found.severity) == ("weights-do-not-fit", "error")
