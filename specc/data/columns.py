"""Many texts without an object each: what a split of a million rows can be held, divided and shared in.

A column keeps each distinct text once and a number a row; references lie one after the other in a buffer. Worker
processes read both without touching a reference count.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Strings:
    """Many strings in one buffer."""

    data: NDArray[np.uint8]
    ends: NDArray[np.int64]

    @classmethod
    def pack(cls, strings: Iterable[str]) -> "Strings":
        """Copy strings into a buffer."""
        packed = StringsBuilder()
        packed.extend(strings)
        return packed.strings()

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, i: int) -> str:
        start = int(self.ends[i - 1]) if i else 0
        return self.data[start : int(self.ends[i])].tobytes().decode("utf-8", "surrogateescape")

    @property
    def starts(self) -> NDArray[np.int64]:
        """Return where each string begins."""
        return np.concatenate([np.zeros(1, np.int64), self.ends])[:-1]

    def encoded(self) -> Iterator[bytes]:
        """Yield each string's bytes."""
        data, start = self.data.tobytes(), 0
        for end in self.ends.tolist():
            yield data[start:end]
            start = end

    def take(self, chosen: NDArray[np.int64]) -> "Strings":
        """Return some of the strings, in the order of their numbers."""
        data, starts, ends = self.data.tobytes(), self.starts[chosen], self.ends[chosen]
        taken = bytearray()
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            taken += data[start:end]
        return Strings(np.frombuffer(taken, np.uint8), np.cumsum(ends - starts, dtype=np.int64))


class StringsBuilder:
    """Strings that come bit by bit."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._lengths = array("q")

    def extend(self, strings: Iterable[str]) -> None:
        """Put strings behind those that are there."""
        encoded = [string.encode("utf-8", "surrogateescape") for string in strings]
        self._data += b"".join(encoded)
        self._lengths.extend(map(len, encoded))

    def strings(self) -> Strings:
        """Return all of them."""
        return Strings(np.frombuffer(self._data, np.uint8), np.cumsum(self._lengths, dtype=np.int64))


@dataclass(frozen=True)
class Column:
    """A text a row. Shapes: `codes` has one entry a row, an index into `values`, which are distinct."""

    codes: NDArray[np.int32]
    values: tuple[str, ...]

    @classmethod
    def pack(cls, texts: Iterable[str]) -> "Column":
        """Give each text a number, by first appearance.

        >>> Column.pack(["oak", "ash", "oak"])
        Column(codes=array([0, 1, 0], dtype=int32), values=('oak', 'ash'))
        """
        packed = ColumnBuilder()
        packed.extend(texts)
        return packed.column()

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, row: int) -> str:
        return self.values[int(self.codes[row])]

    def counts(self) -> NDArray[np.int64]:
        """Return how many rows have each value."""
        return np.bincount(self.codes, minlength=len(self.values))

    def present(self) -> list[str]:
        """Return the values that a row has."""
        return [self.values[code] for code in np.flatnonzero(self.counts())]

    def take(self, chosen: NDArray[np.int64]) -> "Column":
        """Return some of the rows."""
        return Column(self.codes[chosen], self.values)


class ColumnBuilder:
    """A column that comes bit by bit."""

    def __init__(self) -> None:
        self._numbers: defaultdict[str, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__
        self._codes = array("i")

    def extend(self, texts: Iterable[str]) -> None:
        """Put texts behind those that are there."""
        self._codes.extend(map(self._numbers.__getitem__, texts))

    def column(self) -> Column:
        """Return the whole column."""
        return Column(np.frombuffer(self._codes, np.int32), tuple(self._numbers))


@dataclass(frozen=True)
class Rows:
    """Rows in the order of their source: an image's reference each, and the columns beside it."""

    references: Strings
    columns: dict[str, Column]
    numbers: NDArray[np.int64]
    """Which row of its source each is, from 0."""

    @classmethod
    def pack(cls, references: Iterable[str], columns: Mapping[str, Iterable[str]]) -> "Rows":
        """Take all rows of a source."""
        return cls.whole(Strings.pack(references), {name: Column.pack(texts) for name, texts in columns.items()})

    @classmethod
    def whole(cls, references: Strings, columns: dict[str, Column]) -> "Rows":
        """Give all rows of a source their numbers."""
        return cls(references, columns, np.arange(len(references)))

    def __len__(self) -> int:
        return len(self.references)

    def take(self, chosen: NDArray[np.int64]) -> "Rows":
        """Return some of the rows."""
        columns = {name: column.take(chosen) for name, column in self.columns.items()}
        return Rows(self.references.take(chosen), columns, self.numbers[chosen])
