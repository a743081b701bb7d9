"""One merge rule, for `extends`, for profiles and for `--set`.

What is laid over wins. A table over a table merges key by key. A table over an array of named tables merges into the
items of those names, so that a profile can say `stages.joint.epochs = 2`. Anything else replaces what was there; an
array replaces an array. A `data.source` of another kind takes away the keys that only the old kind has.
"""

from typing import Any

from specc.paths import KeyPath
from specc.source import Document, Origin
from specc.spec.data import SOURCE_KEYS

Origins = dict[KeyPath, Origin]


def lay_over(base: Document, over: Document) -> Document:
    """Return `base` with the values of `over` laid over it, origins included."""
    tree, origins = _merge(
        _without_foreign_keys(base, over), over.tree, base.origins, over.origins, KeyPath(), KeyPath()
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


def _merge(  # noqa: PLR0913  (two trees, their origins, and where both stand)
    base: Any, over: Any, base_origins: Origins, over_origins: Origins, path: KeyPath, over_path: KeyPath
) -> tuple[Any, Origins]:
    """Merge the trees that stand at `path` in the result and at `over_path` in what is laid over."""
    if isinstance(base, dict) and isinstance(over, dict):
        return _merge_tables(base, over, base_origins, over_origins, path, over_path)
    if isinstance(over, dict) and _named(base):
        return _merge_items(base, over, base_origins, over_origins, path, over_path)
    return over, _moved(over_origins, over_path, path)


def _merge_tables(  # noqa: PLR0913
    base: dict[str, Any],
    over: dict[str, Any],
    base_origins: Origins,
    over_origins: Origins,
    path: KeyPath,
    over_path: KeyPath,
) -> tuple[dict[str, Any], Origins]:
    tree: dict[str, Any] = {}
    own = over_origins.get(over_path) or base_origins.get(path)
    origins: Origins = {path: own} if own and path else {}
    for key in [*base, *(key for key in over if key not in base)]:
        here, there = path.child(key), over_path.child(key)
        if key not in over:
            tree[key], below = base[key], _moved(base_origins, here, here)
        elif key not in base:
            tree[key], below = over[key], _moved(over_origins, there, here)
        else:
            tree[key], below = _merge(base[key], over[key], base_origins, over_origins, here, there)
        origins |= below
    return tree, origins


def _merge_items(  # noqa: PLR0913
    base: list[Any],
    over: dict[str, Any],
    base_origins: Origins,
    over_origins: Origins,
    path: KeyPath,
    over_path: KeyPath,
) -> tuple[list[Any], Origins]:
    items: list[Any] = []
    origins: Origins = {path: base_origins[path]} if path in base_origins else {}
    names = [item["name"] for item in base]
    for index, (name, item) in enumerate(zip(names, base, strict=True)):
        here = path.child(index)
        if name in over:
            merged, below = _merge(item, over[name], base_origins, over_origins, here, over_path.child(name))
        else:
            merged, below = item, _moved(base_origins, here, here)
        items.append(merged)
        origins |= below
    for name in (name for name in over if name not in names):
        here = path.child(len(items))
        value = over[name]
        items.append({"name": name, **value} if isinstance(value, dict) else value)
        origins |= _moved(over_origins, over_path.child(name), here)
    return items, origins


def _named(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in value)
    )


def _moved(origins: Origins, old: KeyPath, new: KeyPath) -> Origins:
    size = len(old)
    return {KeyPath((*new, *path[size:])): origin for path, origin in origins.items() if path[:size] == old}
