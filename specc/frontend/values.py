"""The values of a .specc text: what the pieces of a line say, and where each part of it stands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from specc.frontend.faults import Fault
from specc.frontend.statements import Piece
from specc.frontend.toml_tokens import fits, read_number, read_string
from specc.source import Span


@dataclass(frozen=True, slots=True)
class Value:
    """A value, where it stands, where the characters of a string stand, and the values inside it, by key or index."""

    data: Any
    span: Span
    inside: Sequence[int] | None = None
    parts: tuple[tuple[str | int, "Value"], ...] = ()


@dataclass
class ValueReader:
    """Reads values of one text, and collects what is wrong with them."""

    text: str
    faults: list[Fault] = field(default_factory=list)

    def read(self, pieces: Sequence[Piece]) -> Value:
        """Read pieces, of which there is at least one, as one value.

        A string, an array, a table inside an array, a number or a flag; anything else is a text without quotes.
        """
        first = pieces[0]
        whole = _closes(pieces, 0) == len(pieces) - 1
        if first.kind == "STRING" and len(pieces) == 1:
            return self.string(first)
        if first.kind == "LSQB" and whole:
            return self._array(pieces)
        if first.kind == "LBRACE" and whole:
            return self._table(pieces)
        return self._bare(pieces)

    def string(self, piece: Piece) -> Value:
        """Read a text in quotes, which are those of TOML."""
        string, faults = read_string(self.text, piece.span.start)
        self.faults += faults
        return Value(string.text, piece.span, string.inside)

    def _array(self, pieces: Sequence[Piece]) -> Value:
        items = [self.read(item) for item in self._items(pieces)]
        span = Span(pieces[0].span.start, pieces[-1].span.end)
        return Value([item.data for item in items], span, None, tuple(enumerate(items)))

    def _table(self, pieces: Sequence[Piece]) -> Value:
        """Read `{ key = value, ... }`."""
        found: dict[str, Value] = {}
        for item in self._items(pieces):
            name, after = self._entry(item)
            if not after or name in found:
                self.faults.append(Fault("key-twice" if name in found else "no-equals", item[0].span, name))
                continue
            found[name] = self.read(after)
        span = Span(pieces[0].span.start, pieces[-1].span.end)
        return Value({key: value.data for key, value in found.items()}, span, None, tuple(found.items()))

    def _entry(self, pieces: Sequence[Piece]) -> tuple[str, list[Piece]]:
        """Part `key = value`; nothing is behind the key where there is no sign between them."""
        first, *rest = pieces
        if first.kind == "STRING":
            return self.string(first).data, [*_behind(rest[0]), *rest[1:]] if rest else []
        key, sign, _ = first.text.partition("=")
        return key.strip(), [*_behind(first), *rest] if sign and key.strip() else []

    def _items(self, pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
        """Yield what stands between the commas of a bracket; a last comma ends the last item."""
        item: list[Piece] = []
        index = 1
        while index < len(pieces) - 1:
            end = _closes(pieces, index)
            if pieces[index].kind == "COMMA":
                if item:
                    yield item
                else:
                    self.faults.append(Fault("no-value", pieces[index].span))
                item = []
            else:
                item += pieces[index : end + 1]
            index = end + 1
        if item:
            yield item

    def _bare(self, pieces: Sequence[Piece]) -> Value:
        """Read a number, a flag, or a text without quotes; where it goes on over lines, each end is a blank."""
        parts: list[str] = []
        marks: list[int] = []
        for piece in pieces:
            gap = self.text[marks[-1] + 1 : piece.span.start] if marks else ""
            blank = gap if gap.strip(" \t") == "" else " "
            parts += (blank, piece.text)
            marks += [piece.span.start] * len(blank)
            marks += range(piece.span.start, piece.span.end)
        text = "".join(parts)
        span = Span(pieces[0].span.start, pieces[-1].span.end)
        if text in ("true", "false"):
            return Value(text == "true", span)
        if not fits(text):
            self.faults.append(Fault("integer-range", span, text))
            return Value(0, span)
        number = read_number(text)
        return Value(text, span, (*marks, span.end)) if number is None else Value(number, span)


def _behind(piece: Piece) -> list[Piece]:
    """Return what is left of a text behind its first `=`."""
    rest = piece.text.partition("=")[2].lstrip()
    return [Piece("TEXT", rest, Span(piece.span.end - len(rest), piece.span.end))] if rest else []


def _closes(pieces: Sequence[Piece], index: int) -> int:
    """Return the index of the piece that closes the bracket at `index`, or `index` where there is none."""
    depth = 0
    for at in range(index, len(pieces)):
        depth += pieces[at].kind in ("LPAR", "LSQB", "LBRACE")
        depth -= pieces[at].kind in ("RPAR", "RSQB", "RBRACE")
        if depth == 0:
            return at
    return index
