"""Where every key, table, item and value of a TOML 1.0 text stands.

`tomli` knows the values and no places; this knows the places and no values. It reads statement by statement, goes on
after a fault where that is honest, and never looks at a character more often than a few times.

Source: https://toml.io/en/v1.0.0
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from specc.frontend.faults import MAX_DEPTH, MAX_FAULTS, MAX_KEYS, MAX_PATHS, Fault, FaultError, fault
from specc.frontend.toml_tables import Entry, Kind, clash_kind, clash_text
from specc.frontend.toml_tokens import BLANKS, GAP, REST, UNCOMMENTED, Key, Tokens
from specc.paths import KeyPath
from specc.source import Origin, Source, Span

_STATEMENT: Final = (
    r"""(?m)^([ \t]*+)(?:[A-Za-z0-9_"'-][A-Za-z0-9_."' \t-]*+=|\[{1,2}[ \t]*+[A-Za-z_"'-][A-Za-z0-9_."' \t-]*+\])"""
)
_FATAL: Final = ("too-deep", "too-many-keys", "too-many-items")
_OPENERS: Final = ("[", "{", '"""', "'''")


class Scan(NamedTuple):
    """The origins of all paths; they are complete when there is no fault."""

    origins: dict[KeyPath, Origin]
    faults: list[Fault]


def scan(source: Source) -> Scan:
    r"""Find the origin of every path in a TOML text.

    >>> scan(Source("x.toml", "[a]\nb = 1")).origins[KeyPath.parse("a.b")].value
    Span(start=8, end=9)
    """
    scanner = _Scanner(source)
    scanner.run()
    return Scan(scanner.origins, scanner.faults)


class _Scanner(Tokens):
    """Read one text from its start to its end."""

    def __init__(self, source: Source) -> None:
        super().__init__(source.text)
        self.source = source
        self.origins: dict[KeyPath, Origin] = {}
        self.keys = 0
        self.root = Entry(Kind.HEADER, KeyPath(), Span(0, 0))
        self.table = self.root
        self.lost = False

    def run(self) -> None:
        """Read statements until the end, or until going on would be guessing."""
        self._skip(GAP)
        while self.pos < len(self.text) and len(self.faults) < MAX_FAULTS:
            begin = self.pos
            try:
                self._statement()
            except FaultError as error:
                fault = self._unclosed(error.fault, begin)
                self._note(fault)
                if not self._resume(fault, begin):
                    return
            self._skip(GAP)

    # Statements

    def _statement(self) -> None:
        self.opened.clear()
        char = self._peek()
        if char == "[":
            self._header()
        elif char in "]}":
            raise fault("closes-nothing", self.pos, self.pos + 1, char)
        else:
            self._assignment(self.table)
            self._end_of_line()

    def _header(self) -> None:
        begin, size = self.pos, 2 if self.text.startswith("[[", self.pos) else 1
        self.pos += size
        self._skip(BLANKS)
        keys = self._key()
        if not self.text.startswith("]" * size, self.pos):
            raise self._bad_header(begin, size)
        self.pos += size
        self._end_of_line()
        self.table = self._open_list(keys) if size == 2 else self._open_table(keys)

    def _bad_header(self, begin: int, size: int) -> FaultError:
        line = self._cut(self._find(UNCOMMENTED, begin)).rstrip(" \t")
        name, close, _ = line[size:].partition("]" * size)
        if close:
            return fault("bad-key", begin + size, begin + size + len(name), name)
        return fault("open-header", begin, begin + len(line), "]" * size)

    def _assignment(self, table: Entry) -> None:
        begin = self.pos
        keys = self._key()
        if self._peek() != "=":
            raise self._without_equals(begin)
        self.pos += 1
        self._skip(BLANKS)
        entry = self._assign(self._descend(table, keys[:-1], dotted=True), keys[-1])
        self._value(entry.path, keys[-1].span)

    def _end_of_line(self) -> None:
        after = self.pos
        self._skip(BLANKS)
        if self._peek() in ("", "#", "\n", "\r"):
            self.pos = self._find(REST).end
            return
        rest = self._find(REST)
        raise fault("more-text", max(after, self.pos), rest.end, self._cut(rest))

    def _without_equals(self, begin: int) -> FaultError:
        line = self._find(UNCOMMENTED, begin)
        name, equals, _ = self._cut(line).partition("=")
        name = name.rstrip(" \t")
        if self._peek() == ":":
            return fault("colon", self.pos, self.pos + 1, name.partition(":")[0])
        if equals and not set(name) & set("\"'[{:"):
            return fault("bad-key", begin, begin + len(name), name)
        return fault("no-equals", begin, begin + len(name), name)

    # Tables

    def _descend(self, table: Entry, keys: list[Key], *, dotted: bool) -> Entry:
        for key in keys:
            table = self._enter(table, key, dotted=dotted)
        return table

    def _enter(self, table: Entry, key: Key, *, dotted: bool) -> Entry:
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

    def _open_table(self, keys: list[Key]) -> Entry:
        table, key = self._descend(self.root, keys[:-1], dotted=False), keys[-1]
        entry = table.children.get(key.name)
        if entry is None:
            return self._add(table, key, Kind.HEADER)
        if entry.kind is not Kind.IMPLICIT:
            return self._clash(entry, key, Kind.HEADER)
        entry.kind, entry.span = Kind.HEADER, key.span
        self._remember(entry.path, key.span, key.span)
        return entry

    def _open_list(self, keys: list[Key]) -> Entry:
        table, key = self._descend(self.root, keys[:-1], dotted=False), keys[-1]
        entry = table.children.get(key.name) or self._add(table, key, Kind.LIST)
        if entry.kind is not Kind.LIST:
            return self._clash(entry, key, Kind.LIST)
        entry.last = Entry(Kind.HEADER, self._child(entry.path, entry.count, key.span), key.span)
        entry.count += 1
        self._remember(entry.last.path, key.span, key.span)
        return entry.last

    def _assign(self, table: Entry, key: Key) -> Entry:
        entry = table.children.get(key.name)
        return self._clash(entry, key, Kind.VALUE) if entry else self._add(table, key, Kind.VALUE)

    def _add(self, table: Entry, key: Key, kind: Kind) -> Entry:
        self.keys += 1
        if self.keys > MAX_KEYS:
            raise fault("too-many-keys", key.span.start, key.span.end)
        entry = Entry(kind, self._child(table.path, key.name, key.span), key.span)
        table.children[key.name] = entry
        self._remember(entry.path, key.span, key.span)
        return entry

    def _clash(self, entry: Entry, key: Key, kind: Kind) -> Entry:
        """Note that a key is taken, and return a table outside the document for what follows."""
        if not self.lost:
            self._note(Fault(clash_kind(entry.kind, kind), key.span, clash_text(entry, key, kind), entry.span))
        return Entry(kind, entry.path, key.span)

    def _child(self, path: KeyPath, part: str | int, place: Span) -> KeyPath:
        if len(path) >= MAX_DEPTH:
            raise fault("too-deep", place.start, place.end)
        return path.child(part)

    def _remember(
        self, path: KeyPath, key: Span | None, value: Span, inside: range | tuple[int, ...] | None = None
    ) -> None:
        if len(self.origins) >= MAX_PATHS:
            raise fault("too-many-items", value.start, value.end)
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

        return self._items("]", GAP, item)

    def _inline_table(self, path: KeyPath) -> Span:
        table = Entry(Kind.HEADER, path, Span(self.pos, self.pos))

        def item(index: int) -> None:
            if index and self._peek() == "}":
                raise fault("last-comma", self.pos, self.pos + 1)
            self._assignment(table)

        return self._items("}", BLANKS, item)

    def _items(self, close: str, gap: str, item: Callable[[int], None]) -> Span:
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
            raise fault("open-array" if close == "]" else "open-inline-table", opened, opened + 1)
        elif char != close:
            raise fault("no-comma", self.pos, self.pos + len(char.strip()))
        return char == ","

    # Going on after a fault

    def _unclosed(self, fault: Fault, begin: int) -> Fault:
        """Blame the open bracket when what is wrong is that the next statement, or the end, came too early."""
        if not self.opened or fault.kind in (*_FATAL, "open-string"):
            return fault
        opened, place = self.opened[-1], fault.span.start
        inline = self.text[opened] == "{"
        line = self.text.rfind("\n", 0, place) + 1
        if self._find(GAP, place).end == len(self.text):
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
        match = re.compile(_STATEMENT).match(self.text, line)
        return match is not None and len(match[1]) <= self._indent(begin)

    def _indent(self, begin: int) -> int:
        return begin - (self.text.rfind("\n", 0, begin) + 1)

    def _resume(self, fault: Fault, begin: int) -> bool:
        """Go to a line where reading can go on without being misled by the fault; False when there is none."""
        if fault.kind in _FATAL:
            return False
        if self.text[begin] == "[":
            # Whatever follows belongs to a table of unknown name.
            self.lost, self.table = True, Entry(Kind.HEADER, KeyPath(), fault.span)
        seen = max(self.pos, fault.span.start, begin + 1)
        rest = self._find(REST, seen)
        if fault.kind == "open-string" or self.opened or any(mark in self._cut(rest) for mark in _OPENERS):
            return self._next_statement(fault, begin, seen)
        self.pos = rest.end
        return True

    def _next_statement(self, fault: Fault, begin: int, seen: int) -> bool:
        for match in re.compile(_STATEMENT).finditer(self.text, seen):
            # The lines of an inline table that was meant to be long look like statements.
            inside = fault.kind == "open-inline-table" and not match[0].endswith("]") and match.start() > seen
            if len(match[1]) <= self._indent(begin) and not inside:
                between = self.text[seen : match.start()]
                self.pos = match.start()
                return '"""' not in between and "'''" not in between
        return False
