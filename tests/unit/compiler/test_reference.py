"""The reference says what the code says."""

import re

import pytest

from specc import errors
from specc.cli.main import INTERNAL_ERROR
from specc.compiler.reference import EXIT_CODES, FAMILIES, reference, signature
from specc.diagnostics.explanations import codes, meaning
from specc.spec.experiment import Written
from specc.spec.functions import FUNCTIONS, family


def test_committed_reference_is_current(root):
    text = (root / "docs" / "reference.md").read_text(encoding="utf-8")
    assert text == reference(), "run: python -m specc.compiler.reference > docs/reference.md"


def test_every_family_has_a_heading():
    assert {name for name, _ in FUNCTIONS} == FAMILIES.keys()


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda f: f"{f.family}-{f.name}")
def test_every_function_stands_in_it_with_its_sentence(function):
    assert f"| `{signature(function)}` | {function.doc}" in reference()


def test_every_key_and_every_sentence_stand_in_it():
    text = reference()
    definitions = Written.model_json_schema()["$defs"].values()
    for key, field in (item for part in definitions for item in part["properties"].items()):
        assert f"| `{key}` |" in text
        assert field["description"] in text, key


def test_every_code_stands_in_it():
    text = reference()
    assert all(f"| `{code}` | {meaning(code)} |" in text for code in codes())


def test_exit_codes_are_those_of_the_errors():
    raised = {kind.exit_code for kind in vars(errors).values() if isinstance(kind, type)}
    assert raised | {0, INTERNAL_ERROR, 128 + 1, 128 + 2, 128 + 15} == EXIT_CODES.keys()


def test_tables_are_whole():
    rows = [line for line in reference().splitlines() if line.startswith("|")]
    columns = [len(re.findall(r"(?<!\\)\|", row)) for row in rows]
    assert set(columns) <= {3, 4, 5}


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        ("schedule", "warmup", "warmup(duration, start = 0)"),
        ("transform", "one_of", "one_of(..., p = 1)"),
        ("transform", "random_resized_crop", "random_resized_crop(size, scale = 0.08 -> 1, ratio = 0.75 -> 1.333)"),
        ("metric", "top", "topK(target)"),
        ("metric", "loss", "loss"),
        ("optimizer", "sgd", "sgd(momentum = 0, weight_decay = 0, nesterov = false)"),
    ],
)
def test_signatures(kind, name, text):
    assert signature(family(kind)[name]) == text
