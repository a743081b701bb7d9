"""What is generated and committed is current."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from specc.compiler.pipeline import compile_spec
from specc.compiler.schema import SCHEMAS, schema_text
from specc.plan.file import dump, load

ROOT = Path(__file__).parents[1]
SPECS = sorted(path.relative_to(ROOT) for path in (ROOT / "specs").glob("*.toml"))
ON_BUILTIN_DATA = {"quickstart"}


def plans() -> list[tuple[Path, tuple[str, ...], str]]:
    """Return spec, profiles and file of every plan that needs no data of the user's."""
    found = []
    for spec in SPECS:
        if spec.stem in ON_BUILTIN_DATA:
            found.append((spec, (), f"{spec.stem}.plan.json"))
        if "demo" in tomllib.loads((ROOT / spec).read_text("utf-8")).get("profiles", {}):
            found.append((spec, ("demo",), f"{spec.stem}.demo.plan.json"))
    return found


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_current(name):
    assert (ROOT / "schemas" / f"{name}.schema.json").read_text("utf-8") == schema_text(name)


@pytest.mark.parametrize(("spec", "profiles", "name"), plans(), ids=[name for _, _, name in plans()])
def test_a_plan_is_current(monkeypatch, spec, profiles, name):
    monkeypatch.chdir(ROOT)
    text = (ROOT / "generated" / name).read_text("utf-8")
    assert text == dump(compile_spec(spec, profiles)[0])
    assert dump(load(text, name)) == text


def test_no_plan_is_left_over():
    assert {path.name for path in (ROOT / "generated").glob("*.json")} == {name for _, _, name in plans()}


def validator(name: str) -> Draft202012Validator:
    schema = SCHEMAS[name]()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_the_schema_accepts_what_ships(spec):
    validator("spec").validate(tomllib.loads((ROOT / spec).read_text("utf-8")))


@pytest.mark.parametrize("path", sorted((ROOT / "generated").glob("*.plan.json")), ids=lambda path: path.name)
def test_the_schema_accepts_every_plan(path):
    record = json.loads(path.read_text("utf-8"))
    del record["digest"], record["stage_digests"]
    validator("plan").validate(record)


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("", "unknown", 1),
        ("", "seed", "42"),
        ("", "seed", -1),
        ("", "specc", 2),
        ("", "name", "a b"),
        ("", "name", None),
        ("data", "source", "excel"),
        ("data", "num_worker", 2),
        ("defaults", "batch_size", 0),
        ("defaults", "loss", 5),
        ("defaults", "precision", "bf61"),
        ("model", "heads", []),
        ("evaluate", "metrics", "top1(digit)"),
    ],
)
def test_the_schema_refuses_a_wrong_structure(table, key, value):
    spec: dict[str, Any] = tomllib.loads((ROOT / "specs" / "quickstart.toml").read_text("utf-8"))
    place = spec[table] if table else spec
    if value is None:
        del place[key]
    else:
        place[key] = value
    assert not validator("spec").is_valid(spec)


def test_the_schema_refuses_a_stage_without_a_name():
    spec = tomllib.loads((ROOT / "specs" / "quickstart.toml").read_text("utf-8"))
    del spec["stages"][0]["name"]
    assert not validator("spec").is_valid(spec)
