"""The pieces that a line of a .specc text consists of, and the ways to part them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from specc.frontend.faults import MAX_DEPTH, FaultError, fault
from specc.frontend.toml_tokens import Key, read_string
from specc.source import Span

_OPENING: Final = ("LPAR", "LSQB", "LBRACE")
_CLOSING: Final = ("RPAR", "RSQB", "RBRACE")
_STEP: Final = re.compile(r'[A-Za-z0-9_-]++|"(?!"")(?:\\[^\r\n]|[^"\\\r\n])*+"|\'(?!\'\')[^\'\r\n]*+\'')
_BAD_KEY: Final = re.compile(r"[^ \t\r\n{}()\[\],=:#]+")


class Piece(NamedTuple):
    """A token of a line: its kind (a terminal of the grammar), its text and where it stands."""

    kind: str
    text: str
    span: Span


def span_of(pieces: Sequence[Piece]) -> Span:
    """Return where pieces stand, from the first to the last."""
    return Span(pieces[0].span.start, pieces[-1].span.end)


def groups(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Yield pieces one by one, but brackets with all that is inside them."""
    group: list[Piece] = []
    depth = 0
    for piece in pieces:
        group.append(piece)
        depth += (piece.kind in _OPENING) - (piece.kind in _CLOSING)
        if depth == 0:
            yield group
            group = []


def behind(pieces: Sequence[Piece], offset: int) -> list[Piece]:
    """Return what stands behind an offset; a bare text that goes over it is cut."""
    first = next((index for index, piece in enumerate(pieces) if piece.span.end > offset), len(pieces))
    cut = [part for piece in pieces[first : first + 1] for part in _cut(piece, offset)]
    return [*cut, *pieces[first + 1 :]]


def _cut(piece: Piece, offset: int) -> Iterator[Piece]:
    text = piece.text[max(0, offset - piece.span.start) :].lstrip(" \t")
    if text:
        yield Piece(piece.kind, text, Span(piece.span.end - len(text), piece.span.end))


def words_of(piece: Piece) -> Iterator[Piece]:
    """Yield the words of a bare text."""
    for match in re.finditer(r"[^ \t]+", piece.text):
        start = piece.span.start + match.start()
        yield Piece(piece.kind, match[0], Span(start, start + len(match[0])))


def read_key(text: str, start: int) -> list[Key]:
    """Read the dotted key that begins at `start`, up to whatever comes behind it.

    Raises: FaultError when there is none.
    """
    keys: list[Key] = []
    end = start
    while step := _STEP.match(text, end):
        keys.append(Key(_name(text, step), Span(*step.span())))
        if len(keys) > MAX_DEPTH:
            raise fault("too-deep", start, step.end())
        if text[step.end() : step.end() + 1] != ".":
            return keys
        end = step.end() + 1
    if (mark := text[start : start + 2]) in ("//", "/*"):
        raise fault("no-comment", start, start + 2, mark)
    word = _BAD_KEY.match(text, start)
    if word is None:
        raise fault("no-key", start, start + 1)
    raise fault("bad-key", *word.span(), word[0])


def _name(text: str, step: re.Match[str]) -> str:
    if step[0][0] not in "\"'":
        return step[0]
    string, faults = read_string(text, step.start())
    for found in faults:
        raise FaultError(found)
    return string.text
