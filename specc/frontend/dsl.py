"""The .specc notation to a Document of the same shape that TOML gives.

Every line is `key value`, or `key { ... }` for a table, as in TOML; the forms below are short for what a protocol says
most. docs/language.md has a table of them. Nothing here knows what keys there are: that is the models' business.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from specc.diagnostics.model import Diagnostics
from specc.diagnostics.suggest import did_you_mean
from specc.frontend.faults import MAX_FAULTS, Fault, FaultError, Words, diagnostic, fault, unreadable
from specc.frontend.statements import Piece, Statement, read_statements
from specc.frontend.tree import TreeBuilder
from specc.frontend.values import Value, ValueReader
from specc.paths import KeyPath
from specc.source import Document, Source, Span

WORDS: Final[dict[str, Words]] = {
    "bad-key": Words("`{text}` cannot be a key", "keys are letters, digits, `_` and `-`; others stand in quotes"),
    "colon": Words("`{text}` is followed by `:`", "write `{text} value`"),
    "equals": Words("`{text}` is followed by `=`", "write `{text} value`"),
    "more-text": Words("the line goes on after its end: `{text}`", "begin a line of its own"),
    "more-words": Words("`{text}` means nothing here", "remove it, or put it inside the block"),
    "no-block": Words("`{text}` has no block", "write `{{` and `}}` around what belongs to it"),
    "no-equals": Words("`{text}` has no `=`", "inside an array, a table is `{{ key = value }}`"),
    "no-key": Words("a block has no name", "write one in front of `{{`", label="a name belongs here"),
    "no-list": Words("`{text}` is a list, and this line sets a part of it", "write one entry a line"),
    "no-name": Words("`{text}` has no name", "write `{text} NAME`"),
    "no-table": Words("`{text}` is a value, and this line sets a part of it", "keep one of them", other="set here"),
    "open-block": Words("the block is not closed: its `}}` is missing", "end it with `}}`", label="opened here"),
    "open-round": Words("`(` is never closed", "add `)`", label="opened here"),
    "value-and-block": Words("`{text}` has both a value and a block", "keep one of them"),
}
"""What only this notation can get wrong."""

FATAL: Final = ("too-deep", "too-many-keys", "too-many-items")
"""After these, every line would be one too many."""

Form = Callable[["_Reader", Statement, KeyPath], None]


def parse(source: Source, problems: Diagnostics) -> Document | None:
    """Read a .specc text; None when something is wrong with it, which is then among `problems`."""
    faults = unreadable(source.text)
    reader = _Reader(source)
    if not faults:
        found = read_statements(source.text)
        faults = found.faults or reader.document(found.statements)
    for found_fault in faults[:MAX_FAULTS]:
        problems.add(diagnostic(source, found_fault, WORDS, "specc-syntax"))
    return None if faults else Document(source, reader.tree, reader.origins)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a line that is not read as a value: a keyword, or a name."""

    text: str
    span: Span
    piece: Piece

    def says(self, keyword: str) -> bool:
        """Say whether this is a keyword; a text in quotes is none."""
        return self.text == keyword and self.piece.kind == "TEXT"


class _Reader(TreeBuilder):
    """Builds the tree of one text."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.values = ValueReader(source.text)
        self.faults = self.values.faults

    def document(self, statements: Sequence[Statement]) -> list[Fault]:
        """Read all statements; return what is wrong."""
        self.body(statements, KeyPath())
        return self.faults

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
        form = FORMS.get((scope(path), statement.pieces[0].text.split(maxsplit=1)[0]), _Reader.plain)
        form(self, statement, path)

    def plain(self, statement: Statement, path: KeyPath) -> None:
        """Read `key value` and `key { ... }`; the key may be dotted."""
        keys, rest = self._key(statement.pieces)
        *outer, last = keys
        for key in outer:
            path = path.child(key.text)
            self.table(path, key.span)
        if statement.block is not None and rest:
            raise _fault("value-and-block", last)
        if statement.block is not None:
            self.block(path.child(last.text), last.span, statement.span)
            self.body(statement.block, path.child(last.text))
        elif rest:
            self.put(path.child(last.text), last.span, self.values.read(rest))
        else:
            raise fault("no-value", last.span.end, last.span.end)

    def _key(self, pieces: Sequence[Piece]) -> tuple[list[Word], list[Piece]]:
        """Part a line into the steps of its key and the pieces behind them."""
        keys, rest, dot = list[Word](), list(pieces), True
        while rest and dot:
            piece = rest.pop(0)
            if piece.kind == "STRING":
                keys.append(Word(self.values.string(piece).data, piece.span, piece))
                dot = bool(rest) and rest[0].text.startswith(".") and rest[0].span.start == piece.span.end
                continue
            first, behind = _first_word(piece)
            rest = [*behind, *rest]
            keys += _steps(first)
            dot = first.text.endswith(".") and bool(rest) and rest[0].span.start == first.span.end
        if not keys:
            raise fault("bad-key", pieces[0].span.start, pieces[0].span.end, pieces[0].text)
        self._no_sign(keys[-1], rest)
        return keys, rest

    def _no_sign(self, key: Word, rest: Sequence[Piece]) -> None:
        sign = {"=": "equals", ":": "colon"}.get(rest[0].text[:1]) if rest else None
        if sign:
            raise _fault(sign, key)

    # What the forms are made of

    def words(self, statement: Statement) -> list[Word]:
        """Return the words of a line; each piece that is not a bare text is one."""
        found: list[Word] = []
        for piece in statement.pieces:
            if piece.kind != "TEXT":
                text = self.values.string(piece).data if piece.kind == "STRING" else piece.text
                found.append(Word(text, piece.span, piece))
                continue
            behind = [piece]
            while behind:
                word, behind = _first_word(behind[0])
                found.append(word)
        return found

    def value(self, word: Word) -> Value:
        """Return a word as a value."""
        return self.values.read([word.piece])

    # Forms

    def experiment(self, statement: Statement, path: KeyPath) -> None:
        """Read `experiment NAME`."""
        keyword, rest = _first_word(statement.pieces[0])
        pieces = [*rest, *statement.pieces[1:]]
        if not pieces or statement.block is not None:
            raise _fault("no-name" if not pieces else "value-and-block", keyword)
        self.put(path.child("name"), keyword.span, self.values.read(pieces))

    def data(self, statement: Statement, path: KeyPath) -> None:
        """Read `data SOURCE { ... }`."""
        keyword, *rest = self.words(statement)
        path = path.child("data")
        self.block(path, keyword.span, statement.span)
        for source in rest[:1]:
            self.put(path.child("source"), source.span, self.value(source))
        _no_more(rest[1:])
        self.body(statement.block or (), path)

    def model(self, statement: Statement, path: KeyPath) -> None:
        """Read `model BACKBONE pretrained { ... }`."""
        keyword, *rest = self.words(statement)
        path = path.child("model")
        self.block(path, keyword.span, statement.span)
        flag = next((word for word in rest[:2] if word.says("pretrained")), None)
        names = [word for word in rest if word is not flag]
        for name in names[:1]:
            self.put(path.child("backbone"), name.span, self.value(name))
        if flag:
            self.put(path.child("pretrained"), flag.span, Value(True, flag.span))
        _no_more(names[1:])
        self.body(statement.block or (), path)

    def augment(self, statement: Statement, path: KeyPath) -> None:
        """Read `augment NAME { ... }`, a list; `augment NAME value`; or `augment { ... }`."""
        keyword, rest = _first_word(statement.pieces[0])
        pieces = [*rest, *statement.pieces[1:]]
        if not pieces:
            self.plain(statement, path)
            return
        path = path.child("augment")
        self.table(path, keyword.span)
        if statement.block is None:
            self.plain(Statement(tuple(pieces), None, None), path)
            return
        name, *more = self.words(Statement(tuple(pieces), None, None))
        _no_more(more)
        self._list(path.child(name.text), name.span, statement)

    def augment_of_stage(self, statement: Statement, path: KeyPath) -> None:
        """Read `augment { ... }`, a list."""
        if statement.block is None:
            self.plain(statement, path)
            return
        keyword, *more = self.words(statement)
        _no_more(more)
        self._list(path.child("augment"), keyword.span, statement)

    def _list(self, path: KeyPath, key: Span, statement: Statement) -> None:
        self.put(path, key, Value([], statement.span))
        for line in statement.block or ():
            if line.block is not None:
                raise fault("value-and-block", line.span.start, line.span.end, line.pieces[0].text)
            self.entry(path, None, self.values.read(line.pieces))

    def stage(self, statement: Statement, path: KeyPath) -> None:
        """Read `stage NAME for 5 epochs { ... }`."""
        keyword, *rest = self.words(statement)
        if not rest and statement.block is None:
            raise _fault("no-name", keyword)
        path = self.entry(path.child("stages"), keyword.span, Value({}, statement.span))
        for name in rest[:1]:
            self.put(path.child("name"), name.span, self.value(name))
        self._duration(rest[1:], path)
        self.body(statement.block or (), path)

    def _duration(self, words: Sequence[Word], path: KeyPath) -> None:
        if not words:
            return
        if not words[0].says("for") or len(words) < 3:
            raise _fault("more-words", words[0], "write `for 5 epochs` or `for 500 steps`")
        number, unit = words[1], words[2]
        key = {"epoch": "epochs", "step": "steps"}.get(unit.text, unit.text)
        if key not in ("epochs", "steps"):
            raise _fault("more-words", unit, did_you_mean(unit.text, ("epochs", "steps"), "units"))
        self.put(path.child(key), unit.span, self.value(number))
        _no_more(words[3:])

    def profile(self, statement: Statement, path: KeyPath) -> None:
        """Read `profile NAME { ... }`."""
        keyword, *rest = self.words(statement)
        if not rest or statement.block is None:
            raise _fault("no-name" if not rest else "no-block", keyword)
        _no_more(rest[1:])
        path = path.child("profiles")
        self.table(path, keyword.span)
        path = path.child(rest[0].text)
        self.block(path, rest[0].span, statement.span)
        self.body(statement.block, path)

    def label(self, statement: Statement, path: KeyPath) -> None:
        """Read `label NAME column X folder within Y as Z { ... }`; a line without a block names its own column."""
        options = {word.text for word in self.words(statement)[2:]}
        implied = statement.block is None and not {"column", "folder"} & options
        self._named(statement, path.child("labels"), LABEL_OPTIONS, implied="column" if implied else None)

    def input(self, statement: Statement, path: KeyPath) -> None:
        """Read `input NAME column X as Z { ... }`."""
        self._named(statement, path.child("input"), LABEL_OPTIONS)

    def head(self, statement: Statement, path: KeyPath) -> None:
        """Read `head NAME KIND routed by X hidden N out N dropout F { ... }`."""
        self._named(statement, path.child("heads"), HEAD_OPTIONS)

    def _named(self, statement: Statement, group: KeyPath, options: dict[str, str], implied: str | None = None) -> None:
        """Read a line that names an entry of the table at `group`, with options behind the name.

        The name itself is the value of the key `implied`.
        """
        keyword, *rest = self.words(statement)
        if not rest:
            raise _fault("no-name", keyword)
        name, path = rest[0], group.child(rest[0].text)
        self.table(group, keyword.span)
        self.block(path, name.span, statement.span)
        if implied:
            self.put(path.child(implied), name.span, self.value(name))
        self._options(rest[1:], path, options)
        self.body(statement.block or (), path)

    def _options(self, words: Sequence[Word], path: KeyPath, options: dict[str, str]) -> None:
        waiting = list(words)
        if waiting and "" in options and not any(map(waiting[0].says, options)):
            kind = waiting.pop(0)
            self.put(path.child(options[""]), kind.span, self.value(kind))
        while waiting:
            word = waiting.pop(0)
            key = options.get(word.text) if word.piece.kind == "TEXT" else None
            if key is None:
                raise _fault("more-words", word, did_you_mean(word.text, filter(None, options), "words"))
            if word.text in FLAGS:
                self.put(path.child(key), word.span, Value(True, word.span))
                continue
            if word.text == "routed" and waiting and waiting[0].says("by"):
                waiting.pop(0)
            if not waiting:
                raise fault("no-value", word.span.end, word.span.end)
            self.put(path.child(key), word.span, self.value(waiting.pop(0)))

    def metric(self, statement: Statement, path: KeyPath) -> None:
        """Read `metric X`, an entry of `metrics`."""
        self._entry(statement, path.child("metrics"))

    def expect(self, statement: Statement, path: KeyPath) -> None:
        """Read `expect X`, an entry of `expect`."""
        self._entry(statement, path.child("expect"))

    def _entry(self, statement: Statement, path: KeyPath) -> None:
        keyword, rest = _first_word(statement.pieces[0])
        pieces = [*rest, *statement.pieces[1:]]
        if statement.block is not None:
            raise _fault("value-and-block", keyword)
        if pieces and pieces[0].kind == "LSQB" and keyword.text == path[-1]:
            self.plain(statement, path.parent)
        elif pieces:
            self._no_sign(keyword, pieces)
            self.entry(path, keyword.span, self.values.read(pieces))
        else:
            raise fault("no-value", keyword.span.end, keyword.span.end)


LABEL_OPTIONS: Final = {"column": "column", "folder": "folder", "within": "within", "as": "as"}
HEAD_OPTIONS: Final = {"": "kind", "routed": "routed_by", "hidden": "hidden", "out": "out", "dropout": "dropout"}
FLAGS: Final = ("folder",)

FORMS: Final[dict[tuple[str, str], Form]] = {
    ("spec", "experiment"): _Reader.experiment,
    ("spec", "data"): _Reader.data,
    ("spec", "augment"): _Reader.augment,
    ("spec", "model"): _Reader.model,
    ("spec", "stage"): _Reader.stage,
    ("spec", "profile"): _Reader.profile,
    ("data", "label"): _Reader.label,
    ("data", "input"): _Reader.input,
    ("model", "head"): _Reader.head,
    ("evaluate", "metric"): _Reader.metric,
    ("evaluate", "expect"): _Reader.expect,
    ("stage", "expect"): _Reader.expect,
    ("stage", "augment"): _Reader.augment_of_stage,
}
"""The short forms, by the kind of the table around them and their first word."""


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


def _first_word(piece: Piece) -> tuple[Word, list[Piece]]:
    """Part a bare text into its first word and the rest; another piece is a word as it is."""
    text = piece.text.split(maxsplit=1)[0] if piece.kind == "TEXT" else piece.text
    start, end = piece.span.start, piece.span.start + len(text)
    rest = piece.text[len(text) :].lstrip()
    behind = [Piece("TEXT", rest, Span(piece.span.end - len(rest), piece.span.end))] if rest else []
    first = Piece(piece.kind, text, Span(start, end))
    return Word(text, first.span, first), behind


def _steps(word: Word) -> list[Word]:
    """Part a dotted key; an empty step beside a quoted one is none."""
    found, start = list[Word](), word.span.start
    for part in word.text.split("."):
        span = Span(start, start + len(part))
        if part and not all(c.isascii() and (c.isalnum() or c in "_-") for c in part):
            kind = {"=": "equals", ":": "colon"}.get(part[-1], "bad-key")
            raise fault(kind, span.start, span.end, part.rstrip("=:"))
        if part:
            found.append(Word(part, span, word.piece))
        start = span.end + 1
    return found


def _no_more(words: Sequence[Word]) -> None:
    for word in words[:1]:
        raise _fault("more-words", word)


def _fault(kind: str, word: Word, remedy: str = "") -> FaultError:
    return FaultError(Fault(kind, word.span, word.text, None, remedy))
