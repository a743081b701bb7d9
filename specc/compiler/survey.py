"""What a folder or a table holds, looked at before any spec speaks of it."""

import csv
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import median
from typing import Final

from specc.compiler.operations import operation
from specc.data.columns import Column, Rows
from specc.data.index import Index, divided, index_of
from specc.data.places import SPELLINGS
from specc.data.rows import IMAGE_SUFFIXES, read_rows
from specc.errors import DataError
from specc.frontend.expressions import parse_call
from specc.plan.model import DataPlan, LabelPlan

SEED: Final = 42
"""Seed of a new spec; its data is divided by it here, too."""

_SHARES: Final = ("val = 10%, test = 10%", "val = 15%, test = 15%", "val = 20%", "val = 30%")
"""Shares to divide by; the first that give every class a sample of each split are taken."""

_FEW_TEXTS: Final = 200
"""Fewer are not enough for a test split beside the one of validation."""

_RARE: Final = 5
"""A class is rare below this part of the middle class's size."""

_WORD: Final = r"[A-Za-z_][A-Za-z0-9_]*"
"""A column that an expression can name."""

_NOTHING: Final = {
    "folder": ("holds no image in a folder of its class", "put the images of each class into a folder of its name"),
    "csv": ("has no rows", "its first line names the columns, and rows follow"),
}


@dataclass(frozen=True)
class Classes:
    """Labelled images: how they are divided, and how many of each class there are."""

    data: DataPlan
    """What was found, in the words of a plan; its one label is what is told about an image."""
    split: str | None
    """The expression that divides them; None where folders or files do."""
    short: tuple[str, ...]
    """Classes that have no sample in some split."""
    first: str
    """The first training image."""
    left_out: tuple[str, ...] = ()
    """Folders of other splits, which cannot stand beside what divides the images."""

    @property
    def label(self) -> LabelPlan:
        """Return the label."""
        return self.data.labels[0]

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of training samples of each class, the smallest first."""
        pairs = zip(self.label.classes or (), self.label.counts or (), strict=True)
        return dict(sorted(pairs, key=lambda pair: pair[1]))

    @property
    def middle(self) -> int:
        """Return the size of the middle class."""
        return int(median(self.counts.values()))

    @property
    def rare_below(self) -> int:
        """Return the size below which a class is rare."""
        return ceil(self.middle / _RARE)

    @property
    def rare(self) -> dict[str, int]:
        """Return the rare classes, the smallest first."""
        return {name: count for name, count in self.counts.items() if count < self.rare_below}

    @property
    def is_imbalanced(self) -> bool:
        """Say whether an average over samples could hide the smallest classes."""
        sizes = list(self.counts.values())
        return sizes[-1] >= 3 * sizes[0]


@dataclass(frozen=True)
class Table:
    """A CSV with all its columns."""

    place: str
    columns: dict[str, Column]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def images(self) -> list[str]:
        """Return the columns whose values are names of image files."""
        return [name for name, column in self.columns.items() if all(map(_is_image, column.values))]

    def labels(self) -> list[str]:
        """Return the columns that could be a label: of few distinct values, and no split."""
        return [name for name, column in self.columns.items() if _is_label(column) and not _divides(column)]

    def splits(self) -> list[str]:
        """Return the columns that say which split a row belongs to, training and validation among them."""
        return [name for name, column in self.columns.items() if _divides(column)]


def read_table(place: str) -> Table:
    """Read all columns of a CSV.

    Raises: DataError when it cannot be read, or has no rows.
    """
    columns = [LabelPlan(name=name, column=name) for name in _header(place)]
    return Table(place, _rows(_data("csv", {"path": place}, columns))["path"].columns)


def _header(place: str) -> list[str]:
    """Return the names in the first line; what is wrong with them, the reader of the rows says."""
    try:
        with Path(place).expanduser().open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file), [])
    except (OSError, ValueError, csv.Error):
        return []
    return re.split(r"[;\t|]", header[0]) if len(header) == 1 else header


def _is_image(value: str) -> bool:
    return Path(value).suffix.lower() in IMAGE_SUFFIXES


def _is_label(column: Column) -> bool:
    values = [value for value in column.values if value]
    return 2 <= len(values) <= len(column) // 2 and not any(map(_is_image, values))


def _divides(column: Column) -> bool:
    found = {SPELLINGS.get(value.lower()) for value in column.values}
    return None not in found and {"train", "val"} <= found


def shares_of_pairs(table: Table, source: str) -> str:
    """Return the shares to divide pairs by; those that read the same text stay together.

    Raises: DataError when there are too few.
    """
    texts = len(table.columns[source].values)
    if texts < _FEW_TEXTS // 10:
        raise DataError(f"`{table.place}` has too few pairs to train and to validate on: {texts}")
    return "val = 20%" if texts < _FEW_TEXTS else "val = 5%, test = 5%"


def count_folder(place: str, label: str) -> Classes:
    """Count the images of a folder of class folders, or of one with such a folder for each split.

    Raises: DataError when there are none, or of one class only.
    """
    location, left_out = _folder_parts(Path(place))
    return _count(_data("folder", location, [LabelPlan(name=label, column="folder")]), None, place, left_out)


def _folder_parts(folder: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the folders to read by the keys of `[data]`, and folders of splits that do not go with them."""
    inside = {path.name for path in folder.expanduser().iterdir() if path.is_dir() and path.name[0] != "."}
    parts = {split: (folder / name).as_posix() for name, split in SPELLINGS.items() if name in inside}
    if "train" not in parts or not inside <= SPELLINGS.keys():
        return {"root": folder.as_posix()}, ()
    if "val" in parts:
        return parts, ()
    return {"root": parts.pop("train")}, tuple(parts.values())


def count_table(table: Table, image: str, label: LabelPlan) -> Classes:
    """Count the images that a table names; `train.csv` is read with the `val.csv` beside it.

    Raises: DataError when there are none, or of one class only.
    """
    location = _files_beside(Path(table.place)) or {"path": table.place}
    first = table.columns[image][0]
    if not (Path(table.place).expanduser().parent / first).exists() and Path(first).exists():
        location["root"] = "."
    dividing = [name for name in table.splits() if name != label.column and re.fullmatch(_WORD, name)]
    split = f"column({dividing[0]})" if dividing and "path" in location else None
    return _count(_data("csv", location, [label], image), split, table.place)


def _files_beside(table: Path) -> dict[str, str]:
    """Return the files of all splits, if a table is named after the training split and there is one of validation."""
    names = {name: table.with_stem(name) for name in SPELLINGS}
    there = {SPELLINGS[name]: path.as_posix() for name, path in names.items() if path.expanduser().is_file()}
    return there if table.stem == "train" and "val" in there else {}


def _data(source: str, location: dict[str, str], labels: list[LabelPlan], image: str | None = None) -> DataPlan:
    return DataPlan(
        source=source,
        location=location,
        image=image,
        channels=3,
        labels=tuple(labels),
        rare={},
        split=None,
        group=None,
        fold=None,
        limit=None,
        on_bad_sample="error",
        samples=None,
        fingerprints=None,
    )


def _rows(data: DataPlan) -> dict[str, Rows]:
    rows = read_rows(data)
    for key, found in rows.items():
        if not len(found):
            words, remedy = _NOTHING[data.source]
            raise DataError(f"`{data.location[key]}` {words}", help=remedy)
    return rows


def _count(data: DataPlan, split: str | None, place: str, left_out: tuple[str, ...] = ()) -> Classes:
    rows = _rows(_divided_by(data, split))
    index = _index(data, split, rows)
    found = index.data.labels[0].classes or ()
    if len(found) < 2:
        only = f"one class only, `{found[0]}`" if found else f"nothing in its column `{data.labels[0].column}`"
        raise DataError(f"`{place}` has {only}", help="a classifier tells at least two classes apart")
    if "val" not in index.splits:
        split, index = _divided_best(data, rows)
    return Classes(index.data, split, _short(index), index.splits["train"].references[0], left_out)


def _divided_best(data: DataPlan, rows: Mapping[str, Rows]) -> tuple[str, Index]:
    """Divide by the first shares that give every class a sample of each split, or else by those that fail the fewest.

    Raises: DataError when by all of them a split is empty, or a class is left without a training sample.
    """
    found: list[tuple[int, str, Index]] = []
    for shares in _SHARES:
        split = f"stratified({data.labels[0].name}, {shares})"
        with suppress(DataError):
            index = _index(data, split, rows)
            if len(index.splits) > shares.count("="):
                found.append((len(_short(index)), split, index))
    if not found:
        raise DataError(_too_few(_index(data, None, rows).data.labels[0]), help="add images of it, or leave it out")
    _, split, index = min(found, key=lambda candidate: candidate[0])
    return split, index


def _index(data: DataPlan, split: str | None, rows: Mapping[str, Rows]) -> Index:
    data = _divided_by(data, split)
    return index_of(data, divided(data, rows, SEED), SEED)


def _divided_by(data: DataPlan, split: str | None) -> DataPlan:
    made = operation("split", parse_call("split", split)) if split else None
    return data.model_copy(update={"split": made})


def _short(index: Index) -> tuple[str, ...]:
    """Return the classes that have no sample in some split."""
    label = index.data.labels[0]
    present = [set(part.labels[label.name].tolist()) for part in index.splits.values()]
    everywhere = set.intersection(*present)
    return tuple(name for code, name in enumerate(label.classes or ()) if code not in everywhere)


def _too_few(label: LabelPlan) -> str:
    count, name = min(zip(label.counts or (), label.classes or (), strict=True))
    return f"class `{name}` has {count} image{'s' * (count != 1)}, too few to train and to validate on"
