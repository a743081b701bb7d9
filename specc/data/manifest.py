"""Reading a manifest: a CSV with a header, or a JSON object a line.

Records are read in chunks and taken apart at once, so that a million of them take about a second and no object each.
"""

import csv
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, TextIO, TypeVar

from specc.data.columns import ColumnBuilder, Rows, StringsBuilder
from specc.data.places import require_file
from specc.data.problem import DataProblem, shown
from specc.data.wanted import require, wanted_columns
from specc.errors import DataError, MissingData
from specc.plan.model import DataPlan

_CHUNK: Final = 500
"""Records taken apart at once. With more than 700, Python's garbage collector looks through them, and takes as long."""

_CELLS: Final = 1_000_000
"""Cells taken apart at once, where a table has very many columns."""

_LONGEST: Final = 4 * 2**20
"""Bytes without a line end of which none has more than one; no table has such a line, and none fits into memory."""

_HALF: Final = re.compile("[\ud800-\udfff]")

_ODD: Final = ("//", "/./", "\n./", "/.\n", "\n.\n", "/\n", "\n\n", "\\", ":")
"""What a path between two line ends has where pathlib might write it in another way."""

_SEPARATORS: Final = {";": "semicolons", "\t": "tabs", "|": "bars"}

_CSV_FAULTS: Final = {
    "unexpected end of data": "a quote is opened and never closed",
    "expected after": "text follows a closing quote",
    "field larger": "a field is longer than any text should be; most likely a quote is never closed",
}
"""What Python's csv module says, and what a person made wrong."""

T = TypeVar("T")


def read_csv(data: DataPlan, place: str) -> Rows:
    """Read a table with a header.

    Raises: MissingData when it is not here, DataProblem when it is damaged or a column is missing.
    """
    rows = _RowsBuilder(data, place)
    header: list[str] = []
    with _open(place) as file:
        reader = csv.reader(file, strict=True)
        try:
            header = next(reader, [])
            _check_header(data, place, header)
            for records in _chunks(filter(None, reader), max(min(_CHUNK, _CELLS // max(len(header), 1)), 1)):
                rows.extend(dict(zip(header, zip(*records, strict=True), strict=True)))
        except (csv.Error, ValueError):
            raise _csv_fault(place, header) from None
    return rows.rows()


def _check_header(data: DataPlan, place: str, header: list[str]) -> None:
    wanted = {**wanted_columns(data), **({data.image: ["image"]} if data.image else {})}
    for separator, name in _SEPARATORS.items():
        if len(header) == 1 and wanted.keys() & set(header[0].split(separator)) - {*header}:
            raise _unreadable(f"`{place}` separates its columns by {name}", "save it with commas between them")
    require(data, header, f"`{place}`", data.image)
    for column, keys in wanted.items():
        if header.count(column) > 1:
            headline = f"`{place}` has {header.count(column)} columns `{column}`"
            raise DataProblem("duplicate-column", headline, *keys, help="rename all but one")


def _csv_fault(place: str, header: Sequence[str]) -> DataError:
    """Find what made a table unreadable, by reading it again record by record."""
    line = 1
    with _open(place) as file:
        reader = csv.reader(file, strict=True)
        try:
            for record in reader:
                if record and len(record) != len(header):
                    return _wrong_length(f"{place}:{line}", len(record), len(header))
                line = reader.line_num + 1
        except csv.Error as error:
            words = next((words for said, words in _CSV_FAULTS.items() if said in str(error)), str(error))
            remedy = "a quote inside a value is written twice"
            return _unreadable(f"{place}:{line}: not readable as CSV: {words}", remedy)
        except UnicodeDecodeError:
            return _not_utf8(place)
    return _unreadable(f"`{place}` changed while it was read", "read it again")


def _wrong_length(where: str, found: int, expected: int) -> DataProblem:
    headline = f"{where}: {found} field{'s' * (found != 1)} where the header has {expected}"
    return _unreadable(headline, "put quotes round a value that has a comma in it" if found > expected else None)


def read_jsonl(data: DataPlan, place: str) -> Rows:
    """Read an object a line.

    Raises: MissingData when it is not here, DataProblem when it is damaged or a column is missing.
    """
    rows = _RowsBuilder(data, place)
    with _open(place) as file:
        try:
            for lines in _chunks(_lines(file)):
                records = [_json_texts(rows, number, line) for number, line in lines]
                rows.extend(dict(zip(rows.names, zip(*records, strict=True), strict=True)))
        except UnicodeDecodeError:
            raise _not_utf8(place) from None
    return rows.rows()


def _lines(file: TextIO) -> Iterator[tuple[int, str]]:
    """Yield lines with something on them, numbered from 1."""
    return ((number, line) for number, line in enumerate(file, start=1) if not line.isspace())


def _json_texts(rows: "_RowsBuilder", number: int, line: str) -> list[str]:
    """Return the texts of a record, in the order of the names that are asked for."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise _unreadable(f"{rows.place}:{number}: not a JSON object")
    if not record.keys() >= rows.wanted:
        require(rows.data, record, f"{rows.place}:{number}", rows.data.image)
    values = [record[name] for name in rows.names]
    if "\\u" in line and any(_HALF.search(value) for value in values if isinstance(value, str)):
        headline = f"{rows.place}:{number}: a text has half of a character in it"
        raise DataProblem("unwritable-name", headline, help="write it as UTF-8")
    if {*map(type, values)} == {str}:
        return values
    return [_text(value, f"{rows.place}:{number}: `{name}`") for name, value in zip(rows.names, values, strict=True)]


def _text(value: Any, what: str) -> str:
    """Return a value as text; a number is the class that its digits are."""
    if isinstance(value, dict | list):
        raise _unreadable(f"{what} holds a {'table' if isinstance(value, dict) else 'list'}, not a text")
    return "" if value is None else str(value)


class _RowsBuilder:
    """Rows that come chunk by chunk."""

    def __init__(self, data: DataPlan, place: str) -> None:
        self.data, self.place = data, place
        self.base = Path(data.location.get("root") or Path(place).parent).expanduser()
        self.columns = {name: ColumnBuilder() for name in wanted_columns(data)}
        self.names = list(dict.fromkeys([*self.columns, *([data.image] if data.image else [])]))
        self.wanted = set(self.names)
        self.references = StringsBuilder()

    def extend(self, chunk: Mapping[str, Sequence[str]]) -> None:
        """Take the columns of some records."""
        for name, column in self.columns.items():
            column.extend(chunk[name])
        if self.data.image:
            self.references.extend(placed(self.base, chunk[self.data.image], self.place))
        else:
            self.references.extend([self.base.as_posix()] * len(next(iter(chunk.values()))))

    def rows(self) -> Rows:
        """Return all rows."""
        return Rows.whole(self.references.strings(), {name: made.column() for name, made in self.columns.items()})


def placed(base: Path, names: Sequence[str], place: str) -> list[str]:
    """Make paths start at a folder, as pathlib joins them; that is slow, and most paths do not need it.

    >>> placed(Path("data"), ["a.png", "/b.png"], "data/train.csv"), placed(Path("data"), ["./a.png"], "data/train.csv")
    (['data/a.png', '/b.png'], ['data/a.png'])
    """
    lines = "\n".join(["", *names, ""])
    if any(mark in lines for mark in _ODD):
        address = next((name for name in names if "://" in name), None)
        if address:
            headline = f"{place}: images at addresses cannot be fetched yet: `{shown(address)}`"
            raise MissingData(headline, help="download them first")
        return [(base / name).as_posix() for name in names]
    prefix = (base / "_").as_posix()[:-1]
    return [name if name[0] == "/" else prefix + name for name in names]


def line_numbers(source: str, place: str, rows: Collection[int]) -> dict[int, int]:
    """Return the line that each of some rows begins on. Units: rows from 0, lines from 1; none for other sources."""
    lines = _LINES.get(source)
    if lines is None or not rows:
        return {}
    with _open(place) as file:
        first = islice(enumerate(lines(file)), max(rows) + 1)
        return {row: line for row, line in first if row in rows}


def _csv_lines(file: TextIO) -> Iterator[int]:
    reader = csv.reader(file, strict=True)
    next(reader, None)
    line = reader.line_num + 1
    for record in reader:
        if record:
            yield line
        line = reader.line_num + 1


def _jsonl_lines(file: TextIO) -> Iterator[int]:
    return (number for number, _ in _lines(file))


_LINES: Final[dict[str, Callable[[TextIO], Iterator[int]]]] = {"csv": _csv_lines, "jsonl": _jsonl_lines}


def _chunks(items: Iterable[T], size: int = _CHUNK) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _open(place: str) -> TextIO:
    path = require_file(place)
    try:
        _check_lines(path, place)
        return path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise DataProblem("unreadable-manifest", f"`{place}` cannot be read: {error.strerror}") from None


def _check_lines(path: Path, place: str) -> None:
    """Refuse a line that would have to be held in memory as a whole, such as all of a file that is no table."""
    with path.open("rb", buffering=0) as file:
        while block := file.read(_LONGEST):
            if len(block) == _LONGEST and b"\n" not in block and b"\r" not in block:
                raise _unreadable(f"`{place}` is no table: it has a line of {_LONGEST >> 20} MiB or more")


def _unreadable(message: str, remedy: str | None = None) -> DataProblem:
    return DataProblem("unreadable-manifest", message, help=remedy)


def _not_utf8(place: str) -> DataProblem:
    """Say on which line a text stops being UTF-8."""
    with Path(place).expanduser().open(encoding="utf-8", errors="surrogateescape") as file:
        number = next((number for number, line in enumerate(file, start=1) if _HALF.search(line)), 1)
    return _unreadable(f"{place}:{number}: not UTF-8 text", "save it again as UTF-8")
