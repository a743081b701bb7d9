"""How a document is laid out, whatever the notation: one layout a tree, so that converting there and back is safe.

In every table, values come before sections. A section is a top-level table, a stage, a profile, one of the groups of
named entries, and any table that does not fit on a line. In a profile, tables are flattened into dotted keys.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from specc.errors import InputError
from specc.frontend.comments import Remarks
from specc.frontend.expression_layout import spaced
from specc.frontend.quoting import key_text, quoted, quoted_lines
from specc.paths import KeyPath, value_at
from specc.spec.shape import expression_at

WIDTH: Final = 120
"""Columns of a line."""

GROUPS: Final = (("data", "labels"), ("data", "input"), ("model", "heads"))
"""Tables of named entries, which the .specc notation writes as one line or block an entry."""

REPEATED: Final = (("evaluate", "metrics"), ("evaluate", "expect"), ("defaults", "expect"))
"""Lists that the .specc notation writes as one line an entry; so is the `expect` of a stage."""

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass
class Layout:
    """A tree, how its numbers were written, and what was remarked on its values."""

    tree: dict[str, Any]
    numbers: dict[KeyPath, str]
    remarks: Remarks
    _long: dict[KeyPath, bool] = field(default_factory=dict)
    _dissolved: dict[KeyPath, bool] = field(default_factory=dict)
    _stages: dict[KeyPath, bool] = field(default_factory=dict)

    def at(self, path: KeyPath) -> Any:
        """Return the value at a path as it was written."""
        return value_at(self.tree, path)

    def value(self, path: KeyPath) -> Any:
        """Return the value at a path, with expressions spaced as they should be."""
        value = self.at(path)
        kind = expression_at(inner(path)) if isinstance(value, str) else None
        return spaced(kind, value) if kind else value

    def parts(self, path: KeyPath) -> tuple[list[KeyPath], list[KeyPath]]:
        """Return the paths of a table's values and of its sections, in their order."""
        values: list[KeyPath] = []
        sections: list[KeyPath] = []
        for child in self.children(path):
            (sections if self.is_section(child) else values).append(child)
        return values, sections

    def children(self, path: KeyPath) -> Iterator[KeyPath]:
        """Yield the paths of a table's entries; in a profile, of all that it sets."""
        for key, value in self.at(path).items():
            child = path.child(key)
            if path[:1] == ("profiles",) and len(path) > 1 and isinstance(value, dict) and value:
                yield from self.children(child)
            else:
                yield child

    def is_section(self, path: KeyPath) -> bool:
        """Say whether a value is written as a section of its own."""
        value, group = self.at(path), path.parent
        if isinstance(value, list):
            return self._has_stages(path)
        if not isinstance(value, dict) or (path[:1] == ("profiles",) and len(path) > 2):
            return False
        if len(path) == 1 or path[:1] == ("profiles",) or self.is_dissolved(path):
            return True
        if tuple(group) in GROUPS and self.is_dissolved(group):
            # The entries of a group keep their order, so all of them are sections when one must be.
            return self._has_long_entry(group) or self.remarks.inside_entries(group) > 0
        return self._is_long(path) or self.remarks.inside(path) > 0

    def _has_stages(self, path: KeyPath) -> bool:
        if path not in self._stages:
            tables = [isinstance(item, dict) for item in self.at(path)]
            self._stages[path] = inner(path) == ("stages",) and bool(tables) and all(tables)
        return self._stages[path]

    def _is_long(self, path: KeyPath) -> bool:
        return len(f"{key_text(path[-1])} = {self.inline(path)}") > WIDTH

    def _has_long_entry(self, group: KeyPath) -> bool:
        if group not in self._long:
            self._long[group] = any(self._is_long(group.child(key)) for key in self.at(group))
        return self._long[group]

    def is_repeated(self, path: KeyPath) -> bool:
        """Say whether a list is written as one line an entry in the .specc notation."""
        value, known = self.at(path), inner(path)
        is_known = known in REPEATED or (len(known) == 3 and known[0] == "stages" and known[2] == "expect")
        is_list = is_known and isinstance(value, list) and bool(value)
        return is_list and not any(isinstance(item, dict | list) for item in value)

    def is_parted(self, path: KeyPath) -> bool:
        """Say whether a list has a line for each entry, because something is remarked inside it."""
        return isinstance(self.at(path), list) and self.remarks.inside(path) > 0

    def is_dissolved(self, path: KeyPath) -> bool:
        """Say whether a table or list has no line of its own in one of the notations: its entries stand for it."""
        if path not in self._dissolved:
            self._dissolved[path] = self._dissolves(path)
        return self._dissolved[path]

    def _dissolves(self, path: KeyPath) -> bool:
        value = self.at(path)
        if isinstance(value, list):
            return self.is_repeated(path) or self.is_section(path)
        if not path or not isinstance(value, dict) or not value:
            return False
        tables = [isinstance(entry, dict) for entry in value.values()]
        if path[:1] == ("profiles",):
            return (len(path) > 2 and isinstance(path[-1], str)) or (len(path) == 1 and all(tables))
        return (tuple(path) in GROUPS and all(tables)) or (tuple(path) == ("augment",) and not any(tables))

    def inline(self, path: KeyPath) -> str:
        """Return a value as TOML writes it on one line."""
        value = self.value(path)
        if isinstance(value, dict):
            entries = ", ".join(f"{key_text(key)} = {self.inline(path.child(key))}" for key in value)
            return f"{{ {entries} }}" if entries else "{}"
        if isinstance(value, list):
            return f"[{', '.join(self.inline(path.child(index)) for index in range(len(value)))}]"
        return quoted(value) if isinstance(value, str) else self.scalar(path)

    def statement(self, path: KeyPath) -> str:
        """Return the value of a line of its own: as `inline` does, but a text of several lines keeps them."""
        value = self.at(path)
        return quoted_lines(value) if isinstance(value, str) and "\n" in value else self.inline(path)

    def scalar(self, path: KeyPath) -> str:
        """Return a number or a flag as both notations write it.

        Raises: InputError for what only TOML can write.
        """
        value = self.at(path)
        if isinstance(value, bool):
            return str(value).lower()
        if path in self.numbers:
            return self.numbers[path]
        if isinstance(value, int | float) and math.isfinite(value):
            return str(value)
        raise InputError(f"`{value}` has no place in a spec", help="write a finite number, or a date in quotes")


def inner(path: KeyPath) -> KeyPath:
    """Return a path as it is inside its profile, if it is in one.

    >>> inner(KeyPath.parse("profiles.debug.data.limit"))
    KeyPath('data.limit')
    """
    return KeyPath(path[2:]) if path[:1] == ("profiles",) else path


def header_keys(layout: Layout, path: KeyPath) -> list[str]:
    """Return the keys of a table that the .specc notation writes in the line that opens its block."""
    table = layout.at(path)
    keys = [str(child[-1]) for child in layout.parts(path)[0]] if isinstance(table, dict) else []
    if tuple(path) == ("data",) and keys[:1] == ["source"]:
        return _unremarked(layout, path, keys[:1] if _is_word(table["source"]) else [])
    if tuple(path) == ("model",):
        is_word = _is_word(table.get("backbone"))
        wanted = (["backbone"] if is_word else []) + (["pretrained"] if table.get("pretrained") is True else [])
        return _unremarked(layout, path, wanted if keys[: len(wanted)] == wanted else [])
    if path and isinstance(path[-1], int) and keys[:1] == ["name"] and _is_line(table["name"]):
        durations = [key for key in keys[1:2] if key in ("epochs", "steps") and type(table[key]) is int]
        return ["name", *_unremarked(layout, path, durations)]
    return []


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and "\n" not in value


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and value != "pretrained" and _WORD.fullmatch(value) is not None


def _unremarked(layout: Layout, path: KeyPath, keys: list[str]) -> list[str]:
    """Return the keys if nothing but gaps is remarked on their values."""
    remarks = [layout.remarks[path.child(key)] for key in keys]
    return [] if any(remark.behind or remark.end or any(remark.before) for remark in remarks) else keys
