"""The plain lines of the .specc notation: `key value`, and `key { ... }` for a table."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from specc.diagnostics.suggest import closest
from specc.frontend.faults import MAX_FAULTS, Fault, FaultError, fault
from specc.frontend.pieces import Piece, behind, groups, read_key, span_of
from specc.frontend.statements import Statement
from specc.frontend.toml_tokens import Key
from specc.frontend.tree import TreeBuilder
from specc.frontend.values import Value, ValueReader, Word
from specc.paths import KeyPath
from specc.source import Source, Span

FATAL: Final = ("too-deep", "too-many-keys", "too-many-items")
"""After these, every line would be one too many."""

_SIGNS: Final = {"=": "equals", ":": "colon"}
_HEADER: Final = re.compile(r"(\[{1,2})([\w.\"' -]+)\]{1,2}")


class Line(NamedTuple):
    """A statement whose key is read, and what stands behind the key."""

    keys: list[Key]
    rest: list[Piece]
    block: tuple[Statement, ...] | None
    span: Span

    @property
    def keyword(self) -> Key:
        """Return the first step of the key."""
        return self.keys[0]


Form = Callable[["Reader", Line, KeyPath], None]
"""Reads a line that is short for something, in the table at a path."""

Forms = Mapping[tuple[str, str], Form]
"""Forms by the kind of the table around them and their first word."""


class Reader(TreeBuilder):
    """Builds the tree of one text, and collects what is wrong with it."""

    def __init__(self, source: Source, forms: Forms) -> None:
        super().__init__(source)
        self.forms = forms
        self.values = ValueReader(source.text)
        self.faults = self.values.faults

    def body(self, statements: Sequence[Statement], path: KeyPath) -> None:
        """Read the statements of the table at `path`."""
        for statement in statements:
            if len(self.faults) >= MAX_FAULTS or any(last.kind in FATAL for last in self.faults[-1:]):
                return
            try:
                self._statement(statement, path)
            except FaultError as error:
                self.faults.append(error.fault)

    def _statement(self, statement: Statement, path: KeyPath) -> None:
        line = read_line(self.source.text, statement)
        is_quoted = self.source.text[line.keyword.span.start] in "\"'"
        form = self.forms.get((scope(path), line.keyword.name))
        if form and len(line.keys) == 1 and not is_quoted:
            form(self, line, path)
        else:
            self.plain(line, path)

    def plain(self, line: Line, path: KeyPath) -> None:
        """Read `key value` and `key { ... }`; the key may be dotted."""
        *outer, last = line.keys
        if line.block is not None and line.rest:
            raise self._value_and_block(last, path)
        for key in outer:
            path = path.child(key.name)
            self.table(path, key.span)
        path = path.child(last.name)
        if line.block is not None:
            self.block(path, last.span, line.span)
            self.body(line.block, path)
        else:
            self.put(path, last.span, self.value(line))

    def _value_and_block(self, key: Key, path: KeyPath) -> FaultError:
        meant = closest(key.name, [word for place, word in self.forms if place == scope(path)])
        return wrong("value-and-block", key, f"did you mean `{meant}`?" if meant else "")

    def value(self, line: Line) -> Value:
        """Read all that stands behind the key of a line as one value."""
        end = line.keys[-1].span.end
        if not line.rest:
            raise fault("no-value", end, end)
        return self.values.read(line.rest)

    def note(self, kind: str, about: Key | Word, remedy: str = "") -> None:
        """Note what is wrong with a word, and go on."""
        self.faults.append(wrong(kind, about, remedy).fault)

    def put_word(self, path: KeyPath, key: Span, word: Word) -> None:
        """Set the value at `path` to a word of a line."""
        self.put(path, key, self.values.read(word.pieces))


def wrong(kind: str, about: Key | Word, remedy: str = "") -> FaultError:
    """Return the error of a fault in a word, after which its line cannot go on."""
    return FaultError(Fault(kind, about.span, about.name, None, remedy))


def read_line(text: str, statement: Statement) -> Line:
    """Part a statement into its key and what stands behind it.

    Raises: FaultError when it begins with no key, or something other than a blank follows the key.
    """
    first = statement.pieces[0]
    if first.kind == "LSQB":
        raise _header(text, span_of(statement.pieces))
    keys = read_key(text, first.span.start)
    key = Span(keys[0].span.start, keys[-1].span.end)
    rest = behind(statement.pieces, key.end)
    if rest and rest[0].text[0] in _SIGNS:
        raise _sign(text, key, rest, statement)
    if rest and rest[0].span.start == key.end:
        raise _touching(text, key, rest[0])
    return Line(keys, rest, statement.block, statement.span)


def _header(text: str, span: Span) -> FaultError:
    header = _HEADER.fullmatch(text[span.start : span.end])
    if header is None:
        return fault("no-key", span.start, span.start + 1)
    line = f"{header[2]} {{ ... }}" if header[1] == "[" else "stage NAME { ... }"
    remedy = f"write `{line}`; a file of TOML ends in .toml"
    return FaultError(Fault("header", span, header[0], None, remedy))


def _sign(text: str, key: Span, rest: Sequence[Piece], statement: Statement) -> FaultError:
    """Return the fault of a sign behind a key, with the line as it should be."""
    sign = Span(rest[0].span.start, rest[0].span.start + 1)
    pieces = behind(rest, sign.end)
    kinds = [group[0].kind for group in groups(pieces)]
    is_block = not pieces and (statement.block is not None or text[sign.start] == ":")
    value = "{ ... }" if is_block else "value"
    if pieces and len(kinds) <= 2 and "COMMA" not in kinds:
        value = text[slice(*span_of(pieces))]
    name = text[key.start : key.end]
    return FaultError(Fault(_SIGNS[text[sign.start]], sign, name, None, f"write `{name} {value}`"))


def _touching(text: str, key: Span, piece: Piece) -> FaultError:
    """Return the fault of something that stands right behind a key."""
    kind = {"LPAR": "no-key-of-call", "TEXT": "bad-key"}.get(piece.kind, "no-blank")
    end = key.end
    if kind == "bad-key":
        end = piece.span.start + len(piece.text.split(" ")[0])
    return fault(kind, key.start, end, text[key.start : end])


def scope(path: KeyPath) -> str:
    """Return the kind of a table: `spec`, which a profile is, too, `stage`, or its name.

    >>> scope(KeyPath(("profiles", "debug"))), scope(KeyPath(("stages", 0))), scope(KeyPath(("data", "labels")))
    ('spec', 'stage', 'data.labels')
    """
    inner = path[2:] if path[:1] == ("profiles",) else path
    if not inner:
        return "spec" if len(path) != 1 else "profiles"
    if inner[0] == "defaults" or (inner[0] == "stages" and len(inner) == 2):
        return "stage"
    return str(KeyPath(inner))
