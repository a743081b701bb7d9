"""The statements of a .specc text: the grammar gives a tree, and goes on after a bracket that is missing."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from lark import Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from specc.frontend.faults import MAX_DEPTH, MAX_FAULTS, Fault
from specc.frontend.grammars import grammar
from specc.frontend.pieces import Piece
from specc.source import Span

MAX_MARKS: Final = 30_000
"""Brackets, commas, quotes and lines of a text: reading more would take seconds."""

LEXEME: Final = re.compile(
    r'"""(?:\\[\s\S]|(?!""")[^\\])*+"{3,5}|\'\'\'(?:(?!\'\'\')[\s\S])*+\'{3,5}'
    r'|"(?:\\[^\r\n]|[^"\\\r\n])*+"|\'[^\'\r\n]*+\'|#[^\r\n]*|[()\[\]{}]'
)
"""A string, a comment or a bracket, in either notation."""

_INDENT: Final = re.compile(r"^[ \t]*", re.MULTILINE)

_CLOSING: Final = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
_MARKS: Final = {"RPAR": ")", "RSQB": "]", "RBRACE": "}"}
_OPEN: Final = {"LPAR": "open-round", "LSQB": "open-array", "LBRACE": "open-block"}


@dataclass(frozen=True, slots=True)
class Statement:
    """A line, and the statements of the block that it opens."""

    pieces: tuple[Piece, ...]
    block: tuple["Statement", ...] | None
    brace: Span | None
    """The opening brace of the block."""

    @property
    def span(self) -> Span:
        """Return where the line stands, up to the opening brace of its block."""
        return Span(self.pieces[0].span.start, (self.brace or self.pieces[-1].span).end)


class Statements(NamedTuple):
    """What a text consists of, as far as it could be read; it is all there when there is no fault."""

    statements: tuple[Statement, ...]
    faults: list[Fault]


def read_statements(text: str) -> Statements:
    """Read a text into statements."""
    if sum(map(text.count, "{}()[],\"'\n")) > MAX_MARKS:
        return Statements((), [Fault("too-many-marks", Span(0, 0))])
    # A blank for the byte order mark keeps the offsets.
    recovery = _Recovery(" " + text[1:] if text.startswith("\ufeff") else text)
    try:
        tree = grammar("statements").parse(recovery.text, on_error=recovery.go_on)
    except UnexpectedInput:
        return Statements((), recovery.faults)
    if too_deep := _too_deep(tree):
        return Statements((), [too_deep])
    return Statements(_statements(tree, recovery.faults), recovery.faults)


def _too_deep(tree: Tree[Token]) -> Fault | None:
    """Find brackets that are nested deeper than the readers of the tree may go."""
    waiting: list[tuple[Any, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            return Fault("too-deep", _span(next(_tokens([node]))))
        if isinstance(node, Tree):
            step = node.data in ("block", "group", "table")
            waiting += [(child, depth + step) for child in reversed(node.children)]
    return None


def _statements(tree: Tree[Token], faults: list[Fault]) -> tuple[Statement, ...]:
    found: list[Statement] = []
    for child in tree.children:
        if not isinstance(child, Tree):
            continue
        statement = _statement(child, faults)
        if statement.pieces:
            found.append(statement)
        elif found and found[-1].block is None:
            found[-1] = replace(found[-1], block=statement.block)
            faults.append(Fault("brace-below", statement.brace or Span(0, 0)))
        else:
            faults.append(Fault("no-name-of-block", statement.brace or Span(0, 0)))
    return tuple(found)


def _statement(tree: Tree[Token], faults: list[Fault]) -> Statement:
    last = tree.children[-1]
    block = last if isinstance(last, Tree) and last.data == "block" else None
    pieces = tuple(map(_piece, _tokens(tree.children[:-1] if block else tree.children)))
    if block is None:
        return Statement(pieces, None, None)
    return Statement(pieces, _statements(block, faults), _span(block.children[0]))


def _tokens(children: list[Any]) -> Iterator[Token]:
    """Yield the tokens of nested groups in order; groups may be nested deeper than Python calls may be."""
    waiting = list(reversed(children))
    while waiting:
        child = waiting.pop()
        if isinstance(child, Tree):
            waiting.extend(reversed(child.children))
        else:
            yield child


def _piece(token: Token) -> Piece:
    text = token.rstrip(" \t") if token.type == "TEXT" else str(token)
    start = _span(token).start
    return Piece(token.type, text, Span(start, start + len(text)))


def _span(token: Any) -> Span:
    return Span(token.start_pos or 0, token.end_pos or 0)


class _Recovery:
    """Notes what the parser stumbles over, and feeds it what lets it go on."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.faults: list[Fault] = []
        self.in_doubt = False
        """A string has no end: brackets may be missing because they stand inside it."""

    def go_on(self, error: UnexpectedInput) -> bool:
        """Note a fault; say whether parsing can go on."""
        if isinstance(error, UnexpectedCharacters):
            self._open_string(error)
        elif isinstance(error, UnexpectedToken):
            self._token(error.token, error.interactive_parser)
        return len(self.faults) < MAX_FAULTS

    def _open_string(self, error: UnexpectedCharacters) -> None:
        """Note a string without an end; reading goes on behind its line, or not at all when it may have many."""
        start = error.pos_in_stream or 0
        quote = self.text[start]
        quotes = quote * 3 if self.text.startswith(quote * 3, start) else quote
        line = self.text.find("\n", start)
        end = len(self.text) if line < 0 else line
        begins = self.text[start - 1 : start] in ("", *" \t\n([{,")
        if begins or not self.in_doubt:
            remedy = "" if begins else "put the whole text in double quotes"
            self.faults.append(Fault("open-string", Span(start, end), quotes, None, remedy))
        self.in_doubt = True
        lexer: Any = error.interactive_parser.lexer_thread.state
        lexer.line_ctr.feed(Token("TEXT", self.text[start : len(self.text) if len(quotes) == 3 else end]))

    def _token(self, token: Token, parser: Any) -> None:
        around = _open_brackets(parser)
        if token.type == "$END":
            self._end(parser, around)
        elif token.type in _MARKS:
            self._wrong_bracket(parser, around, token)
        elif token.type != "_NL":
            if token.type != "LBRACE":
                self.faults.append(Fault("more-text", _span(token), str(token).strip()))
            parser.feed_token(Token("_NL", "\n"))
            if token.type != "COMMA":
                parser.feed_token(token)

    def _end(self, parser: Any, around: list[Token]) -> None:
        """Close what is open at the end; of blocks, blame the one that its indent gives away."""
        suspect = _misplaced(self.text)
        if suspect is not None and any(bracket.type == "LBRACE" for bracket in around):
            self._blame("LBRACE", suspect)
        for bracket in reversed(around):
            self._close(parser, bracket, blame=bracket.type != "LBRACE" or suspect is None)

    def _wrong_bracket(self, parser: Any, around: list[Token], token: Token) -> None:
        """Note a bracket that closes nothing, or the open ones in front of the one that it closes."""
        if all(_CLOSING[bracket.type] != token.type for bracket in around):
            if not self.in_doubt:
                self.faults.append(Fault("closes-nothing", _span(token), str(token)))
            return
        for bracket in reversed(around):
            if _CLOSING[bracket.type] == token.type:
                break
            self._close(parser, bracket, token)
        parser.feed_token(token)

    def _close(self, parser: Any, opened: Token, before: Token | None = None, *, blame: bool = True) -> None:
        """Close an open bracket in front of a token, or at the end, and blame it."""
        if blame:
            self._blame(opened.type, _span(opened).start)
        end = len(self.text) if before is None else before.start_pos
        parser.feed_token(Token(_CLOSING[opened.type], "", start_pos=end, end_pos=end))

    def _blame(self, kind: str, start: int) -> None:
        if not self.in_doubt and len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(_OPEN[kind], self._line(start), _MARKS[_CLOSING[kind]]))

    def _line(self, bracket: int) -> Span:
        """Return where an opening bracket stands, with the words before it where it opens a block."""
        if self.text[bracket] != "{":
            return Span(bracket, bracket + 1)
        start = self.text.rfind("\n", 0, bracket) + 1
        return Span(bracket - len(self.text[start:bracket].lstrip(" \t")), bracket + 1)


def _open_brackets(parser: Any) -> list[Token]:
    """Return the brackets that are open, the innermost last."""
    found: list[Token] = []
    for value in parser.parser_state.value_stack:
        if isinstance(value, Token) and value.type in _CLOSING:
            found.append(value)
        elif isinstance(value, Token) and value.type in _MARKS:
            found.pop()
    return found


def _misplaced(text: str) -> int | None:
    """Return the brace that is closed further left than its line begins: its own closing brace is missing."""
    lines = [match.span() for match in _INDENT.finditer(text)]
    starts = [start for start, _ in lines]
    opened: list[tuple[int, int]] = []
    for match in LEXEME.finditer(text):
        start, first_word = lines[bisect_right(starts, match.start()) - 1]
        if match[0] == "{":
            opened.append((match.start(), first_word - start))
        elif match[0] == "}" and opened:
            brace, indent = opened.pop()
            if match.start() == first_word and first_word - start < indent:
                return brace
    return None
