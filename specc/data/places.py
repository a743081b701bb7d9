"""Where rows lie, and whether anything is there: asked before what reads them is loaded."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from specc.errors import MissingData

SPLITS: Final = ("train", "val", "test")

SPELLINGS: Final = {"train": "train", "val": "val", "valid": "val", "validation": "val", "dev": "val", "test": "test"}
"""What people call the folder, the file or the rows of a split, in lower case."""

_TABLES: Final = ("csv", "jsonl")


class Located(Protocol):
    """What a spec or a plan says of the data's place."""

    @property
    def source(self) -> str:
        """The kind of source."""

    @property
    def location(self) -> Mapping[str, Any]:
        """The keys that say where its samples are."""


def places(data: Located) -> dict[str, str]:
    """Return the keys of `[data]` that say where rows are, and what they say.

    >>> from types import SimpleNamespace
    >>> places(SimpleNamespace(source="csv", location={"train": "t.csv", "val": "v.csv", "root": "images"}))
    {'train': 't.csv', 'val': 'v.csv'}
    """
    given = {split: data.location[split] for split in SPLITS if split in data.location}
    key = {"builtin": "dataset", "folder": "root"}.get(data.source, "path")
    return given or {key: data.location.get(key, "")}


def require_file(place: str) -> Path:
    """Return the path of a manifest.

    Raises: MissingData when it is not here.
    """
    path = Path(place).expanduser()
    if not is_file(path):
        raise MissingData(f"there is no file `{place}`", help="paths start at the working directory")
    return path


def is_file(path: str | Path) -> bool:
    """Say whether a path is a file; a path that cannot be is none, and pathlib raises for it."""
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: str | Path) -> bool:
    """Say whether a path is a folder; a path that cannot be is none, and pathlib raises for it."""
    return os.path.isdir(path)  # noqa: PTH112


def require_any(data: Located) -> None:
    """Refuse manifests of which none is here.

    Raises: MissingData, as reading them would.
    """
    found = list(places(data).values())
    if data.source in _TABLES and not any(is_file(Path(place).expanduser()) for place in found):
        require_file(found[0])


def folders_below(root: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Yield each folder below a root, the name of its class folder, and the names of its files, all in order.

    Links are followed. Within a class, a folder that was there under another name is left out, so that circles end.
    """
    seen: set[tuple[int, int]] = set()
    for folder, subfolders, names in os.walk(root, followlinks=True):
        inside = Path(folder).relative_to(root).parts
        if len(inside) < 2:
            seen = {_identity(root)}
        if inside and _identity(folder) in seen:
            subfolders.clear()
        elif inside:
            seen.add(_identity(folder))
            yield folder, inside[0], sorted(names)
        subfolders.sort()


def _identity(folder: str | Path) -> tuple[int, int]:
    found = os.stat(folder)  # noqa: PTH116  (a million folders)
    return found.st_dev, found.st_ino
