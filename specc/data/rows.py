"""Reading a source: every row of it, before anything is made of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from specc.data.builtin import BUILTIN
from specc.data.columns import ColumnBuilder, Rows, StringsBuilder
from specc.data.manifest import read_csv, read_jsonl
from specc.data.places import folders_below, is_folder, places
from specc.data.problem import DataProblem
from specc.data.wanted import require
from specc.diagnostics.suggest import did_you_mean
from specc.errors import MissingData
from specc.plan.model import DataPlan

IMAGE_SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"})


def read_rows(data: DataPlan) -> dict[str, Rows]:
    """Read every row of a source, by the key that says where it is.

    Raises: DataError when a file or a column is missing or unreadable.
    """
    return {key: read_place(data, place) for key, place in places(data).items()}


def read_place(data: DataPlan, place: str) -> Rows:
    """Read the rows of one place.

    Raises: DataError when a file or a column is missing or unreadable.
    """
    reader = READERS.get(data.source)
    if reader is None:
        raise MissingData(f"source `{data.source}` cannot be read yet")
    return reader(data, place)


def _builtin(data: DataPlan, name: str) -> Rows:
    if name not in BUILTIN:
        remedy = did_you_mean(name, BUILTIN, "data sets")
        raise DataProblem("unknown-dataset", f"there is no built-in data set `{name}`", help=remedy)
    arguments = {key: value for key, value in data.location.items() if key not in ("dataset", "root")}
    rows = BUILTIN[name].rows(**arguments)
    require(data, rows.columns, f"the built-in data set `{name}`")
    return rows


def _folder(data: DataPlan, place: str) -> Rows:
    """Walk a folder of class folders, names in their order, what lies in a folder before what lies deeper."""
    require(data, ["folder"], "a folder of images")
    root = Path(place).expanduser()
    if not is_folder(root):
        raise MissingData(f"there is no folder `{place}`", help="it should hold one folder of images a class")
    references, classes = StringsBuilder(), ColumnBuilder()
    for folder, name, files in folders_below(root):
        if images := list(filter(_is_image, files)):
            _refuse_unwritable(folder, images)
            prefix = Path(folder).as_posix()
            references.extend(f"{prefix}/{image}" for image in images)
            classes.extend([name] * len(images))
    return Rows.whole(references.strings(), {"folder": classes.column()})


def _is_image(name: str) -> bool:
    """Say whether a name has a suffix of an image, as pathlib sees it, at a twentieth of its time."""
    dot = name.rfind(".")
    return dot > 0 and name[dot:].lower() in IMAGE_SUFFIXES


def _refuse_unwritable(folder: str, names: list[str]) -> None:
    for name in names:
        try:
            (folder + name).encode()
        except UnicodeEncodeError:
            path = str(Path(folder, name))
            raise DataProblem("unwritable-name", f"the name of `{path!a}` is not UTF-8", help="rename it") from None


READERS: Final[dict[str, Callable[[DataPlan, str], Rows]]] = {
    "builtin": _builtin,
    "folder": _folder,
    "csv": read_csv,
    "jsonl": read_jsonl,
}
"""Readers by kind of source."""
