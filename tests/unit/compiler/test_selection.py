"""Which parameters a selector means."""

import pytest

from specc.compiler.selection import nearby, select
from specc.frontend.expressions import parse
from specc.spec.expressions import Name
from specc.spec.fields import ExpressionError

NAMES = [
    "backbone.stem.weight",
    *(f"backbone.blocks.{block}.{part}" for block in range(12) for part in ("norm.weight", "mlp.0.weight")),
    "backbone.norm.weight",
    "heads.disease.weight",
    "heads.species.weight",
]


def chosen(text: str) -> list[str]:
    found = select(parse("selector", text), NAMES)
    return [name.removesuffix(".weight") for name in NAMES if name in found]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("heads", ["heads.disease", "heads.species"]),
        ("heads.species", ["heads.species"]),
        ("heads - heads.species", ["heads.disease"]),
        ("heads - heads + heads.species", ["heads.species"]),
        ("all - backbone", ["heads.disease", "heads.species"]),
        ("backbone.norm", ["backbone.norm"]),
        ("backbone.blocks[-1:]", ["backbone.blocks.11.norm", "backbone.blocks.11.mlp.0"]),
        ("backbone.blocks[-1]", ["backbone.blocks.11.norm", "backbone.blocks.11.mlp.0"]),
        ("backbone.blocks.1", ["backbone.blocks.1.norm", "backbone.blocks.1.mlp.0"]),
        ("backbone.blocks[:1]", ["backbone.blocks.0.norm", "backbone.blocks.0.mlp.0"]),
        ("backbone.blocks[2:4] - backbone.blocks[3]", ["backbone.blocks.2.norm", "backbone.blocks.2.mlp.0"]),
        ("backbone.blocks[-2:].norm", ["backbone.blocks.10.norm", "backbone.blocks.11.norm"]),
        ("backbone.blocks[12]", []),
        ("backbone.blocks[-13]", []),
        ("backbone.blocks[5:2]", []),
        ("backbone.stem[0]", []),
        ("backbone.block", []),
        ("head", []),
    ],
)
def test_a_selector(text, names):
    assert chosen(text) == names


def test_all_is_all():
    assert len(chosen("all")) == len(chosen("backbone + heads")) == len(NAMES)
    assert chosen("backbone.blocks[:]") == chosen("backbone.blocks")


@pytest.mark.parametrize("text", ["backbone.blocks[-]", "backbone.blocks[:-]", "backbone.blocks[-:-]"])
def test_a_sign_without_a_number(text):
    with pytest.raises(ExpressionError):
        chosen(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("heads.specie", ["heads.disease", "heads.species"]),
        ("backbone.steam", ["backbone.blocks", "backbone.norm", "backbone.stem"]),
        ("backbone.blocks.1.attn", ["backbone.blocks.1.mlp", "backbone.blocks.1.norm"]),
        ("bakbone.stem", ["backbone", "heads", "heads.disease", "heads.species"]),
    ],
)
def test_what_could_have_stood_there(text, parts):
    assert nearby(Name(text), NAMES) == parts


def test_numbers_are_in_the_order_of_numbers():
    options = nearby(Name("backbone.blocks.99"), NAMES)
    assert options == [f"backbone.blocks.{block}" for block in range(12)]
