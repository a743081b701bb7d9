"""What the checks of data are given: the divided rows, and the spec that asked for them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final

from specc.compiler.context import Context
from specc.data.classes import classes_of
from specc.data.columns import Column, Rows
from specc.data.manifest import line_numbers
from specc.data.places import places
from specc.diagnostics.model import Diagnostic, Label, Severity
from specc.paths import KeyPath
from specc.plan.model import DataPlan, LabelPlan

SHOWN: Final = 3
"""So many of the things that are wrong are named."""


@dataclass
class Found:
    """The rows of each split that has some."""

    data: DataPlan
    parts: Mapping[str, Rows]
    context: Context

    @cached_property
    def labels(self) -> tuple[LabelPlan, ...]:
        """Return the labels that are classes."""
        return tuple(label for label in self.data.labels if label.kind == "class")

    @cached_property
    def classes(self) -> dict[str, dict[str, Column]]:
        """Return the class of each row, by label and split."""
        return {
            label.name: {split: classes_of(rows, label, self.data.labels) for split, rows in self.parts.items()}
            for label in self.labels
        }

    @cached_property
    def counts(self) -> dict[str, dict[str, dict[str, int]]]:
        """Return how many samples each class has, by label and split; classes without any are left out."""
        return {
            label: {split: _counts(column) for split, column in columns.items()}
            for label, columns in self.classes.items()
        }

    @property
    def has_images(self) -> bool:
        """Say whether rows name files that the user listed."""
        return self.data.source != "builtin" and (self.data.image is not None or self.data.source == "folder")

    @property
    def is_listed(self) -> bool:
        """Say whether the user says which row belongs to which split, in files or in a column."""
        return self.data.split is None or self.data.split.kind == "column"

    def at(self, *path: str, text: str = "") -> tuple[Label, ...]:
        """Return the label at a key of `[data]`."""
        return self.context.at(KeyPath(("data", *path)), text=text)

    def at_split(self, split: str, text: str = "") -> tuple[Label, ...]:
        """Return the label where it is said which rows a split has."""
        keys = places(self.data)
        fallback = "split" if self.data.split else next(iter(keys))
        return self.at(split if split in keys else fallback, text=text)

    def at_label(self, name: str, text: str = "") -> tuple[Label, ...]:
        """Return the label where it is said which column a label is read from."""
        return self.at("labels", name, "column", text=text)

    def where(self, split: str, rows: Iterable[int]) -> dict[int, str]:
        """Return file and line of rows of a split, as far as it has lines."""
        keys = places(self.data)
        place = keys[split] if split in keys else next(iter(keys.values()))
        numbers = {row: int(self.parts[split].numbers[row]) for row in rows}
        lines = line_numbers(self.data.source, place, set(numbers.values()))
        return {row: f"{place}:{lines[number]}" for row, number in numbers.items() if number in lines}

    def warn(self, code: str, headline: str, labels: tuple[Label, ...], remedy: str, notes: Iterable[str] = ()) -> None:
        """Report what cannot be meant."""
        self._add(Diagnostic(code, headline, labels, remedy, tuple(notes), Severity.WARNING))

    def report_bad(self, code: str, headline: str, remedy: str, notes: Iterable[str] = ()) -> None:
        """Report images that a run cannot use: an error, unless it may skip them."""
        severity = Severity.WARNING if self.data.on_bad_sample == "skip" else Severity.ERROR
        self._add(Diagnostic(code, headline, self.at("image"), remedy, tuple(notes), severity))

    def error(self, code: str, headline: str, labels: tuple[Label, ...], remedy: str) -> None:
        """Report what cannot work."""
        self._add(Diagnostic(code, headline, labels, remedy))

    def _add(self, diagnostic: Diagnostic) -> None:
        self.context.problems.add(diagnostic)


def _counts(column: Column) -> dict[str, int]:
    pairs = zip(column.values, column.counts().tolist(), strict=True)
    return {value: count for value, count in pairs if value and count}


def listed(names: Iterable[str], number: int | None = None) -> str:
    """Print the first few names; `number` says how many there are, where not all are given.

    >>> listed(["a", "b"]), listed("abcd"), listed("abc", 9)
    ('`a`, `b`', '`a`, `b`, `c`, ...', '`a`, `b`, `c`, ...')
    """
    first = list(islice(names, SHOWN + 1))
    more = (len(first) if number is None else number) > SHOWN
    return ", ".join(f"`{name}`" for name in first[:SHOWN]) + ", ..." * more


def counted(number: int, noun: str, plural: str = "") -> str:
    """Print a number of things.

    >>> counted(1, "class", "classes"), counted(7120, "class", "classes"), counted(2, "sample")
    ('1 class', '7,120 classes', '2 samples')
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
