"""One merge rule, for `extends`, for profiles and for `--set`.

What is laid over wins. A table over a table merges key by key. A table over an array of named tables merges into the
items of those names, so that a profile can say `stages.joint.epochs = 2`. Anything else replaces what was there; an
array replaces an array. A `data.source` of another kind takes away the keys that only the old kind has.
"""

from dataclasses import dataclass
from typing import Any

from specc.paths import KeyPath
from specc.source import Document, Origin
from specc.spec.data import SOURCE_KEYS

Origins = dict[KeyPath, Origin]


def lay_over(base: Document, over: Document) -> Document:
    """Return `base` with the values of `over` laid over it, origins included."""
    tree, origins = _merge(
        _Side(_without_foreign_keys(base, over), KeyPath(), base.origins), _Side(over.tree, KeyPath(), over.origins)
    )
    return Document(over.source, tree, origins)


def subtree(document: Document, path: KeyPath, by: str) -> Document:
    """Return the table at `path` as a document of its own, its origins saying `by`."""
    tree: Any = document.tree
    for part in path:
        tree = tree[part]
    origins = {
        KeyPath(place[len(path) :]): Origin(by, o.source, o.key, o.value, o.inside)
        for place, o in document.origins.items()
        if place[: len(path)] == path and len(place) > len(path)
    }
    return Document(document.source, tree, origins)


def _without_foreign_keys(base: Document, over: Document) -> dict[str, Any]:
    old, new = (_source_of(document.tree) for document in (base, over))
    if old is None or new is None or old == new:
        return base.tree
    gone = SOURCE_KEYS.get(old, frozenset()) - SOURCE_KEYS.get(new, frozenset())
    data = {key: value for key, value in base.tree["data"].items() if key not in gone}
    return {**base.tree, "data": data}


def _source_of(tree: dict[str, Any]) -> str | None:
    data = tree.get("data")
    source = data.get("source") if isinstance(data, dict) else None
    return source if isinstance(source, str) else None


@dataclass(frozen=True)
class _Side:
    """A value, where it stands, and the origins of everything in its tree."""

    value: Any
    path: KeyPath
    origins: Origins

    def child(self, key: str | int) -> "_Side":
        return _Side(self.value[key], self.path.child(key), self.origins)

    @property
    def origin(self) -> Origins:
        return {self.path: self.origins[self.path]} if self.path in self.origins else {}

    def moved_origin(self, path: KeyPath) -> Origins:
        """Return the value's own origin as it is when it stands at `path`."""
        return dict.fromkeys([path], self.origins[self.path]) if self.path in self.origins else {}

    def moved_to(self, path: KeyPath) -> Origins:
        """Return the origins of the value and of all below it as they are when it stands at `path`."""
        size = len(self.path)
        return {KeyPath((*path, *p[size:])): o for p, o in self.origins.items() if p[:size] == self.path}


def _merge(base: _Side, over: _Side) -> tuple[Any, Origins]:
    """Merge two values; the result stands where the base stood."""
    if isinstance(base.value, dict) and isinstance(over.value, dict):
        return _merge_tables(base, over)
    if isinstance(over.value, dict) and _named(base.value):
        return _merge_items(base, over)
    return over.value, over.moved_to(base.path)


def _merge_tables(base: _Side, over: _Side) -> tuple[dict[str, Any], Origins]:
    tree: dict[str, Any] = {}
    origins = over.moved_origin(base.path) or base.origin
    for key in [*base.value, *(key for key in over.value if key not in base.value)]:
        here = base.path.child(key)
        if key not in over.value:
            tree[key], below = base.value[key], base.child(key).moved_to(here)
        elif key not in base.value:
            tree[key], below = over.value[key], over.child(key).moved_to(here)
        else:
            tree[key], below = _merge(base.child(key), over.child(key))
        origins |= below
    return tree, origins


def _merge_items(base: _Side, over: _Side) -> tuple[list[Any], Origins]:
    items: list[Any] = []
    origins = dict(base.origin)
    names = [item["name"] for item in base.value]
    for index, name in enumerate(names):
        side = base.child(index)
        merged, below = _merge(side, over.child(name)) if name in over.value else (side.value, side.moved_to(side.path))
        items.append(merged)
        origins |= below
    for name in (name for name in over.value if name not in names):
        value = over.value[name]
        origins |= over.child(name).moved_to(base.path.child(len(items)))
        items.append({"name": name, **value} if isinstance(value, dict) else value)
    return items, origins


def _named(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in value)
    )
