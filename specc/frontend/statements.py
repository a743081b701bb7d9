"""The statements of a .specc text: the grammar gives a tree, and goes on after a bracket that is missing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from lark import Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from specc.frontend.faults import MAX_DEPTH, MAX_FAULTS, MAX_PATHS, Fault
from specc.frontend.grammars import grammar
from specc.source import Span

_CLOSING: Final = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
_MARKS: Final = {"RPAR": ")", "RSQB": "]", "RBRACE": "}"}
_OPEN: Final = {"LPAR": "open-round", "LSQB": "open-array", "LBRACE": "open-block"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A token of a line: its kind (a terminal of the grammar), its text and where it stands."""

    kind: str
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Statement:
    """A line, and the statements of the block that it opens."""

    pieces: tuple[Piece, ...]
    block: tuple["Statement", ...] | None
    brace: int | None
    """Where the opening brace of the block ends."""

    @property
    def span(self) -> Span:
        """Return where the line stands, up to the opening brace of its block."""
        return Span(self.pieces[0].span.start, self.brace or self.pieces[-1].span.end)


@dataclass(frozen=True, slots=True)
class Statements:
    """What a text consists of; the statements are complete when there is no fault."""

    statements: tuple[Statement, ...]
    faults: list[Fault]


def read_statements(text: str) -> Statements:
    """Read a text into statements."""
    if sum(map(text.count, "{}()[],\n")) > MAX_PATHS:
        return Statements((), [Fault("too-many-items", Span(0, 0))])
    recovery = _Recovery(text)
    try:
        tree = grammar("statements").parse(text, on_error=recovery.go_on)
    except UnexpectedInput:
        return Statements((), recovery.faults)
    recovery.faults += _too_deep(tree)
    return Statements(() if recovery.faults else _statements(tree), recovery.faults)


def _too_deep(tree: Tree[Token]) -> list[Fault]:
    """Find brackets that are nested deeper than the readers of the tree may go."""
    waiting: list[tuple[Any, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            first = next(_tokens([node]))
            return [Fault("too-deep", Span(first.start_pos or 0, first.end_pos or 0))]
        if isinstance(node, Tree):
            step = node.data in ("block", "group", "table")
            waiting += [(child, depth + step) for child in node.children]
    return []


def _statements(tree: Tree[Token]) -> tuple[Statement, ...]:
    return tuple(_statement(child) for child in tree.children if isinstance(child, Tree))


def _statement(tree: Tree[Token]) -> Statement:
    last = tree.children[-1]
    block = last if isinstance(last, Tree) and last.data == "block" else None
    head = tree.children[:-1] if block else tree.children
    pieces = tuple(_piece(token) for token in _tokens(head))
    if block is None:
        return Statement(pieces, None, None)
    brace: int = block.children[0].end_pos  # type: ignore[union-attr, assignment]
    return Statement(pieces, _statements(block), brace)


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
    text = token.rstrip() if token.type == "TEXT" else str(token)
    start: int = token.start_pos  # type: ignore[assignment]
    return Piece(token.type, text, Span(start, start + len(text)))


class _Recovery:
    """Notes what the parser stumbles over, and feeds it what lets it go on."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.faults: list[Fault] = []

    def go_on(self, error: UnexpectedInput) -> bool:
        """Note a fault; say whether parsing can go on."""
        if isinstance(error, UnexpectedCharacters):
            self._characters(error)
        elif isinstance(error, UnexpectedToken):
            self._token(error)
        return len(self.faults) < MAX_FAULTS

    def _characters(self, error: UnexpectedCharacters) -> None:
        """Note a string without an end; reading goes on behind its line, or not at all when it may have many."""
        start = error.pos_in_stream or 0
        quote = self.text[start]
        quotes = quote * 3 if self.text.startswith(quote * 3, start) else quote
        line = self.text.find("\n", start)
        end = len(self.text) if line < 0 else line
        self.faults.append(Fault("open-string", Span(start, end), quotes))
        lexer: Any = error.interactive_parser.lexer_thread.state
        lexer.line_ctr.feed(Token("TEXT", self.text[start : len(self.text) if len(quotes) == 3 else end]))

    def _token(self, error: UnexpectedToken) -> None:
        token, parser = error.token, error.interactive_parser
        around = _open_brackets(parser)
        span = Span(token.start_pos or 0, token.end_pos or 0)
        if token.type == "$END":
            for bracket in reversed(around):
                self._close(parser, bracket)
        elif token.type in _MARKS:
            self._wrong_bracket(parser, around, token, span)
        elif token.type == "LBRACE":
            self.faults.append(Fault("no-key", span))
            parser.feed_token(Token("TEXT", "?"))
            parser.feed_token(token)
        elif token.type != "_NL":
            self.faults.append(Fault("more-text", span, str(token).strip()))

    def _wrong_bracket(self, parser: Any, around: list[Token], token: Token, span: Span) -> None:
        """Note a bracket that closes nothing, or the open ones in front of the one that it closes."""
        if all(_CLOSING[bracket.type] != token.type for bracket in around):
            self.faults.append(Fault("closes-nothing", span, str(token)))
            return
        for bracket in reversed(around):
            if _CLOSING[bracket.type] == token.type:
                break
            self._close(parser, bracket)
        parser.feed_token(token)

    def _close(self, parser: Any, opened: Token) -> None:
        """Blame an open bracket, and close it."""
        start: int = opened.start_pos  # type: ignore[assignment]
        self.faults.append(Fault(_OPEN[opened.type], self._line(start), _MARKS[_CLOSING[opened.type]]))
        parser.feed_token(Token(_CLOSING[opened.type], _MARKS[_CLOSING[opened.type]]))

    def _line(self, bracket: int) -> Span:
        """Return where an opening bracket stands, with the words before it where it opens a block."""
        if self.text[bracket] != "{":
            return Span(bracket, bracket + 1)
        start = self.text.rfind("\n", 0, bracket) + 1
        words = self.text[start:bracket]
        return Span(start + len(words) - len(words.lstrip()), bracket + 1)


def _open_brackets(parser: Any) -> list[Token]:
    """Return the brackets that are open, the innermost last."""
    found: list[Token] = []
    for value in parser.parser_state.value_stack:
        if isinstance(value, Token) and value.type in _CLOSING:
            found.append(value)
        elif isinstance(value, Token) and value.type in _MARKS:
            found.pop()
    return found
