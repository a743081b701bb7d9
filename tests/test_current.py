"""What is generated and committed is current."""

import tomllib
from pathlib import Path

import pytest

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
