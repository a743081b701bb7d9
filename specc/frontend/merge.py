"""One merge rule, for `extends`, for profiles and for `--set`.

What is laid over wins. A table over a table merges key by key. A table over an array of named tables merges into the
items of those names, so that a profile can say `stages.joint.epochs = 2`; only a whole stage adds one. Anything else
replaces what was there; an array replaces an array. Two rules take keys away: a `data.source` of another kind those
that only the old kind has, and a key those that it is an alternative to, as `epochs` of a stage to an earlier `steps`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from specc.paths import KeyPath
from specc.source import Document, Origin
from specc.spec.data import DATA_ALTERNATIVES, SOURCE_KEYS
from specc.spec.stages import ALTERNATIVES

_HERE: Final = KeyPath()


def lay_over(base: Document, over: Document) -> Document:
    """Return `base` with the values of `over` laid over it, origins included."""
    layers = _Layers(base, over)
    tree = layers.merge(_without_foreign_keys(base, over, layers), over.tree, _HERE, _HERE)
    return Document(over.source, tree, layers.origins)


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


def _without_foreign_keys(base: Document, over: Document, layers: "_Layers") -> dict[str, Any]:
    old, new = (_source_of(document.tree) for document in (base, over))
    if old is None or new is None or old == new:
        return base.tree
    foreign = SOURCE_KEYS.get(old, frozenset()) - SOURCE_KEYS.get(new, frozenset())
    data = dict(base.tree["data"])
    for key in foreign & data.keys():
        layers.drop(data.pop(key), KeyPath(("data", key)))
    return {**base.tree, "data": data}


def _source_of(tree: dict[str, Any]) -> str | None:
    data = tree.get("data")
    source = data.get("source") if isinstance(data, dict) else None
    return source if isinstance(source, str) else None


class _Layers:
    """A document that is laid over another, and the origins of both as they stand in the result."""

    def __init__(self, base: Document, over: Document) -> None:
        self.origins = dict(base.origins)
        self.over = over.origins

    def merge(self, old: Any, new: Any, here: KeyPath, there: KeyPath) -> Any:
        """Merge two values; the result stands where the old one stood, and `there` is where the new one is written."""
        if isinstance(old, dict) and isinstance(new, dict):
            return self._merge_tables(old, new, here, there)
        if isinstance(new, dict) and item_names(old):
            return self._merge_items(old, new, here, there)
        self.drop(old, here)
        self._move(_paths(new), here, there)
        return new

    def drop(self, value: Any, here: KeyPath) -> None:
        """Forget where a value of the base, and all below it, was written."""
        for path in _paths(value):
            self.origins.pop(KeyPath((*here, *path)), None)

    def _move(self, paths: Iterable[KeyPath], here: KeyPath, there: KeyPath) -> None:
        for path in paths:
            origin = self.over.get(KeyPath((*there, *path)))
            if origin:
                self.origins[KeyPath((*here, *path))] = origin

    def _merge_tables(self, old: dict[str, Any], new: dict[str, Any], here: KeyPath, there: KeyPath) -> dict[str, Any]:
        self._move([KeyPath()], here, there)
        kept = self._without_alternatives(old, new, here)
        merged = {key: self.merge(old.get(key), new[key], here.child(key), there.child(key)) for key in new}
        return {**kept, **merged}

    def _without_alternatives(self, old: dict[str, Any], new: dict[str, Any], here: KeyPath) -> dict[str, Any]:
        alternatives = _alternatives(here)
        gone = {other for key in new for other in alternatives.get(key, ())} & (old.keys() - new.keys())
        for key in gone:
            self.drop(old[key], here.child(key))
        return {key: value for key, value in old.items() if key not in gone}

    def _merge_items(self, old: list[Any], new: dict[str, Any], here: KeyPath, there: KeyPath) -> list[Any]:
        items, names = list(old), item_names(old)
        for index, name in enumerate(names):
            if name in new:
                items[index] = self.merge(old[index], new[name], here.child(index), there.child(name))
        for name in (name for name in new if name not in names and is_whole_stage(new[name])):
            value = self.merge(None, new[name], here.child(len(items)), there.child(name))
            items.append({"name": name, **value})
        return items


def is_whole_stage(value: Any) -> bool:
    """Say whether a table is a stage of its own, and no change to one: it has a length and a rate.

    >>> is_whole_stage({"epochs": 2, "lr": 1e-3}), is_whole_stage({"epochs": 2})
    (True, False)
    """
    return isinstance(value, dict) and "lr" in value and ("epochs" in value or "steps" in value)


def _alternatives(path: KeyPath) -> Mapping[str, tuple[str, ...]]:
    """Return what each key of a table, of the spec or of a profile, takes the place of.

    >>> _alternatives(KeyPath(("stages", 0)))["steps"], _alternatives(KeyPath(("profiles", "short", "data")))["path"]
    (('epochs',), ('train', 'val', 'test'))
    """
    inner = path[2:] if path[:1] == ("profiles",) else path
    if inner == ("data",):
        return DATA_ALTERNATIVES
    is_stage = inner == ("defaults",) or (inner[:1] == ("stages",) and len(inner) == 2)
    return {key: (other,) for key, other in ALTERNATIVES.items()} if is_stage else {}


def item_names(value: Any) -> list[str]:
    """Return the names of the items of an array of named tables; none for anything else.

    >>> item_names([{"name": "warmup"}, {"name": "joint"}]), item_names([1]), item_names({})
    (['warmup', 'joint'], [], [])
    """
    items = value if isinstance(value, list) else []
    names = [item["name"] for item in items if isinstance(item, dict) and isinstance(item.get("name"), str)]
    return names if len(names) == len(items) else []


def _paths(value: Any, path: KeyPath = _HERE) -> Iterator[KeyPath]:
    """Yield the path of a value and those of all below it.

    >>> [str(path) for path in _paths({"a": [1, {"b": 2}]})]
    ['', 'a', 'a[0]', 'a[1]', 'a[1].b']
    """
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, child in children:
        yield from _paths(child, path.child(part))
