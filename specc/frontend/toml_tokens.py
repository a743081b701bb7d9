"""The tokens of TOML 1.0: keys, strings and scalars, read at a place, and what can be wrong with them.

Source: https://toml.io/en/v1.0.0
"""

import re
from functools import cache
from typing import Final, NamedTuple

from specc.frontend.faults import CURLY_QUOTES, MAX_DEPTH, MAX_FAULTS, Fault, FaultError, fault
from specc.source import Span

BLANKS = r"[ \t]*"
GAP = r"(?:[ \t\r\n]++|#[^\n]*+)*+"
REST = r"[^\r\n]*"
UNCOMMENTED = r"[^\r\n#]*"
_BARE_KEY = r"[A-Za-z0-9_-]+"
_VALUE = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[^ \t\r\n,\]}#]*|[^ \t\r\n,\]}#]*"
_WORD = r"[^ \t\r\n,\]}#(\[]*(?:\([^()\r\n]*\)|\[[^\[\]\r\n]*\])?"

_DECIMAL = r"(?:0|[1-9](?:_?[0-9])*)"
_INTEGER = rf"(?:[+-]?{_DECIMAL}|0x[0-9A-Fa-f](?:_?[0-9A-Fa-f])*|0o[0-7](?:_?[0-7])*|0b[01](?:_?[01])*)"
_FLOAT = rf"[+-]?(?:inf|nan|{_DECIMAL}(?:\.[0-9](?:_?[0-9])*)?(?:[eE][+-]?[0-9](?:_?[0-9])*)?)"
_DATE = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"
_ZONE = r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
_SCALAR = rf"true|false|{_INTEGER}|{_FLOAT}|{_DATE}(?:[Tt ]{_TIME}{_ZONE}?)?|{_TIME}"
_LIKE_A_MOMENT = r"[0-9]+(?:-[0-9]|:)"
_LIKE_A_NUMBER = r"[-+.0-9][-+.:_0-9a-fA-FoxTZ ]*"

_BASIC = r'[^"\\\r\n]*+(?:\\[^\r\n][^"\\\r\n]*+)*+'
_BASIC_LINES = r'[^"\\]*+(?:(?:\\[\s\S]|"(?!""))[^"\\]*+)*+'
_LITERAL = r"[^'\r\n]*+"
_LITERAL_LINES = r"[^']*+(?:'(?!'')[^']*+)*+"
_BODIES: Final = {'"': _BASIC, '"""': _BASIC_LINES, "'": _LITERAL, "'''": _LITERAL_LINES}
_PIECE = r"\\(?:[ \t]*\r?\n[ \t\r\n]*|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[\s\S])|\r\n|[^\\\r]+|\r"
_LINE_ENDS = r"\r\n|[^\r]+|\r"
_NAME = r"[^ \t\r\n=.\]#]*"

_compiled = cache(re.compile)
"""A pattern is compiled when it is first used: most texts meet few of them."""

_ESCAPES: Final = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}

_WRONG_WORDS: Final = {
    "true": "bad-boolean",
    "false": "bad-boolean",
    "null": "no-null",
    "none": "no-null",
    "nil": "no-null",
}


class Key(NamedTuple):
    """One part of a dotted key, without its quotes."""

    name: str
    span: Span


class String(NamedTuple):
    """A string's value, and what it was written as.

    `inside` holds the offset of each of its characters, and of the end.
    """

    text: str
    span: Span
    inside: range | tuple[int, ...]


class Tokens:
    """Read tokens of one text, each from `pos`, which ends up behind it.

    `opened` holds the offsets of the brackets around the place that is being read.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 1 if text.startswith("\ufeff") else 0
        self.faults: list[Fault] = []
        self.opened: list[int] = []

    # Keys

    def _key(self) -> list[Key]:
        parts = [self._key_part()]
        self._skip(BLANKS)
        while self._peek() == ".":
            if len(parts) > MAX_DEPTH:
                raise fault("too-deep", parts[0].span.start, parts[-1].span.end)
            self.pos += 1
            self._skip(BLANKS)
            parts.append(self._key_part())
            self._skip(BLANKS)
        return parts

    def _key_part(self) -> Key:
        begin, char = self.pos, self._peek()
        if char and char in "\"'":
            name = self._string(char).text
            return Key(name, Span(begin, self.pos))
        bare = _compiled(_BARE_KEY).match(self.text, begin)
        if bare is None:
            raise self._without_key()
        self.pos = bare.end()
        return Key(bare[0], Span(begin, self.pos))

    def _without_key(self) -> FaultError:
        begin, char = self.pos, self._peek()
        if char in ("", "=", "]", "\r", "\n", "#", "}", ",", "."):
            return fault("no-key", begin, begin + 1 if char.strip() else begin)
        name = self._cut(self._find(_NAME))
        return fault("bad-key", begin, begin + len(name), name)

    # Scalars

    def _scalar(self) -> Span:
        token = self._find(_VALUE)
        text = self._cut(token)
        if not re.fullmatch(_SCALAR, text):
            raise self._not_a_value(token)
        self.pos = token.end
        self._check_unit(token)
        if not fits(text):
            self._note(Fault("integer-range", token, text))
        return token

    def _check_unit(self, token: Span) -> None:
        """Refuse `5 epochs` as a whole: it is an expression without quotes, not a number with text after it."""
        if self.opened:
            return
        rest = self._cut(self._find(UNCOMMENTED)).rstrip(" \t")
        if rest and "=" not in rest:
            raise fault("bare-text", token.start, token.end + len(rest), self._cut(token) + rest)

    def _not_a_value(self, token: Span) -> FaultError:
        text = self._cut(token)
        if not text:
            return fault("no-value", token.start, token.start)
        kind = _WRONG_WORDS.get(text.lower()) or ("curly-quotes" if text[0] in CURLY_QUOTES else None)
        if re.fullmatch(_LIKE_A_NUMBER, text):
            kind = "bad-date" if re.match(_LIKE_A_MOMENT, text) else "bad-number"
        if kind:
            return fault(kind, token.start, token.end, text)
        whole = self._cut(self._find(_WORD if self.opened else UNCOMMENTED)).rstrip(" \t") or text
        return fault("bare-text", token.start, token.start + len(whole), whole)

    # Strings

    def _string(self, quotes: str) -> String:
        begin = self.pos + len(quotes)
        if len(quotes) == 3:
            begin += 2 if self.text.startswith("\r\n", begin) else self.text.startswith("\n", begin)
        body = self._find(_BODIES[quotes], begin)
        if not self.text.startswith(quotes, body.end):
            raise fault("open-string", self.pos, self._find(REST).end, quotes)
        closing = self._closing(quotes, body.end)
        self.pos = closing + len(quotes)
        return self._decoded(Span(begin, closing), escapes=quotes[0] == '"')

    def _closing(self, quotes: str, end: int) -> int:
        """Return where the closing quotes begin; up to two more in front of them belong to the string."""
        extra = 0
        while len(quotes) == 3 and extra < 2 and self.text.startswith(quotes, end + extra + 1):
            extra += 1
        return end + extra

    def _decoded(self, span: Span, *, escapes: bool) -> String:
        content = self._cut(span)
        if "\r" not in content and not (escapes and "\\" in content):
            return String(content, span, range(span.start, span.end + 1))
        characters: list[str] = []
        marks: list[int] = []
        for piece in re.finditer(_PIECE if escapes else _LINE_ENDS, content):
            text, start = piece[0], span.start + piece.start()
            decoded = self._unescaped(text, start) if text[0] == "\\" and escapes else text.replace("\r\n", "\n")
            characters.append(decoded)
            marks += [start] if len(decoded) == 1 else range(start, start + len(decoded))
        return String("".join(characters), span, (*marks, span.end))

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

    # The text

    def _peek(self) -> str:
        return self.text[self.pos : self.pos + 1]

    def _skip(self, pattern: str) -> None:
        self.pos = self._find(pattern).end

    def _find(self, pattern: str, start: int | None = None) -> Span:
        match = _compiled(pattern).match(self.text, self.pos if start is None else start)
        return Span(*match.span()) if match else Span(self.pos, self.pos)

    def _cut(self, span: Span) -> str:
        return self.text[span.start : span.end]

    def _note(self, fault: Fault) -> None:
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(fault)


def read_string(text: str, start: int) -> tuple[String, list[Fault]]:
    r"""Read the string that begins at `start`, with what is wrong inside it.

    >>> read_string("x 'a'", 2)[0].text
    'a'
    """
    tokens = Tokens(text)
    tokens.pos = start
    quote = text[start]
    return tokens._string(quote * 3 if text.startswith(quote * 3, start) else quote), tokens.faults  # noqa: SLF001


def read_number(text: str) -> int | float | None:
    """Read a decimal number; None when it is none.

    >>> read_number("1e-3"), read_number("64"), read_number("007")
    (0.001, 64, None)
    """
    if re.fullmatch(rf"[+-]?{_DECIMAL}", text):
        return int(text)
    return float(text) if re.fullmatch(_FLOAT, text) and text.lstrip("+-")[0] not in "in" else None


def fits(text: str) -> bool:
    """Tell whether a whole number has at most 64 bits, as TOML asks; other values fit.

    >>> fits("9_223_372_036_854_775_807"), fits("0x8000_0000_0000_0000")
    (True, False)
    """
    digits = text.replace("_", "")
    if not re.fullmatch(_INTEGER, text):
        return True
    # A longer decimal number is out of range anyway, and Python refuses to read a very long one.
    return (len(digits) <= 20 or digits[1:2] in "xob") and -(2**63) <= int(digits, 0) < 2**63
