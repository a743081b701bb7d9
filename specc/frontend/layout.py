"""How a document is laid out, whatever the notation: one layout a tree, so that converting there and back is safe.

In every table, values come before sections. A section is a top-level table, a stage, a profile, one of the groups of
named entries, and any table that does not fit on a line. In a profile, tables are flattened into dotted keys.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from specc.errors import InputError
from specc.frontend.comments import Remark, Remarks, read_remarks, squeezed
from specc.frontend.expression_layout import spaced
from specc.paths import KeyPath, value_at
from specc.source import Document
from specc.spec.shape import expression_at

WIDTH: Final = 120
"""Columns of a line."""

GROUPS: Final = (("data", "labels"), ("data", "input"), ("model", "heads"))
"""Tables of named entries, which the .specc notation writes as one line or block an entry."""

REPEATED: Final = (("evaluate", "metrics"), ("evaluate", "expect"), ("defaults", "expect"))
"""Lists that the .specc notation writes as one line an entry; so is the `expect` of a stage."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_NUMBER = re.compile(r"[+-]?[0-9][0-9_]*(?:\.[0-9_]+)?(?:[eE][+-]?[0-9_]+)?")


@dataclass
class Layout:
    """A tree, how its numbers were written, and what was remarked on its values."""

    tree: dict[str, Any]
    numbers: dict[KeyPath, str]
    remarks: Remarks

    def value(self, path: KeyPath) -> Any:
        """Return the value at a path, with expressions spaced as they should be."""
        value = value_at(self.tree, path)
        kind = (
            expression_at(KeyPath(path[2:] if path[:1] == ("profiles",) else path)) if isinstance(value, str) else None
        )
        return spaced(kind, value) if kind else value

    def remark(self, path: KeyPath) -> Remark:
        """Return what is remarked on a path."""
        return self.remarks.get(path, Remark())

    def is_remarked(self, path: KeyPath) -> bool:
        """Say whether anything below a path is remarked on."""
        return any(len(found) > len(path) and found[: len(path)] == path for found in self.remarks)

    def parts(self, path: KeyPath) -> tuple[list[KeyPath], list[KeyPath]]:
        """Return the paths of a table's values and of its sections, in their order."""
        children = list(self.children(path))
        sections = [child for child in children if self.is_section(child)]
        return [child for child in children if child not in sections], sections

    def children(self, path: KeyPath) -> Iterator[KeyPath]:
        """Yield the paths of a table's entries; in a profile, of all that it sets."""
        for key, value in value_at(self.tree, path).items() if path else self.tree.items():
            child = path.child(key)
            if path[:1] == ("profiles",) and len(path) > 1 and isinstance(value, dict) and value:
                yield from self.children(child)
            else:
                yield child

    def is_section(self, path: KeyPath) -> bool:
        """Say whether a value is written as a section of its own."""
        value = value_at(self.tree, path)
        inner = tuple(path[2:] if path[:1] == ("profiles",) else path)
        if isinstance(value, list):
            return inner == ("stages",) and bool(value) and all(isinstance(item, dict) for item in value)
        if not isinstance(value, dict) or (path[:1] == ("profiles",) and len(path) > 2):
            return False
        if len(path) == 1 or path[:1] == ("profiles",) or self.is_dissolved(path):
            return True
        if tuple(path.parent) in GROUPS and self.is_dissolved(path.parent):
            # The entries of a group keep their order, so all of them are sections when one must be.
            return any(self._needs_section(path.parent.child(key)) for key in value_at(self.tree, path.parent))
        return self._needs_section(path)

    def _needs_section(self, path: KeyPath) -> bool:
        """Say whether a table has too much in it for one line."""
        is_long = len(f"{key_text(path[-1])} = {self.inline(path)}") > WIDTH
        return is_long or self.is_remarked(path) or bool(self.remark(path).end)

    def is_repeated(self, path: KeyPath) -> bool:
        """Say whether a list is written as one line an entry in the .specc notation."""
        value = value_at(self.tree, path)
        inner = path[2:] if path[:1] == ("profiles",) else path
        is_known = tuple(inner) in REPEATED or (len(inner) == 3 and inner[0] == "stages" and inner[2] == "expect")
        return is_known and isinstance(value, list) and bool(value) and not any(map(_is_container, value))

    def is_dissolved(self, path: KeyPath) -> bool:
        """Say whether a table or list has no line of its own in one of the notations: its entries stand for it."""
        value = value_at(self.tree, path) if path else None
        if isinstance(value, list):
            return self.is_repeated(path) or self.is_section(path)
        if not isinstance(value, dict) or not value:
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
        value = value_at(self.tree, path)
        return quoted_lines(value) if isinstance(value, str) and "\n" in value else self.inline(path)

    def scalar(self, path: KeyPath) -> str:
        """Return a number or a flag as both notations write it."""
        value = value_at(self.tree, path)
        if isinstance(value, bool):
            return str(value).lower()
        if path in self.numbers:
            return self.numbers[path]
        if isinstance(value, int | float) and math.isfinite(value):
            return str(value)
        raise InputError(f"`{value}` has no place in a spec", help="write a finite number, or a date in quotes")


def lay_out(document: Document) -> Layout:
    """Return the layout of a document that was read from one text."""
    numbers = {}
    for path, origin in document.origins.items():
        if origin.value and origin.source and isinstance(value_at(document.tree, path), int | float):
            text = origin.source.text[origin.value.start : origin.value.end]
            if _NUMBER.fullmatch(text):
                numbers[path] = text
    layout = Layout(document.tree, numbers, read_remarks(document))
    _settle(layout)
    return layout


def header_keys(layout: Layout, path: KeyPath) -> list[str]:
    """Return the keys of a table that the .specc notation writes in the line that opens its block."""
    table = value_at(layout.tree, path)
    keys = [str(child[-1]) for child in layout.parts(path)[0]] if isinstance(table, dict) else []
    if tuple(path) == ("data",) and keys[:1] == ["source"]:
        return _plain(layout, path, keys[:1] if _is_word(table["source"]) else [])
    if tuple(path) == ("model",):
        is_word = _is_word(table.get("backbone"))
        wanted = (["backbone"] if is_word else []) + (["pretrained"] if table.get("pretrained") is True else [])
        return _plain(layout, path, wanted if keys[: len(wanted)] == wanted else [])
    if path and isinstance(path[-1], int) and keys[:1] == ["name"] and _is_line(table["name"]):
        durations = [key for key in keys[1:2] if key in ("epochs", "steps") and type(table[key]) is int]
        return ["name", *_plain(layout, path, durations)]
    return []


def _is_container(value: Any) -> bool:
    return isinstance(value, dict | list)


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and "\n" not in value


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and value != "pretrained" and _WORD.fullmatch(value) is not None


def _plain(layout: Layout, path: KeyPath, keys: list[str]) -> list[str]:
    """Return the keys if nothing is remarked on their values."""
    return [] if any(_says(layout.remark(path.child(key))) for key in keys) else keys


def _says(remark: Remark) -> bool:
    return bool(remark.behind or remark.end or any(remark.before))


def _settle(layout: Layout) -> None:
    """Move each remark to the one place where both notations can have it."""
    for path in list(layout.remarks):
        if (home := _home(layout, path)) != path:
            _move(layout, path, home)
    for path in sorted(layout.remarks, key=len):
        if path in layout.remarks:
            _settle_one(layout, path)
    for path in list(layout.remarks):
        _trim(layout, path)


def _home(layout: Layout, path: KeyPath) -> KeyPath:
    """Return the path itself, or the table inside a list that it is a part of: such a table stands on one line."""
    for size in range(2, len(path)):
        if isinstance(path[size - 1], int) and isinstance(path[size], str) and path[size - 2] != "stages":
            return KeyPath(path[:size])
    return path


def _settle_one(layout: Layout, path: KeyPath) -> None:
    value, remark = value_at(layout.tree, path) if path else layout.tree, layout.remarks[path]
    if len(path) == 3 and path[0] == "stages" and path[2] == "name":
        _move(layout, path, path.parent)
    elif layout.is_dissolved(path):
        first = path.child(next(iter(value)) if isinstance(value, dict) else 0)
        last = path.child(list(value)[-1] if isinstance(value, dict) else len(value) - 1)
        before = (*remark.before, *((remark.behind,) if remark.behind else ()))
        layout.remarks[path] = Remark(end=() if layout.is_repeated(path) else remark.end)
        _prepend(layout, first, before)
        if first in layout.remarks:
            _settle_one(layout, first)
        if layout.is_repeated(path):
            _prepend(layout, last, remark.end)
    if path and remark.end and isinstance(value, dict):
        _lower_end(layout, path)


def _move(layout: Layout, path: KeyPath, target: KeyPath) -> None:
    remark, old = layout.remarks.pop(path), layout.remark(target)
    spare = (remark.behind,) if remark.behind and old.behind else ()
    before = squeezed((*old.before, *filter(None, (*remark.before, *remark.end)), *spare))
    layout.remarks[target] = replace(old, before=before, behind=old.behind or remark.behind)


def _prepend(layout: Layout, path: KeyPath, lines: tuple[str, ...]) -> None:
    if lines:
        old = layout.remark(path)
        layout.remarks[path] = replace(old, before=squeezed((*lines, *old.before)))


def _lower_end(layout: Layout, path: KeyPath) -> None:
    """Move what ends a table to the end of its last section, where it will be found again."""
    values, sections = layout.parts(path)
    target = sections[-1] if sections else values[-1] if layout.is_dissolved(path) and values else None
    if target is None:
        return
    remark = layout.remarks[path]
    layout.remarks[path] = replace(remark, end=())
    value = value_at(layout.tree, target)
    if isinstance(value, dict | list) and target != ("stages",):
        old = layout.remark(target)
        layout.remarks[target] = replace(old, end=squeezed((*old.end, *remark.end)))
        if isinstance(value, dict):
            _lower_end(layout, target)
    else:
        _prepend(layout, target, remark.end)


def _trim(layout: Layout, path: KeyPath) -> None:
    """Drop the gaps that the layout makes by itself, or does not make."""
    remark = layout.remarks[path]
    before, end = list(remark.before), list(remark.end)
    while before and not before[0] and not _may_part(layout, path):
        before.pop(0)
    if not path or (isinstance(path[-1], int) and path[:1] != ("stages",)):
        before = [line for line in before if line]
    if path:
        end = [line for line in end if line]
    while end and not end[0]:
        end.pop(0)
    while end and not end[-1]:
        end.pop()
    if any((before, remark.behind, end)):
        layout.remarks[path] = Remark(tuple(before), remark.behind, tuple(end))
    else:
        del layout.remarks[path]


def _may_part(layout: Layout, path: KeyPath) -> bool:
    """Say whether a gap may stand above a value: not above sections, entries of lists, and the first of a block."""
    if not path or isinstance(path[-1], int) or path.parent == ("augment",) or layout.is_section(path):
        return False
    siblings, _ = layout.parts(path.parent)
    headed = [path.parent.child(key) for key in header_keys(layout, path.parent)]
    first = next((sibling for sibling in siblings if sibling not in headed), None)
    return path != first and path not in headed


def key_text(key: str | int) -> str:
    """Return a key as both notations write it.

    >>> key_text("lr"), key_text("leaf blight")
    ('lr', '"leaf blight"')
    """
    text = str(key)
    return text if _BARE_KEY.fullmatch(text) else quoted(text)


def quoted(text: str) -> str:
    r"""Return a text in quotes on one line, as both notations read it.

    >>> print(quoted('a "b"'), quoted("two\nlines"))
    'a "b"' "two\nlines"
    """
    plain = all(c.isprintable() or c == "\t" for c in text)
    if plain and not {'"', "\\"} & set(text):
        return f'"{text}"'
    if plain and "'" not in text:
        return f"'{text}'"
    return '"' + "".join(_ESCAPES.get(c) or _escaped(c) for c in text) + '"'


def quoted_lines(text: str) -> str:
    """Return a text in quotes on lines of its own, as both notations read it."""
    lines = "".join("\n" if c == "\n" else _ESCAPES.get(c) or _escaped(c) for c in text)
    return f'"""\n{lines}"""'


_ESCAPES: Final = {"\n": "\\n", "\t": "\t", "\r": "\\r", "\\": "\\\\", '"': '\\"'}


def _escaped(character: str) -> str:
    code = ord(character)
    if character.isprintable():
        return character
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
