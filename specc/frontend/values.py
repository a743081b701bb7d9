"""The values of a .specc text: what the pieces of a line say, and where each part of it stands."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, NamedTuple

from specc.frontend.faults import CURLY_QUOTES, Fault, FaultError, fault
from specc.frontend.pieces import Piece, behind, groups, read_key, span_of, words_of
from specc.frontend.toml_tokens import Key, fits, read_number, read_string
from specc.source import Span

MAX_WORDS: Final = 20
"""No line has as many words that mean something."""

_FOREIGN: Final = re.compile(r";|(?<![^ \t])//")


@dataclass(frozen=True, slots=True)
class Value:
    """A value, where it stands, where the characters of a string stand, and the values inside it, by key or index."""

    data: Any
    span: Span
    inside: Sequence[int] | None = None
    parts: tuple[tuple[str | int, "Value"], ...] = ()


class Word(NamedTuple):
    """A word of a line, without its quotes: a keyword, a name or a value."""

    name: str
    span: Span
    pieces: list[Piece]

    def says(self, keyword: str) -> bool:
        """Say whether this is a keyword; a text in quotes is none."""
        return self.name == keyword and self.pieces[0].kind == "TEXT"


@dataclass
class ValueReader:
    """Reads values of one text, and collects what is wrong with them."""

    text: str
    faults: list[Fault] = field(default_factory=list)

    def read(self, pieces: Sequence[Piece]) -> Value:
        """Read pieces, of which there is at least one, as one value.

        A string, an array, a table inside an array, a number or a flag; anything else is a text without quotes.
        """
        kinds = [group[0].kind for group in groups(pieces)]
        if kinds == ["STRING"]:
            return self._string(pieces)
        if kinds == ["LSQB"]:
            return self._array(pieces)
        if kinds == ["LBRACE"]:
            return self._table(pieces)
        wrong = _foreign(pieces, kinds)
        self.faults += [wrong] if wrong else []
        return self._bare(pieces)

    def words(self, pieces: Iterable[Piece]) -> list[Word]:
        """Part a line at its blanks; brackets with all that is inside them are one word."""
        found: list[Word] = []
        for group in groups(pieces):
            words = ([word] for word in words_of(group[0])) if group[0].kind == "TEXT" else iter([group])
            found += map(self._word, islice(words, MAX_WORDS - len(found)))
        return found

    def _word(self, pieces: list[Piece]) -> Word:
        span = span_of(pieces)
        is_string = pieces[0].kind == "STRING"
        text = read_string(self.text, span.start)[0].text if is_string else self.text[span.start : span.end]
        return Word(text, span, pieces)

    def _string(self, pieces: Sequence[Piece]) -> Value:
        """Read a text in quotes, which are those of TOML."""
        string, faults = read_string(self.text, pieces[0].span.start)
        self.faults += faults
        return Value(string.text, pieces[0].span, string.inside)

    def _array(self, pieces: Sequence[Piece]) -> Value:
        items = [self.read(part) for item in self._items(pieces) for part in self._parted(item)]
        return Value([item.data for item in items], span_of(pieces), None, tuple(enumerate(items)))

    def _table(self, pieces: Sequence[Piece]) -> Value:
        """Read `{ key = value, ... }`."""
        found: dict[str, Value] = {}
        keys: dict[str, Span] = {}
        for item in self._items(pieces):
            try:
                key, value = _entry(self.text, item)
            except FaultError as error:
                self.faults.append(error.fault)
                continue
            if key.name in found:
                self.faults.append(Fault("key-twice", key.span, key.name, keys[key.name]))
            else:
                keys[key.name], found[key.name] = key.span, self.read(value)
        return Value({key: value.data for key, value in found.items()}, span_of(pieces), None, tuple(found.items()))

    def _items(self, pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
        """Yield what stands between the commas of a bracket; a last comma ends the last item."""
        item: list[Piece] = []
        for group in groups(pieces[1:-1]):
            if group[0].kind != "COMMA":
                item += group
            elif item:
                yield item
                item = []
            else:
                self.faults.append(Fault("no-value", group[0].span))
        if item:
            yield item

    def _parted(self, item: list[Piece]) -> Iterator[list[Piece]]:
        """Part an item where a comma is missing: at the end of a line, and beside a text in quotes."""
        part: list[Piece] = []
        for group in groups(item):
            if part and self._are_two(part[-1], group[0]):
                self.faults.append(Fault("no-comma", group[0].span))
                yield part
                part = []
            part += group
        yield part

    def _are_two(self, piece: Piece, following: Piece) -> bool:
        gap = self.text[piece.span.end : following.span.start]
        return "\n" in gap or "STRING" in (piece.kind, following.kind)

    def _bare(self, pieces: Sequence[Piece]) -> Value:
        """Read a number, a flag, or a text without quotes; where it goes on over lines, each end is a blank."""
        span = span_of(pieces)
        text, inside = self._joined(pieces)
        if text in ("true", "false"):
            return Value(text == "true", span)
        if not fits(text):
            self.faults.append(Fault("integer-range", span, text))
            return Value(0, span)
        number = read_number(text)
        return Value(text, span, inside) if number is None else Value(number, span)

    def _joined(self, pieces: Sequence[Piece]) -> tuple[str, Sequence[int]]:
        """Return the text of pieces, and the offset of each character and of the end."""
        span = span_of(pieces)
        text = self.text[span.start : span.end]
        if "\n" not in text:
            return text, range(span.start, span.end + 1)
        parts: list[str] = []
        marks: list[int] = []
        for piece in pieces:
            gap = self.text[marks[-1] + 1 : piece.span.start] if marks else ""
            blank = " " if gap.strip(" \t") else gap
            parts += (blank, piece.text)
            marks += (*[piece.span.start] * len(blank), *range(*piece.span))
        return "".join(parts), (*marks, span.end)


def _foreign(pieces: Sequence[Piece], kinds: list[str]) -> Fault | None:
    """Find what a text without quotes cannot have; most of it ends lines in other notations."""
    if kinds[-1] == "COMMA":
        return Fault("last-comma", pieces[-1].span)
    if "STRING" in kinds:
        return Fault("partly-quoted", span_of(pieces))
    if pieces[0].text[0] in CURLY_QUOTES:
        return Fault("curly-quotes", span_of(pieces), pieces[0].text)
    for piece in pieces:
        if piece.kind == "TEXT" and (mark := _FOREIGN.search(piece.text)):
            start = piece.span.start + mark.start()
            kind = "semicolon" if mark[0] == ";" else "no-comment"
            return Fault(kind, Span(start, start + len(mark[0])), mark[0])
    return None


def _entry(text: str, pieces: list[Piece]) -> tuple[Key, list[Piece]]:
    """Part `key = value` inside a table."""
    keys = read_key(text, pieces[0].span.start)
    span = Span(keys[0].span.start, keys[-1].span.end)
    rest = behind(pieces, span.end)
    if len(keys) > 1:
        raise fault("bad-key", *span, text[span.start : span.end])
    if not rest or rest[0].text[0] != "=":
        raise fault("no-equals", *span, keys[0].name)
    sign = rest[0].span.start
    value = behind(rest, sign + 1)
    if not value:
        raise fault("no-value", sign + 1, sign + 1)
    return keys[0], value
