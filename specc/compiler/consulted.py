"""What a verdict depends on besides the words of a spec: the files and folders that were looked at."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from specc.data.places import folders_below
from specc.spec.experiment import Spec

_PACKAGES: Final = ("lark", "pydantic", "timm", "tomli")
"""What reads specs and knows backbones; their folder changes when another version is installed."""


def consulted(spec: Spec, *, with_data: bool) -> Iterator[Path]:
    """Yield every file and folder that checking a spec looks at, whether it is there or not."""
    yield from _packages()
    if with_data:
        places = [place for key, place in spec.data.location.items() if key != "dataset"]
        for place in filter(None, [*places, spec.model.start_from, *spec.teachers.values()]):
            yield from _below(Path(place).expanduser(), whole=spec.data.source == "folder")


def _packages() -> Iterator[Path]:
    for name in _PACKAGES:
        found = find_spec(name)
        if found and found.origin:
            yield Path(found.origin).parents[1]


def _below(path: Path, *, whole: bool) -> Iterator[Path]:
    """Yield a path, and all folders below it where its content is read by listing it."""
    yield path
    if whole:
        yield from (Path(folder) for folder, _, _ in folders_below(path))
