"""Rows of a source: an image's reference and the columns beside it, before anything is made of them."""

import csv
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from specc.data.builtin import BUILTIN
from specc.diagnostics.suggest import did_you_mean
from specc.errors import DataError, MissingData
from specc.plan.model import DataPlan

SPLITS: Final = ("train", "val", "test")
IMAGE_SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"})


@dataclass
class Rows:
    """Rows in the order of their source."""

    references: list[str] = field(default_factory=list)
    columns: dict[str, list[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.references)


def read_rows(data: DataPlan) -> dict[str, Rows]:
    """Read every row of a source, by split; a source that is not divided yet gives one entry called `all`.

    Raises: DataError when a file or a column is missing or unreadable.
    """
    reader = READERS.get(data.source)
    if reader is None:
        raise MissingData(f"source `{data.source}` cannot be read yet")
    given = {split: data.location[split] for split in SPLITS if split in data.location}
    if given:
        return {split: reader(data, place) for split, place in given.items()}
    return {"all": reader(data, data.location.get("path") or data.location.get("root") or "")}


def wanted_columns(data: DataPlan) -> list[str]:
    """Return the columns that the plan asks of a source."""
    names = [label.column for label in data.labels]
    names += [data.group] if data.group else []
    names += [str(data.split.args["name"])] if data.split and data.split.kind == "column" else []
    return list(dict.fromkeys(names))


def _builtin(data: DataPlan, place: str) -> Rows:
    del place
    name = data.location["dataset"]
    if name not in BUILTIN:
        raise DataError(f"there is no built-in data set `{name}`", help=did_you_mean(name, BUILTIN, "data sets"))
    dataset = BUILTIN[name]()
    _require(dataset.columns, wanted_columns(data), f"the built-in data set `{name}`")
    return Rows([str(i) for i in range(len(dataset.images))], dict(dataset.columns))


def _folder(data: DataPlan, place: str) -> Rows:
    _require(["folder"], wanted_columns(data), "a folder of images")
    root = Path(place).expanduser()
    if not root.is_dir():
        raise MissingData(f"there is no folder `{place}`", help="it should hold one folder of images a class")
    rows = Rows(columns={"folder": []})
    for path in _images_below(root):
        rows.references.append(path.as_posix())
        rows.columns["folder"].append(path.relative_to(root).parts[0])
    return rows


def _images_below(root: Path) -> Iterator[Path]:
    for folder, subfolders, names in os.walk(root):
        subfolders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix.lower() in IMAGE_SUFFIXES and path.parent != root:
                yield _readable_name(path)


def _readable_name(path: Path) -> Path:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise DataError(f"the name of `{str(path)!a}` is not UTF-8", help="rename it") from None
    return path


def _csv(data: DataPlan, place: str) -> Rows:
    wanted = [*wanted_columns(data), *([data.image] if data.image else [])]
    with _open(place) as file:
        reader = csv.reader(file, strict=True)
        try:
            header = next(reader, [])
            _require(header, wanted, f"`{place}`")
            positions = [header.index(name) for name in wanted]
            columns: list[list[str]] = [[] for _ in wanted]
            for record in filter(None, reader):
                if len(record) != len(header):
                    raise DataError(
                        f"{place}:{reader.line_num}: {len(record)} fields where the header has {len(header)}"
                    )
                for column, position in zip(columns, positions, strict=True):
                    column.append(record[position])
        except (csv.Error, UnicodeDecodeError) as error:
            raise DataError(f"{place}:{reader.line_num + 1}: not readable as CSV: {error}") from None
    return _located(data, place, dict(zip(wanted, columns, strict=True)))


def _jsonl(data: DataPlan, place: str) -> Rows:
    wanted = [*wanted_columns(data), *([data.image] if data.image else [])]
    columns: dict[str, list[str]] = {name: [] for name in wanted}
    number = 0
    with _open(place) as file:
        try:
            for number, line in enumerate(file, start=1):
                record = _json_object(line, f"{place}:{number}")
                _require(record, wanted, f"{place}:{number}")
                for name in wanted:
                    columns[name].append("" if record[name] is None else str(record[name]))
        except UnicodeDecodeError:
            raise DataError(f"{place}:{number + 1}: not UTF-8 text", help="save it again as UTF-8") from None
    return _located(data, place, columns)


def _json_object(line: str, place: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise DataError(f"{place}: not a JSON object")
    return record


def _located(data: DataPlan, place: str, columns: dict[str, list[str]]) -> Rows:
    """Make image paths start at `root`, or at the manifest's own folder."""
    base = Path(data.location.get("root") or Path(place).parent).expanduser()
    names = columns[data.image] if data.image else [""] * len(next(iter(columns.values()), []))
    address = next((name for name in names if "://" in name), None)
    if address:
        raise DataError(f"{place}: images at addresses cannot be fetched yet: `{address}`", help="download them first")
    references = [(base / name).as_posix() for name in names]
    return Rows(references, columns)


def _open(place: str) -> Any:
    path = Path(place).expanduser()
    if not path.is_file():
        raise MissingData(f"there is no file `{place}`", help="paths start at the working directory")
    try:
        return path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise DataError(f"`{place}` cannot be read: {error.strerror}") from None


def _require(present: Any, wanted: list[str], where: str) -> None:
    for name in wanted:
        if name not in present:
            raise DataError(
                f"{where} has no column `{name}`", help=did_you_mean(name, [str(p) for p in present], "columns")
            )


READERS: Final[dict[str, Callable[[DataPlan, str], Rows]]] = {
    "builtin": _builtin,
    "folder": _folder,
    "csv": _csv,
    "jsonl": _jsonl,
}
"""Readers by kind of source."""
