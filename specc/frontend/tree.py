"""A tree that is built value by value, with the origin of each, and in which nothing is set twice."""

from typing import Any

from specc.frontend.faults import MAX_DEPTH, MAX_KEYS, MAX_PATHS, Fault, FaultError, fault
from specc.frontend.values import Value
from specc.paths import KeyPath
from specc.source import Origin, Source, Span


class TreeBuilder:
    """The tree of one text, so far."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.tree: dict[str, Any] = {}
        self.origins: dict[KeyPath, Origin] = {}
        self.blocks: set[KeyPath] = set()
        self.keys = 0

    def at(self, path: KeyPath) -> Any:
        """Return the value at `path`, which there is."""
        found: Any = self.tree
        for part in path:
            found = found[part]
        return found

    def put(self, path: KeyPath, key: Span | None, value: Value) -> None:
        """Set the value at `path`, for the first time."""
        first = self.origins.get(path)
        if first is not None:
            raise _conflict("key-twice", path, key or value.span, first)
        holder = self.at(path.parent)
        self._remember(path, key, value)
        if isinstance(holder, list):
            holder.append(value.data)
        else:
            holder[str(path[-1])] = value.data

    def table(self, path: KeyPath, key: Span) -> None:
        """Make sure that there is a table at `path`."""
        if path not in self.origins:
            self.put(path, key, Value({}, key))
        elif not isinstance(self.at(path), dict):
            raise self._other_kind(path, key)

    def block(self, path: KeyPath, key: Span, span: Span) -> None:
        """Begin the block of the table at `path`, its only one."""
        if path in self.blocks:
            raise _conflict("table-twice", path, key, self.origins[path])
        if path not in self.origins:
            self.put(path, key, Value({}, span))
        self.table(path, key)
        self.blocks.add(path)

    def entry(self, path: KeyPath, key: Span | None, value: Value) -> KeyPath:
        """Add an entry to the list at `path`, which there is from now on; return the entry's path."""
        place = key or value.span
        if path not in self.origins:
            self.put(path, key, Value([], place))
        holder = self.at(path)
        if not isinstance(holder, list):
            raise self._other_kind(path, place)
        here = path.child(len(holder))
        self.put(here, key, value)
        return here

    def _other_kind(self, path: KeyPath, span: Span) -> FaultError:
        found = self.at(path)
        kind = "is-table" if isinstance(found, dict) else "is-list" if isinstance(found, list) else "no-table"
        return _conflict(kind, path, span, self.origins[path])

    def _remember(self, path: KeyPath, key: Span | None, value: Value) -> None:
        self.keys += key is not None
        if len(path) > MAX_DEPTH:
            raise fault("too-deep", value.span.start, value.span.end)
        if self.keys > MAX_KEYS or len(self.origins) >= MAX_PATHS:
            kind = "too-many-keys" if self.keys > MAX_KEYS else "too-many-items"
            raise fault(kind, value.span.start, value.span.end)
        self.origins[path] = Origin("file", self.source, key, value.span, value.inside)
        for part, inner in value.parts:
            self._remember(path.child(part), None, inner)


def _conflict(kind: str, path: KeyPath, span: Span, first: Origin) -> FaultError:
    text = str(path[-1] if kind == "key-twice" else path)
    return FaultError(Fault(kind, span, text, first.key or first.value))
