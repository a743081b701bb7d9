"""Diagnostics as text for people, editors and machines."""

from collections.abc import Callable
from typing import Final

from specc.diagnostics.render.characters import printable, printable_lines
from specc.diagnostics.render.machine import as_github, as_json
from specc.diagnostics.render.people import LIMIT, concise, full
from specc.diagnostics.render.sarif import as_sarif

__all__ = ["FORMATS", "LIMIT", "as_github", "as_json", "as_sarif", "concise", "full", "printable", "printable_lines"]

FORMATS: Final[dict[str, Callable[..., str]]] = {
    "full": full,
    "concise": concise,
    "json": as_json,
    "github": as_github,
    "sarif": as_sarif,
}
"""Every format by its name. Where nothing is wrong, those for people are empty, and those for machines are valid."""
