"""From the JSON Schema that pydantic makes of the models to the one by which an editor checks a file."""

from collections.abc import Iterable
from typing import Any

Schema = dict[str, Any]


def for_files(made: Schema, parts: Iterable[str]) -> Schema:
    """Return the schema of a file: it may extend another one, and hold profiles, which may change `parts`.

    What comes from elsewhere can be changed key by key, and stages can be addressed by their names. What only a file
    that extends nothing must have is said in `then`.
    """
    schema: Schema = _tidy(made)
    keys, tables = schema["properties"], schema["$defs"]
    stage, needed = keys["stages"]["items"], _needed(schema, tables)
    keys["stages"] = {
        "description": keys["stages"]["description"],
        "anyOf": [{"type": "array"}, {"type": "object"}],
        "items": stage,
        "minItems": 1,
        "additionalProperties": {word: value for word, value in tables[_name(stage)].items() if word != "required"},
    }
    profile = {"type": "object", "properties": {key: keys[key] for key in parts}, "additionalProperties": False}
    keys["profiles"]["patternProperties"] = dict.fromkeys(keys["profiles"]["patternProperties"], profile)
    return {**schema, "if": {"not": {"required": ["extends"]}}, "then": needed}


def _tidy(schema: Any) -> Any:
    """Leave out what TOML cannot say, null, and refuse names that match no pattern.

    >>> _tidy({"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None, "description": "Passes."})
    {'type': 'integer', 'description': 'Passes.'}
    """
    if isinstance(schema, list):
        return [_tidy(item) for item in schema if item != {"type": "null"}]
    if not isinstance(schema, dict):
        return schema
    tidy = {key: _tidy(value) for key, value in schema.items() if key != "default" or _is_plain(value)}
    if "patternProperties" in tidy:
        tidy["additionalProperties"] = False
    if len(tidy.get("anyOf", ())) == 1:
        (only,) = tidy.pop("anyOf")
        return {**only, **tidy}
    return tidy


def _is_plain(default: Any) -> bool:
    return default is not None and not isinstance(default, dict)


def _needed(schema: Schema, tables: Schema) -> Schema:
    """Return the keys that a table, and those below it, cannot be without.

    >>> tables = {"Data": {"properties": {"source": {}}, "required": ["source"]}}
    >>> _needed({"properties": {"data": {"$ref": "#/$defs/Data"}, "seed": {}}}, tables)
    {'properties': {'data': {'required': ['source']}}}
    """
    table = tables[_name(schema)] if "$ref" in schema else schema
    keys = {key: needed for key, value in table.get("properties", {}).items() if (needed := _needed(value, tables))}
    names = [needed for value in table.get("patternProperties", {}).values() if (needed := _needed(value, tables))]
    found = {"required": table.get("required"), "properties": keys, "additionalProperties": names[0] if names else None}
    return {word: value for word, value in found.items() if value}


def _name(reference: Schema) -> str:
    return str(reference["$ref"].rsplit("/", 1)[1])
