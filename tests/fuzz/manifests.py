"""Tables of labels, as CSV and as JSON lines, changed at random."""

import json
import random
from collections.abc import Sequence
from typing import Final

from tests.fuzz.changes import TEXTS, bytes_changed, json_changed, odd_value
from tests.fuzz.inputs import encoded

HEADER: Final = ("image", "kind", "fine", "group", "split", "more")
ROWS: Final = (
    ("a.png", "cat", "tabby", "g1", "train", "1"),
    ("b/c.png", "cat", "black", "g1", "train", "2.5"),
    ("d.png", "dog", "poodle", "g2", "train", ""),
    ("e f.png", "dog", "black", "g3", "val", "x"),
    ("é.png", "漢", "", "g4", "test", "a, b"),
    ("g.png", "cat", "tabby", "g5", "test", 'say "x"'),
    ("h.png", "cat", "tabby", "", "", ""),
    ("i.png", "dog", "poodle", "g6", "train", "a\nb"),
)

CELLS: Final = (
    *TEXTS, '"', '""', '"x', 'x"', '"x"y', "'", ",", ",,", ";", "\t", "=1+1", '=HYPERLINK("x")', "@SUM(A1)", "+1", "-1",
    "-", "#REF!", "TRUE", "1e5", "007", "1,5", "a/b", "/", ".", "..", "./a.png", "a//b.png", "../../etc/passwd",
    "/etc/passwd", "/dev/zero", "/dev/stdin", "/proc/self/mem", "/dev/null", "/", "~root/x", "file:///etc/passwd",
    "https://example.org/a.png", "s3://x/y", "C:\\x.png", "\\\\host\\x", "con", "a" * 255 + ".png", "a/" * 2500,
    "x" * 200_000, "\u0301", "e\u0301", "\ufeffimage", "valid", "TRAIN", "validation", "all", "train ", "9" * 5000,
    "\u0660", "²",
)  # fmt: skip
"""What a cell should not hold, or only just."""

NAMES: Final = (
    "",
    "kind",
    "image",
    "Image",
    "kinds",
    " kind",
    "kind ",
    "fine",
    "\ufeffimage",
    "split",
    "x" * 3000,
    "0",
)
ENDS: Final = ("\n", "\r\n", "\r", "\n\n", "\r\r\n", "", "\0\n", " \n", "\x0b", "\u2028", "\x1c")
SEPARATORS: Final = (";", "\t", "|", " ", ", ", ",,", ":")
RAW: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"\xff", b"\x80", b"\xc0\xaf", b"\0", b"\r", b'"', b"\x1a")


def made_manifest(chance: random.Random) -> bytes:
    """Return a table with a few changes."""
    rows = [list(row) for row in chance.sample(ROWS, chance.randint(0, len(ROWS)))] * chance.choice((1, 1, 1, 1, 80))
    header = list(HEADER)
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        _cell_changed(chance, header, rows)
    data = encoded(_json_lines(chance, header, rows) if chance.random() < 0.3 else _csv(chance, header, rows))
    if chance.random() < 0.2:
        place = chance.randrange(len(data) + 1)
        data = data[:place] + chance.choice(RAW) + data[place:]
    if chance.random() < 0.03:
        data = data.decode("utf-8", "replace").encode(chance.choice(("utf-16", "utf-32", "utf-8-sig", "utf-16-be")))
    return bytes_changed(chance, data) if chance.random() < 0.3 else data


def _cell_changed(chance: random.Random, header: list[str], rows: list[list[str]]) -> None:
    kind = chance.randrange(8)
    if kind == 0:
        header[chance.randrange(len(header))] = chance.choice(NAMES)
    elif kind == 1:
        column = chance.randrange(len(header))
        for row in (header, *rows):
            del row[column : column + 1]
        header.append("last")
    elif kind == 2 and rows:
        rows[chance.randrange(len(rows))].append("one more")
    elif rows:
        row = chance.choice(rows)
        place = chance.randrange(len(row) + 1)
        row[place : place + 1] = [chance.choice(CELLS)]


def _csv(chance: random.Random, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    end, separator = ("\n", ",") if chance.random() < 0.8 else (chance.choice(ENDS), chance.choice((",", *SEPARATORS)))
    return "".join(separator.join(_quoted(chance, cell) for cell in row) + end for row in (header, *rows))


def _quoted(chance: random.Random, cell: str) -> str:
    """Write a cell as CSV has it; at times as it stands."""
    if chance.random() < 0.98 and any(mark in cell for mark in ',"\r\n'):
        return '"' + cell.replace('"', '""') + '"'
    return f'"{cell}"' if chance.random() < 0.1 else cell


def _json_lines(chance: random.Random, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    records = [dict(zip(header, row, strict=False)) for row in rows]
    if records and chance.random() < 0.7:
        place = chance.randrange(len(records))
        records[place] = json_changed(chance, records[place]) if chance.random() < 0.8 else odd_value(chance)
    end = "\n" if chance.random() < 0.9 else chance.choice(ENDS)
    return "".join(json.dumps(record, ensure_ascii=chance.random() < 0.7) + end for record in records)
