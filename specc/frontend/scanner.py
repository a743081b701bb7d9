"""Where every key, table, item and value of a TOML 1.0 text stands.

`tomli` knows the values and no places; this knows the places and no values. It reads statement by statement, goes on
after a fault where that is honest, and never looks at a character more often than a few times.

Source: https://toml.io/en/v1.0.0
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from specc.paths import KeyPath
from specc.source import Origin, Source, Span

MAX_DEPTH: Final = 64
"""Steps of a path: parts of keys, inline tables and arrays."""

MAX_KEYS: Final = 10_000
MAX_PATHS: Final = 100_000
"""Keys and items of arrays together."""

MAX_FAULTS: Final = 20

_BLANKS = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_REST = re.compile(r"[^\r\n]*")
_UNCOMMENTED = re.compile(r"[^\r\n#]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_TOKEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[^ \t\r\n,\]}#]*|[^ \t\r\n,\]}#]*")
_WORD = re.compile(r"[^ \t\r\n,\]}#(\[]*(?:\([^()\r\n]*\)|\[[^\[\]\r\n]*\])?")

_DECIMAL = r"(?:0|[1-9](?:_?[0-9])*)"
_INTEGER = rf"(?:[+-]?{_DECIMAL}|0x[0-9A-Fa-f](?:_?[0-9A-Fa-f])*|0o[0-7](?:_?[0-7])*|0b[01](?:_?[01])*)"
_FLOAT = rf"[+-]?(?:inf|nan|{_DECIMAL}(?:\.[0-9](?:_?[0-9])*)?(?:[eE][+-]?[0-9](?:_?[0-9])*)?)"
_DATE = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"
_ZONE = r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
_WHOLE = re.compile(_INTEGER)
_SCALAR = re.compile(rf"true|false|{_INTEGER}|{_FLOAT}|{_DATE}(?:[Tt ]{_TIME}{_ZONE}?)?|{_TIME}")
_LIKE_A_MOMENT = re.compile(r"[0-9]+(?:-[0-9]|:)")
_LIKE_A_NUMBER = re.compile(r"[-+.0-9][-+.:_0-9a-fA-FoxTZ ]*")

_BASIC = re.compile(r'[^"\\\r\n]*+(?:\\[^\r\n][^"\\\r\n]*+)*+')
_BASIC_LINES = re.compile(r'[^"\\]*+(?:(?:\\[\s\S]|"(?!""))[^"\\]*+)*+')
_LITERAL = re.compile(r"[^'\r\n]*+")
_LITERAL_LINES = re.compile(r"[^']*+(?:'(?!'')[^']*+)*+")
_BODIES: Final = {'"': _BASIC, '"""': _BASIC_LINES, "'": _LITERAL, "'''": _LITERAL_LINES}
_PIECE = re.compile(r"\\(?:[ \t]*\r?\n[ \t\r\n]*|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[\s\S])|\r\n|[^\\\r]+|\r")
_LINE_ENDS = re.compile(r"\r\n|[^\r]+|\r")
_NAME = re.compile(r"[^ \t\r\n=.\]#]*")
_ESCAPES: Final = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}

_STATEMENT = re.compile(
    r"""^([ \t]*+)(?:[A-Za-z0-9_"'-][A-Za-z0-9_."' \t-]*+=|\[{1,2}[ \t]*+[A-Za-z_"'-][A-Za-z0-9_."' \t-]*+\])""",
    re.MULTILINE,
)


_WRONG_WORDS: Final = {
    "true": "bad-boolean",
    "false": "bad-boolean",
    "null": "no-null",
    "none": "no-null",
    "nil": "no-null",
}
_CURLY: Final = "\u201c\u201d\u201e\u2018\u2019\u00ab"
_OPENERS: Final = ("[", "{", '"""', "'''")
_FATAL: Final = ("too-deep", "too-many-keys", "too-many-items")


class Kind(StrEnum):
    """What a key names so far; the words are for people."""

    VALUE = "a value"
    IMPLICIT = "the start of a table's name"
    HEADER = "a table"
    DOTTED = "the start of a dotted key"
    LIST = "a list of tables"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in a text: what, where, the text in question, and the place that it conflicts with."""

    kind: str
    span: Span
    text: str = ""
    other: Span | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """The origins of all paths; they are complete when there is no fault."""

    origins: dict[KeyPath, Origin]
    faults: list[Fault]


class _FaultError(Exception):
    """A fault after which the statement cannot go on."""

    def __init__(self, kind: str, start: int, end: int, text: str = "") -> None:
        super().__init__(kind)
        self.fault = Fault(kind, Span(start, end), text)


@dataclass(frozen=True, slots=True)
class _Key:
    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class _String:
    text: str
    span: Span
    inside: range | tuple[int, ...]


@dataclass(slots=True)
class _Entry:
    """A key of the document, and what is under it; of a list of tables the last item and the number of them."""

    kind: Kind
    path: KeyPath
    span: Span
    children: dict[str, "_Entry"] = field(default_factory=dict)
    last: "_Entry | None" = None
    count: int = 0


def scan(source: Source) -> Scan:
    r"""Find the origin of every path in a TOML text.

    >>> scan(Source("x.toml", "[a]\nb = 1")).origins[KeyPath.parse("a.b")].value
    Span(start=8, end=9)
    """
    scanner = _Scanner(source)
    scanner.run()
    return Scan(scanner.origins, scanner.faults)


class _Scanner:
    """Read one text from its start to its end.

    `opened` holds the offsets of the brackets around the place that is being read.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.pos = 1 if source.text.startswith("\ufeff") else 0
        self.origins: dict[KeyPath, Origin] = {}
        self.faults: list[Fault] = []
        self.opened: list[int] = []
        self.keys = 0
        self.root = _Entry(Kind.HEADER, KeyPath(), Span(0, 0))
        self.table = self.root
        self.lost = False

    def run(self) -> None:
        """Read statements until the end, or until going on would be guessing."""
        self._skip(_GAP)
        while self.pos < len(self.text) and len(self.faults) < MAX_FAULTS:
            begin = self.pos
            try:
                self._statement()
            except _FaultError as error:
                fault = self._unclosed(error.fault, begin)
                self._note(fault)
                if not self._resume(fault, begin):
                    return
            self._skip(_GAP)

    # Statements

    def _statement(self) -> None:
        self.opened.clear()
        char = self._peek()
        if char == "[":
            self._header()
        elif char in "]}":
            raise _FaultError("closes-nothing", self.pos, self.pos + 1, char)
        else:
            self._assignment(self.table)
            self._end_of_line()

    def _header(self) -> None:
        begin, size = self.pos, 2 if self.text.startswith("[[", self.pos) else 1
        self.pos += size
        self._skip(_BLANKS)
        keys = self._key()
        if not self.text.startswith("]" * size, self.pos):
            raise self._bad_header(begin, size)
        self.pos += size
        self._end_of_line()
        self.table = self._open_list(keys) if size == 2 else self._open_table(keys)

    def _bad_header(self, begin: int, size: int) -> _FaultError:
        line = self._cut(self._find(_UNCOMMENTED, begin)).rstrip(" \t")
        name, close, _ = line[size:].partition("]" * size)
        if close:
            return _FaultError("bad-key", begin + size, begin + size + len(name), name)
        return _FaultError("open-header", begin, begin + len(line), "]" * size)

    def _assignment(self, table: _Entry) -> None:
        begin = self.pos
        keys = self._key()
        if self._peek() != "=":
            raise self._without_equals(begin)
        self.pos += 1
        self._skip(_BLANKS)
        entry = self._assign(self._descend(table, keys[:-1], dotted=True), keys[-1])
        self._value(entry.path, keys[-1].span)

    def _end_of_line(self) -> None:
        after = self.pos
        self._skip(_BLANKS)
        if self._peek() in ("", "#", "\n", "\r"):
            self.pos = self._find(_REST).end
            return
        rest = self._find(_REST)
        raise _FaultError("more-text", max(after, self.pos), rest.end, self._cut(rest))

    def _without_equals(self, begin: int) -> _FaultError:
        line = self._find(_UNCOMMENTED, begin)
        name, equals, _ = self._cut(line).partition("=")
        name = name.rstrip(" \t")
        if self._peek() == ":":
            return _FaultError("colon", self.pos, self.pos + 1, name.partition(":")[0])
        if equals and not set(name) & set("\"'[{:"):
            return _FaultError("bad-key", begin, begin + len(name), name)
        return _FaultError("no-equals", begin, begin + len(name), name)

    # Keys and tables

    def _key(self) -> list[_Key]:
        parts = [self._key_part()]
        self._skip(_BLANKS)
        while self._peek() == ".":
            self.pos += 1
            self._skip(_BLANKS)
            parts.append(self._key_part())
            self._skip(_BLANKS)
        return parts

    def _key_part(self) -> _Key:
        begin, char = self.pos, self._peek()
        if char and char in "\"'":
            name = self._string(char).text
            return _Key(name, Span(begin, self.pos))
        bare = _BARE_KEY.match(self.text, begin)
        if bare is None:
            raise self._without_key()
        self.pos = bare.end()
        return _Key(bare[0], Span(begin, self.pos))

    def _without_key(self) -> _FaultError:
        begin, char = self.pos, self._peek()
        if char in ("", "=", "]", "\r", "\n", "#", "}", ",", "."):
            return _FaultError("no-key", begin, begin + 1 if char.strip() else begin)
        name = self._cut(self._find(_NAME))
        return _FaultError("bad-key", begin, begin + len(name), name)

    def _descend(self, table: _Entry, keys: list[_Key], *, dotted: bool) -> _Entry:
        for key in keys:
            table = self._enter(table, key, dotted=dotted)
        return table

    def _enter(self, table: _Entry, key: _Key, *, dotted: bool) -> _Entry:
        kind = Kind.DOTTED if dotted else Kind.IMPLICIT
        entry = table.children.get(key.name)
        if entry is None:
            return self._add(table, key, kind)
        if entry.kind is Kind.VALUE or (dotted and entry.kind in (Kind.HEADER, Kind.LIST)):
            return self._clash(entry, key, kind)
        if entry.last is not None:
            return entry.last
        entry.kind = Kind.DOTTED if dotted else entry.kind
        return entry

    def _open_table(self, keys: list[_Key]) -> _Entry:
        table, key = self._descend(self.root, keys[:-1], dotted=False), keys[-1]
        entry = table.children.get(key.name)
        if entry is None:
            return self._add(table, key, Kind.HEADER)
        if entry.kind is not Kind.IMPLICIT:
            return self._clash(entry, key, Kind.HEADER)
        entry.kind, entry.span = Kind.HEADER, key.span
        self._remember(entry.path, key.span, key.span)
        return entry

    def _open_list(self, keys: list[_Key]) -> _Entry:
        table, key = self._descend(self.root, keys[:-1], dotted=False), keys[-1]
        entry = table.children.get(key.name) or self._add(table, key, Kind.LIST)
        if entry.kind is not Kind.LIST:
            return self._clash(entry, key, Kind.LIST)
        entry.last = _Entry(Kind.HEADER, self._child(entry.path, entry.count, key.span), key.span)
        entry.count += 1
        self._remember(entry.last.path, key.span, key.span)
        return entry.last

    def _assign(self, table: _Entry, key: _Key) -> _Entry:
        entry = table.children.get(key.name)
        return self._clash(entry, key, Kind.VALUE) if entry else self._add(table, key, Kind.VALUE)

    def _add(self, table: _Entry, key: _Key, kind: Kind) -> _Entry:
        self.keys += 1
        if self.keys > MAX_KEYS:
            raise _FaultError("too-many-keys", key.span.start, key.span.end)
        entry = _Entry(kind, self._child(table.path, key.name, key.span), key.span)
        table.children[key.name] = entry
        self._remember(entry.path, key.span, key.span)
        return entry

    def _clash(self, entry: _Entry, key: _Key, kind: Kind) -> _Entry:
        """Note that a key is taken, and return a table outside the document for what follows."""
        if not self.lost:
            self._note(Fault(_clash_kind(entry.kind, kind), key.span, _clash_text(entry, key, kind), entry.span))
        return _Entry(kind, entry.path, key.span)

    def _child(self, path: KeyPath, part: str | int, place: Span) -> KeyPath:
        if len(path) >= MAX_DEPTH:
            raise _FaultError("too-deep", place.start, place.end)
        return path.child(part)

    def _remember(
        self, path: KeyPath, key: Span | None, value: Span, inside: range | tuple[int, ...] | None = None
    ) -> None:
        if len(self.origins) >= MAX_PATHS:
            raise _FaultError("too-many-items", value.start, value.end)
        self.origins[path] = Origin("file", self.source, key, value, inside)

    # Values

    def _value(self, path: KeyPath, key: Span | None) -> None:
        char = self._peek()
        if char and char in "\"'":
            long = self.text.startswith(char * 3, self.pos)
            string = self._string(char * 3 if long else char)
            self._remember(path, key, string.span, string.inside)
        elif char == "[":
            self._remember(path, key, self._array(path))
        elif char == "{":
            self._remember(path, key, self._inline_table(path))
        else:
            self._remember(path, key, self._scalar())

    def _array(self, path: KeyPath) -> Span:
        def item(index: int) -> None:
            self._value(self._child(path, index, Span(self.pos, self.pos + 1)), None)

        return self._items("]", _GAP, item)

    def _inline_table(self, path: KeyPath) -> Span:
        table = _Entry(Kind.HEADER, path, Span(self.pos, self.pos))

        def item(index: int) -> None:
            if index and self._peek() == "}":
                raise _FaultError("last-comma", self.pos, self.pos + 1)
            self._assignment(table)

        return self._items("}", _BLANKS, item)

    def _items(self, close: str, gap: re.Pattern[str], item: Callable[[int], None]) -> Span:
        begin, index = self.pos, 0
        self.opened.append(begin)
        self.pos += 1
        self._skip(gap)
        comma = False
        while self._peek() != close or (comma and close == "}"):
            item(index)
            index += 1
            self._skip(gap)
            comma = self._comma(close)
            self._skip(gap)
        self.opened.pop()
        self.pos += 1
        return Span(begin, self.pos)

    def _comma(self, close: str) -> bool:
        char = self._peek()
        if char == ",":
            self.pos += 1
        elif char and char in "]}" and char != close:
            opened = self.opened[-1]
            raise _FaultError("open-array" if close == "]" else "open-inline-table", opened, opened + 1)
        elif char != close:
            raise _FaultError("no-comma", self.pos, self.pos + len(char.strip()))
        return char == ","

    def _scalar(self) -> Span:
        token = self._find(_TOKEN)
        text = self._cut(token)
        if not _SCALAR.fullmatch(text):
            raise self._not_a_value(token)
        self.pos = token.end
        self._check_unit(token)
        if not _fits(text):
            self._note(Fault("integer-range", token, text))
        return token

    def _check_unit(self, token: Span) -> None:
        """Refuse `5 epochs` as a whole: it is an expression without quotes, not a number with text after it."""
        if self.opened:
            return
        rest = self._cut(self._find(_UNCOMMENTED)).rstrip(" \t")
        if rest and "=" not in rest:
            raise _FaultError("bare-text", token.start, token.end + len(rest), self._cut(token) + rest)

    def _not_a_value(self, token: Span) -> _FaultError:
        text = self._cut(token)
        if not text:
            return _FaultError("no-value", token.start, token.start)
        kind = _WRONG_WORDS.get(text.lower()) or ("curly-quotes" if text[0] in _CURLY else None)
        if _LIKE_A_NUMBER.fullmatch(text):
            kind = "bad-date" if _LIKE_A_MOMENT.match(text) else "bad-number"
        if kind:
            return _FaultError(kind, token.start, token.end, text)
        whole = self._cut(self._find(_WORD if self.opened else _UNCOMMENTED)).rstrip(" \t") or text
        return _FaultError("bare-text", token.start, token.start + len(whole), whole)

    # Strings

    def _string(self, quotes: str) -> _String:
        begin = self.pos + len(quotes)
        if len(quotes) == 3:
            begin += 2 if self.text.startswith("\r\n", begin) else self.text.startswith("\n", begin)
        body = self._find(_BODIES[quotes], begin)
        if not self.text.startswith(quotes, body.end):
            raise _FaultError("open-string", self.pos, self._find(_REST).end, quotes)
        closing = self._closing(quotes, body.end)
        self.pos = closing + len(quotes)
        return self._decoded(Span(begin, closing), escapes=quotes[0] == '"')

    def _closing(self, quotes: str, end: int) -> int:
        """Return where the closing quotes begin; up to two more in front of them belong to the string."""
        extra = 0
        while len(quotes) == 3 and extra < 2 and self.text.startswith(quotes, end + extra + 1):
            extra += 1
        return end + extra

    def _decoded(self, span: Span, *, escapes: bool) -> _String:
        content = self._cut(span)
        if "\r" not in content and not (escapes and "\\" in content):
            return _String(content, span, range(span.start, span.end + 1))
        characters: list[str] = []
        marks: list[int] = []
        for piece in (_PIECE if escapes else _LINE_ENDS).finditer(content):
            text, start = piece[0], span.start + piece.start()
            decoded = self._unescaped(text, start) if text[0] == "\\" and escapes else text.replace("\r\n", "\n")
            characters.append(decoded)
            marks += [start] if len(decoded) == 1 else range(start, start + len(decoded))
        return _String("".join(characters), span, (*marks, span.end))

    def _unescaped(self, text: str, start: int) -> str:
        letter = text[1]
        if letter in "uU" and len(text) > 2:
            code = int(text.lstrip("\\uU"), 16)
            if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF:
                return chr(code)
            self._note(Fault("bad-character", Span(start, start + len(text)), text))
            return "?"
        if letter in _ESCAPES:
            return _ESCAPES[letter]
        if "\n" not in text:
            self._note(Fault("bad-escape", Span(start, start + len(text)), text))
        return ""

    # Going on after a fault

    def _unclosed(self, fault: Fault, begin: int) -> Fault:
        """Blame the open bracket when what is wrong is that the next statement, or the end, came too early."""
        if not self.opened or fault.kind in (*_FATAL, "open-string"):
            return fault
        opened, place = self.opened[-1], fault.span.start
        inline = self.text[opened] == "{"
        line = self.text.rfind("\n", 0, place) + 1
        if self._find(_GAP, place).end == len(self.text):
            self.pos = len(self.text)
        elif line > begin and self._is_statement(line, begin):
            self.pos = line
            # A header inside an array reads as arrays of its own.
            opened = max(offset for offset in self.opened if offset < line)
            inline = self.text[opened] == "{"
        elif not inline or fault.kind == "no-value" or self.text[place] not in "\r\n#":
            return fault
        return Fault("open-inline-table" if inline else "open-array", Span(opened, opened + 1))

    def _is_statement(self, line: int, begin: int) -> bool:
        match = _STATEMENT.match(self.text, line)
        return match is not None and len(match[1]) <= self._indent(begin)

    def _indent(self, begin: int) -> int:
        return begin - (self.text.rfind("\n", 0, begin) + 1)

    def _resume(self, fault: Fault, begin: int) -> bool:
        """Go to a line where reading can go on without being misled by the fault; False when there is none."""
        if fault.kind in _FATAL:
            return False
        if self.text[begin] == "[":
            # Whatever follows belongs to a table of unknown name.
            self.lost, self.table = True, _Entry(Kind.HEADER, KeyPath(), fault.span)
        seen = max(self.pos, fault.span.start, begin + 1)
        rest = self._find(_REST, seen)
        if fault.kind == "open-string" or self.opened or any(mark in self._cut(rest) for mark in _OPENERS):
            return self._next_statement(fault, begin, seen)
        self.pos = rest.end
        return True

    def _next_statement(self, fault: Fault, begin: int, seen: int) -> bool:
        for match in _STATEMENT.finditer(self.text, seen):
            # The lines of an inline table that was meant to be long look like statements.
            inside = fault.kind == "open-inline-table" and not match[0].endswith("]") and match.start() > seen
            if len(match[1]) <= self._indent(begin) and not inside:
                between = self.text[seen : match.start()]
                self.pos = match.start()
                return '"""' not in between and "'''" not in between
        return False

    # The text

    def _peek(self) -> str:
        return self.text[self.pos : self.pos + 1]

    def _skip(self, pattern: re.Pattern[str]) -> None:
        self.pos = self._find(pattern).end

    def _find(self, pattern: re.Pattern[str], start: int | None = None) -> Span:
        match = pattern.match(self.text, self.pos if start is None else start)
        return Span(*match.span()) if match else Span(self.pos, self.pos)

    def _cut(self, span: Span) -> str:
        return self.text[span.start : span.end]

    def _note(self, fault: Fault) -> None:
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(fault)


def _fits(text: str) -> bool:
    """Tell whether a whole number has at most 64 bits, as TOML asks; other values fit.

    >>> _fits("9_223_372_036_854_775_807"), _fits("0x8000_0000_0000_0000")
    (True, False)
    """
    digits = text.replace("_", "")
    if not _WHOLE.fullmatch(text):
        return True
    # A longer decimal number is out of range anyway, and Python refuses to read a very long one.
    return (len(digits) <= 20 or digits[1:2] in "xob") and -(2**63) <= int(digits, 0) < 2**63


def _clash_kind(old: Kind, new: Kind) -> str:
    if old is new is Kind.VALUE:
        return "key-twice"
    return "table-twice" if old is new is Kind.HEADER else "two-meanings"


def _clash_text(entry: _Entry, key: _Key, new: Kind) -> str:
    if entry.kind is new is Kind.VALUE:
        return key.name
    if entry.kind is new is Kind.HEADER:
        return str(entry.path)
    return f"`{key.name}` is {entry.kind} and {new}"
