"""JSON Schemas (2020-12), made from the models."""

import json
from typing import Any

from specc.plan.model import Plan
from specc.spec.experiment import Written


def spec_schema() -> dict[str, Any]:
    """Return what a spec's file may hold."""
    schema = Written.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "specc training protocol"}


def plan_schema() -> dict[str, Any]:
    """Return what a compiled plan holds."""
    schema = Plan.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "specc plan"}


SCHEMAS = {"spec": spec_schema, "plan": plan_schema}


def schema_text(name: str) -> str:
    """Print a schema for its file."""
    return json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False) + "\n"
