"""JSON Schemas (2020-12), made from the models."""

import json
from typing import Any

from specc.plan.model import Plan
from specc.spec.experiment import Written


def spec_schema() -> dict[str, Any]:
    """Return what a spec's file may hold.

    A file that extends another may leave out what that one says, so nothing is required but its name, and that of a
    stage in a list.
    """
    schema = Written.model_json_schema()
    schema["required"] = ["name"]
    for name in schema["$defs"].keys() - {"Stage"}:
        schema["$defs"][name].pop("required", None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "specc training protocol"}


def plan_schema() -> dict[str, Any]:
    """Return what a compiled plan holds."""
    schema = Plan.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "specc plan"}


SCHEMAS = {"spec": spec_schema, "plan": plan_schema}


def schema_text(name: str) -> str:
    """Print a schema for its file."""
    return json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False) + "\n"
