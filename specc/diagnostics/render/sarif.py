"""Diagnostics as a SARIF log, which code scanning reads.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

import json
import os
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from specc.diagnostics.explanations import explanation, meaning
from specc.diagnostics.model import Diagnostic, Label
from specc.diagnostics.render.machine import corners, message
from specc.version import VERSION

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def as_sarif(diagnostics: Sequence[Diagnostic], *, colour: bool = False) -> str:
    """Render as a log of one run, with a rule for each code that is used."""
    codes = sorted({d.code for d in diagnostics})
    run = {
        "tool": {"driver": {"name": "specc", "version": VERSION, "rules": [_rule(code) for code in codes]}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(d, codes.index(d.code)) for d in diagnostics],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(code: str) -> dict[str, Any]:
    text, page = meaning(code), explanation(code)
    first_sentence = text.partition(". ")[0].removesuffix(".") + "."
    return {
        "id": code,
        "shortDescription": {"text": first_sentence},
        "fullDescription": {"text": text},
        "help": {"text": page, "markdown": page},
    }


def _result(d: Diagnostic, rule: int) -> dict[str, Any]:
    return {
        "ruleId": d.code,
        "ruleIndex": rule,
        "level": str(d.severity),
        "message": {"text": message(d)},
        "locations": [_location(label) for label in _in_files(d.labels[:1])],
        "relatedLocations": [
            {"id": number, **_location(label), "message": {"text": label.text}}
            for number, label in enumerate(_in_files(d.labels[1:]), 1)
        ],
    }


def _in_files(labels: Sequence[Label]) -> list[Label]:
    """Return the labels that have an address: a flag has none."""
    return [label for label in labels if label.place.source.is_file]


def _location(label: Label) -> dict[str, Any]:
    names = ("startLine", "startColumn", "endLine", "endColumn")
    region = dict(zip(names, corners(label.place), strict=True))
    return {"physicalLocation": {"artifactLocation": {"uri": uri(label.place.source.name)}, "region": region}}


def uri(name: str) -> str:
    """Return the reference to a file: relative where its name is.

    >>> uri("specs/my model.toml"), uri("specs/../a:b.toml"), uri("/data/x.toml")
    ('specs/my%20model.toml', 'a%3Ab.toml', 'file:///data/x.toml')
    """
    path = PurePath(os.path.normpath(name))
    return path.as_uri() if path.is_absolute() else quote(os.fsencode(path.as_posix()))
