"""From the JSON Schema that pydantic makes of the models to the one by which an editor checks a file."""

from collections.abc import Iterable
from typing import Any

Schema = dict[str, Any]


def for_files(made: Schema, parts: Iterable[str]) -> Schema:
    """Return the schema of a file: it may extend another one, and hold profiles, which may change `parts`.

    What comes from elsewhere can be changed key by key, so a profile requires nothing, and stages can be addressed by
    their names. Only a file that extends nothing must have everything.
    """
    schema: Schema = _tidy(made)
    keys, tables = schema["properties"], schema["$defs"]
    stage = keys["stages"]["items"]
    keys["stages"] = {
        "description": keys["stages"]["description"],
        "anyOf": [{"type": "array"}, {"type": "object"}],
        "items": stage,
        "minItems": 1,
        "additionalProperties": _changes(stage, tables),
    }
    changes = {key: keys[key] if key == "stages" else _changes(keys[key], tables) for key in parts}
    profile = {"type": "object", "properties": changes, "additionalProperties": False}
    keys["profiles"]["patternProperties"] = dict.fromkeys(keys["profiles"]["patternProperties"], profile)
    needed = {"properties": {"data": {"required": tables["Data"]["required"]}}, "required": ["data", "model", "stages"]}
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


def _changes(schema: Any, tables: Schema) -> Any:
    """Return what may be laid over a value: the same keys, none of them required.

    >>> tables = {"Head": {"properties": {"kind": {}}}, "Stage": {"properties": {"name": {}}, "required": ["name"]}}
    >>> _changes({"$ref": "#/$defs/Head"}, tables), _changes({"$ref": "#/$defs/Stage"}, tables)
    ({'$ref': '#/$defs/Head'}, {'properties': {'name': {}}})
    """
    if isinstance(schema, list):
        return [_changes(item, tables) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" not in schema:
        return {key: _changes(value, tables) for key, value in schema.items() if key != "required"}
    table = tables[schema["$ref"].rsplit("/", 1)[1]]
    loose = _changes(table, tables)
    return schema if loose == table else {**loose, **{key: value for key, value in schema.items() if key != "$ref"}}
