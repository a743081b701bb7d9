"""Tables of labels that somebody thought of."""

import json
from collections.abc import Iterator

from tests.fuzz.manifests import CELLS, HEADER, NAMES, RAW, ROWS, SEPARATORS
from tests.fuzz.sound import sound_table

HEAD = ",".join(HEADER).encode() + b"\n"
ROW = b"a.png,cat,tabby,g1,train,1\n"
RECORD = dict(zip(HEADER, ROWS[0], strict=True))


def small() -> dict[str, bytes]:
    """Return tables of which each is read in no time, by what is odd about them."""
    sound = sound_table()
    return {
        **{f"column {place} is {ascii(cell)[:30]}": _with_cell(cell, place) for cell in CELLS for place in (0, 1)},
        **{f"JSON of {ascii(cell)[:30]}": _record({"image": cell, "kind": cell}) for cell in CELLS},
        **{f"a column is called {ascii(name)[:30]}": sound.replace(b"kind", name.encode(), 1) for name in NAMES},
        **{f"separated by {mark!r}": sound.replace(b",", mark.encode()) for mark in SEPARATORS},
        **{f"begins with {mark!r}": mark + sound for mark in RAW},
        **{f"ends with {mark!r}": sound + mark for mark in RAW},
        **{f"has {mark!r} in a cell": sound.replace(b"cat", b"c" + mark + b"t") for mark in RAW},
        **{f"is {name}": sound.decode().encode(name) for name in ("utf-16", "utf-32", "utf-16-be", "utf-7", "gb18030")},
        "nothing": b"",
        "a line end": b"\n",
        "a million line ends": b"\n" * 1_000_000,
        "a header": HEAD,
        "only NUL": bytes(100_000),
        "quotes": b'"' * 100_001,
        "quotes and line ends": b'"\n' * 100_001,
        "commas": b"," * 100_000,
        "a record of line ends": HEAD + b'a.png,"' + b"\n" * 100_000 + b'",x,g,train,\n',
        "twice the same column": sound.replace(b"fine", b"kind", 1),
        "twins by case": HEAD + ROW + ROW.replace(b"cat", b"Cat") + ROW.replace(b"cat", b"CAT"),
        "twins by accents": HEAD + ROW.replace(b"cat", "é".encode()) + ROW.replace(b"cat", "e\u0301".encode()),
        "one class": HEAD + ROW * 10,
        "no class": HEAD + ROW.replace(b"cat", b"") * 10,
        "no split": HEAD + ROW.replace(b"train", b"") * 10,
        "no training": HEAD + ROW.replace(b"train", b"test") * 10,
        "a class of slashes": HEAD + ROW.replace(b"cat", b"a/b") + ROW.replace(b"cat,tabby", b"a,b/tabby"),
        "JSON of half a character": _record({"image": "\ud800.png"}) + _record({"kind": "\udcff"}),
        "JSON of half a name": _record({"\ud800": 1}),
        "JSON of NaN": b'{"image":NaN,"kind":Infinity,"fine":1e999,"group":-0.0,"split":"train"}\n' * 9,
        "JSON of a long number": b'{"image":"a","kind":%b,"fine":1,"group":1}\n' % (b"9" * 5000),
        "JSON twice on a line": b"{}{}\n",
        "JSON that is deep": b'{"image":' + b"[" * 100_000 + b"\n",
        "JSON with a key twice": b'{"image":"a","image":"b","kind":"c","fine":"d","group":"e"}\n' * 9,
        "a PNG": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100,
        "a zip archive": b"PK\x03\x04\x14\0\0\0\x08\0" + bytes(range(256)),
        "HTML": b"<!doctype html><html><body>sign in</body></html>\n",
    }


def _with_cell(cell: str, place: int) -> bytes:
    """Return a table in which one cell of a training sample is odd."""
    row = list(ROWS[0])
    row[place] = '"' + cell.replace('"', '""') + '"'
    return sound_table() + ",".join(row).encode("utf-8", "surrogatepass") + b"\n"


def _record(changes: dict[str, object]) -> bytes:
    return b"".join(json.dumps({**RECORD, "group": number, **changes}).encode() + b"\n" for number in range(6))


def large() -> Iterator[bytes]:
    """Yield tables that take as much time or memory as so many bytes can."""
    for unit in (b"a", b"\0", b",", b'"', b"\xc3\xa9", b"\xff", b"[", b"{", b'{"":', b"\r", b" ", b"\n,", b"a,b\n"):
        yield HEAD + unit * (30_000_000 // len(unit))
        yield unit * (6_000_000 // len(unit))
        yield b'{"image": "a", "kind": "' + unit * (3_900_000 // len(unit)) + b'"}\n'
        yield b'{"image": "a", "kind": [' + unit * (3_900_000 // len(unit)) + b"]}\n"
        yield (unit * (3_900_000 // len(unit)) + b"\n") * 4
    names = [b"kind%d" % number for number in range(300_000)]
    yield b",".join(names) + b"\n" + b"," * (len(names) - 1) + b"\n"
    yield b",".join([*names, b"image", b"kind", b"fine"]) + b"\n" + (b"," * (len(names) + 2) + b"\n") * 30
    yield b"kinds" * 20_000 + b"\n"
    yield b",".join([b"k" * 100_000] * 30) + b"\n"
    yield json.dumps({f"kind{number}": 1 for number in range(200_000)}).encode() + b"\n"
    yield HEAD + b"".join(b"%d.png,%d,%d,%d,train,\n" % ((number,) * 4) for number in range(300_000))
    yield HEAD + b"".join(b"a.png,cat,%d,g,,\n" % number for number in range(300_000))
    yield HEAD + ROW * 500_000


def manifests() -> Iterator[bytes]:
    """Yield all hostile tables."""
    yield from small().values()
    yield from large()
