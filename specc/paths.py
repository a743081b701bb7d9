"""One path type for errors, diffs, overrides and origins."""

import re
from typing import Any, Self

_BARE = re.compile(r"[^.\[\]\"]+")
_KEY = rf"(?:\"[^\"]*\"|{_BARE.pattern})"
_INDEX = r"\[\d+\]"
_PATH = re.compile(rf"(?:(?:{_KEY}|{_INDEX})(?:\.{_KEY}|{_INDEX})*)?")
_PART = re.compile(rf"\[(\d+)\]|\"([^\"]*)\"|({_BARE.pattern})")


class KeyPath(tuple[str | int, ...]):
    """A place in a tree of tables and arrays.

    >>> KeyPath.parse("stages.joint.lr")
    KeyPath('stages.joint.lr')
    >>> str(KeyPath(("augment", "train", 0)))
    'augment.train[0]'
    >>> KeyPath.parse("augment.train[0]") == ("augment", "train", 0)
    True
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read dotted text; `[3]` is an index, quotes protect dots.

        Raises: ValueError when the text is no path.
        """
        if not _PATH.fullmatch(text):
            raise ValueError(f"`{text}` is not a path")
        return cls(int(index) if index else quoted or bare for index, quoted, bare in _PART.findall(text))

    def __str__(self) -> str:
        text = ""
        for part in self:
            if isinstance(part, int):
                text += f"[{part}]"
            else:
                shown = part if _BARE.fullmatch(part) else f'"{part}"'
                text += f".{shown}" if text else shown
        return text

    def __repr__(self) -> str:
        return f"KeyPath({str(self)!r})"

    def child(self, part: str | int) -> Self:
        """Return the path one step further down."""
        return type(self)((*self, part))

    @property
    def parent(self) -> Self:
        """Return the path one step up; the root's parent is the root."""
        return type(self)(self[:-1])

    def name_items(self, tree: Any) -> str:
        """Render with array items called by their `name` where they have one.

        >>> KeyPath(("stages", 0, "lr")).name_items({"stages": [{"name": "joint", "lr": 1}]})
        'stages.joint.lr'
        """
        parts: list[str | int] = []
        for part in self:
            tree = _step(tree, part)
            name = tree.get("name") if isinstance(part, int) and isinstance(tree, dict) else None
            parts.append(name if isinstance(name, str) else part)
        return str(KeyPath(parts))

    def resolve(self, tree: Any) -> "KeyPath | None":
        """Find this path in `tree`, where an item of an array may be called by its `name`; None when absent.

        >>> KeyPath.parse("stages.joint.lr").resolve({"stages": [{"name": "joint", "lr": 1}]})
        KeyPath('stages[0].lr')
        """
        parts: list[str | int] = []
        for part in self:
            found = _index_of(tree, part) if isinstance(tree, list) else part
            if found is None or _step(tree, found) is None:
                return None
            tree = _step(tree, found)
            parts.append(found)
        return KeyPath(parts)


def _index_of(items: list[Any], part: str | int) -> int | None:
    if isinstance(part, int):
        return part
    names = [item.get("name") if isinstance(item, dict) else None for item in items]
    return names.index(part) if part in names else None


def _step(tree: Any, part: str | int) -> Any:
    if isinstance(tree, dict):
        return tree.get(part)
    if isinstance(tree, list) and isinstance(part, int) and part < len(tree):
        return tree[part]
    return None


def value_at(tree: Any, path: KeyPath) -> Any:
    """Return the value at `path`, or None when there is none."""
    for part in path:
        tree = _step(tree, part)
    return tree
