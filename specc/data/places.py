"""Where rows lie, and whether anything is there: asked before what reads them is loaded."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from specc.errors import MissingData

SPLITS: Final = ("train", "val", "test")

_TABLES: Final = ("csv", "jsonl")


class Located(Protocol):
    """What a spec or a plan says of the data's place."""

    @property
    def source(self) -> str:
        """The kind of source."""

    @property
    def location(self) -> Mapping[str, str]:
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
