"""The JSON Schemas: what they accept, and what an editor refuses by them before specc is ever run."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from specc.compiler.schema import SCHEMAS

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
SHIPPED = sorted([*(ROOT / "specs").glob("*.toml"), *(ROOT / "tests" / "specs").glob("*.toml")])
EXAMPLES = sorted([*(SHARED / "examples").glob("*.toml"), *(SHARED / "mistakes").glob("_base_*.toml")])
beside = pytest.mark.skipif(not SHARED.is_dir(), reason="the examples and the mistakes lie beside the repository")

SEEN = {
    "foreign-spelling": "$.stages[0]",
    "loss-name-typo": "$.stages[5].loss",
    "optimizer-argument-typo": "$.defaults.optimizer",
    "profile-unknown-key": "$.profiles.debug.data",
    "stage-key-typo": "$.stages[0]",
    "unbalanced-expression": "$.stages[1].lr",
    "unknown-precision": "$.defaults.precision",
    "unknown-table": "$",
    "zero-batch": "$.defaults.batch_size",
}
"""Mistakes that the schema refuses, and where."""

UNSEEN = {
    "a table of names that is no part of the file": {"backbone-typo"},
    "no TOML, which is refused before a schema is asked": {"duplicate-toml-key", "unterminated-string"},
    "two places that contradict each other": {
        "contrastive-without-views",
        "duplicate-stage-name",
        "fold-out-of-range",
        "gate-on-unknown-metric",
        "loss-on-unknown-head",
        "routed-by-unknown",
        "selector-typo",
        "stop-after-the-end",
        "trained-head-not-in-loss",
        "unknown-teacher",
        "warmup-longer-than-stage",
    },
    "the model's own parameters or input size": {"image-size-mismatch", "selector-matches-nothing"},
    "a number inside an expression": {
        "cosine-rises",
        "gate-without-percent",
        "label-smoothing-range",
        "unreachable-sampling-rule",
    },
}
"""Mistakes that no schema can see, by what it would have to know."""


def validator(name: str) -> Draft202012Validator:
    schema = SCHEMAS[name]()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.fixture(scope="module")
def spec_schema() -> Draft202012Validator:
    return validator("spec")


@pytest.fixture
def quickstart() -> dict[str, Any]:
    return tomllib.loads((ROOT / "specs" / "quickstart.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_of_2020_12_and_describes_every_key(name):
    schema = SCHEMAS[name]()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    tables = [schema, *schema["$defs"].values()] if name == "spec" else []
    assert [key for table in tables for key, field in table["properties"].items() if not field.get("description")] == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_what_ships_is_accepted(spec_schema, path):
    spec_schema.validate(tomllib.loads(path.read_text("utf-8")))


@beside
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_is_accepted(spec_schema, path):
    spec_schema.validate(tomllib.loads(path.read_text("utf-8")))


@pytest.mark.parametrize("path", sorted((ROOT / "generated").glob("*.plan.json")), ids=lambda path: path.name)
def test_every_plan_is_accepted(path):
    record = json.loads(path.read_text("utf-8"))
    del record["digest"], record["stage_digests"]
    validator("plan").validate(record)


@beside
@pytest.mark.parametrize(("name", "place"), SEEN.items(), ids=SEEN)
def test_a_mistake_is_refused_where_it_is(spec_schema, name, place):
    written = tomllib.loads((SHARED / "mistakes" / f"{name}.toml").read_text("utf-8"))
    assert [error.json_path for error in spec_schema.iter_errors(written)] == [place]


@beside
def test_every_mistake_is_seen_or_said_why_not(spec_schema):
    found = {path.stem for path in (SHARED / "mistakes").glob("[!_]*.toml")}
    unseen = set().union(*UNSEEN.values())
    assert found == SEEN.keys() | unseen
    for name in unseen - UNSEEN["no TOML, which is refused before a schema is asked"]:
        assert spec_schema.is_valid(tomllib.loads((SHARED / "mistakes" / f"{name}.toml").read_text("utf-8")))


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("", "unknown", 1),
        ("", "seed", "42"),
        ("", "seed", -1),
        ("", "specc", 2),
        ("", "specc", None),
        ("", "name", "a b"),
        ("", "name", None),
        ("", "data", None),
        ("", "stages", None),
        ("", "stages", []),
        ("data", "source", None),
        ("data", "source", "excel"),
        ("data", "num_worker", 2),
        ("data", "cache", {"limit": "1 GB"}),
        ("data", "input", {"word": {"as": "symbols"}}),
        ("data", "labels", {"leaf-spot": {}}),
        ("data", "split", "stratify(digit, val = 15%)"),
        ("defaults", "batch_size", 0),
        ("defaults", "loss", 5),
        ("defaults", "lr", "auto"),
        ("defaults", "precision", "bf61"),
        ("model", "heads", []),
        ("model", "heads", {"a b": {}}),
        ("", "privacy", {"noise_multiplier": 1.1}),
        ("evaluate", "metrics", "top1(digit)"),
        ("evaluate", "expect", ["top1(digit)"]),
        ("profiles", "quick", {"stages": {"finetune": {"epoch": 1}}}),
        ("profiles", "quick", {"data": {"limits": 9}}),
        ("profiles", "quick", {"profiles": {}}),
        ("profiles", "a b", {}),
    ],
)
def test_a_wrong_structure_is_refused(spec_schema, quickstart, table, key, value):
    place = quickstart[table] if table else quickstart
    if value is None:
        del place[key]
    else:
        place[key] = value
    assert not spec_schema.is_valid(quickstart)


def test_a_stage_without_a_name_is_refused(spec_schema, quickstart):
    del quickstart["stages"][0]["name"]
    assert not spec_schema.is_valid(quickstart)


@pytest.mark.parametrize(
    "changes",
    [
        {"data": {"limit": 9}},
        {"stages": {"finetune": {"epochs": 1}}},
        {"stages": [{"name": "only", "epochs": 1}]},
        {"privacy": {"noise_multiplier": 2.0}},
        {"data": {"input": {"word": {"as": "symbols"}}, "cache": {"limit": "1 GB"}}},
    ],
)
def test_a_profile_may_change_any_part(spec_schema, quickstart, changes):
    quickstart["profiles"]["quick"] = changes
    spec_schema.validate(quickstart)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"specc": 1},
        {"data": {"limit": 9, "input": {"word": {"as": "symbols"}}, "cache": {"limit": "1 GB"}}},
        {"stages": {"finetune": {"epochs": 1}}},
        {"privacy": {"noise_multiplier": 2.0}},
    ],
)
def test_a_file_that_extends_another_may_leave_out_what_that_one_says(spec_schema, changes):
    spec_schema.validate({"extends": "quickstart.toml", "name": "changed", **changes})


def test_a_file_that_extends_another_has_a_name_of_its_own(spec_schema):
    assert not spec_schema.is_valid({"extends": "quickstart.toml"})
