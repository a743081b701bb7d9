"""What can be wrong with a text as a text, in either notation, and how it is put into words."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final, NamedTuple

from specc.diagnostics.model import Diagnostic, Label
from specc.source import Place, Source, Span

MAX_CHARACTERS: Final = 1 << 20
MAX_DEPTH: Final = 64
"""Steps of a path: parts of keys, tables and arrays."""

MAX_KEYS: Final = 10_000
MAX_PATHS: Final = 100_000
"""Keys and items of arrays together."""

MAX_FAULTS: Final = 20

CURLY_QUOTES: Final = "\u201c\u201d\u201e\u2018\u2019\u00ab"

_SHOWN: Final = 60
"""Longer texts are cut in messages."""

_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]|\r(?!\n)")


class Fault(NamedTuple):
    """Something wrong in a text: what, where, the text in question, and the place that it conflicts with."""

    kind: str
    span: Span
    text: str = ""
    other: Span | None = None
    remedy: str = ""


class FaultError(Exception):
    """A fault after which the statement cannot go on."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.kind)
        self.fault = fault


def fault(kind: str, start: int, end: int, text: str = "") -> FaultError:
    """Return the error of a fault at a place."""
    return FaultError(Fault(kind, Span(start, end), text))


class Words(NamedTuple):
    """What is said of a kind of fault; `{text}` is the text in question, `{quoted}` the same in quotes."""

    headline: str
    help: str
    label: str = ""
    other: str = ""
    code: str = ""


SHARED: Final[dict[str, Words]] = {
    "bad-character": Words("`{text}` is the code of no character", "write the character itself"),
    "bad-escape": Words(
        "`{text}` has no meaning inside double quotes",
        "write `\\\\` for a backslash, or put the text in single quotes",
    ),
    "closes-nothing": Words("`{text}` closes nothing", "remove it, or open the bracket before it"),
    "control": Words("the text holds {text}", "remove it, or write it as an escape in double quotes"),
    "integer-range": Words(
        "`{text}` is too large for a whole number",
        "whole numbers reach from -9,223,372,036,854,775,808 to 9,223,372,036,854,775,807",
    ),
    "key-twice": Words(
        "key `{text}` is set twice",
        "keep one of them",
        other="first set here",
        code="duplicate-key",
    ),
    "lone-return": Words(
        "a line ends with a lone carriage return",
        "save the text with Unix or Windows line ends",
    ),
    "curly-quotes": Words("`{text}` is in typographic quotes", 'use straight quotes: "text"'),
    "no-comma": Words("a comma is missing", "put a comma between the two", label="before this"),
    "no-key": Words("a key is missing", "write a name here", label="a key belongs here"),
    "no-value": Words("a value is missing", "write a value, or remove what asks for it", label="a value belongs here"),
    "open-array": Words("the array is not closed", "end it with `]`", label="opened here"),
    "open-string": Words("the string is not closed", "end it with `{text}`"),
    "table-twice": Words(
        "table `{text}` is written twice",
        "put all its keys under one header",
        other="first written here",
        code="duplicate-key",
    ),
    "too-deep": Words(
        f"keys, tables and arrays are nested more than {MAX_DEPTH} deep",
        "a spec needs five or six",
        code="too-deep",
    ),
    "too-large": Words("the text is larger than 1 MiB", "a spec is a short text", code="too-large"),
    "too-many-keys": Words(
        f"the text has more than {MAX_KEYS:,} keys",
        "keep long lists in a file of the data",
        code="too-many-keys",
    ),
    "too-many-items": Words(
        f"the text has more than {MAX_PATHS:,} keys and items of arrays",
        "keep long lists in a file of the data",
        code="too-many-keys",
    ),
}
"""What both notations can get wrong."""


def unreadable(text: str) -> list[Fault]:
    """Find what no text of a spec may hold; a character of a kind is reported once."""
    if len(text) > MAX_CHARACTERS:
        return [Fault("too-large", Span(0, 0))]
    first: dict[str, Fault] = {}
    for match in _FORBIDDEN.finditer(text):
        kind = "lone-return" if match[0] == "\r" else "control"
        first.setdefault(match[0], Fault(kind, Span(*match.span()), _character(match[0])))
    return list(first.values())


def _character(character: str) -> str:
    names = {"\0": "a NUL character", "\x1b": "an ESC character, which drives terminals", "\x7f": "a DEL character"}
    return names.get(character, f"a character that is not text, U+{ord(character):04X}")


def diagnostic(source: Source, fault: Fault, table: Mapping[str, Words], code: str) -> Diagnostic:
    """Put a fault into words; `code` is the notation's own, for faults that have no other."""
    words = table.get(fault.kind) or SHARED[fault.kind]
    text = _short(fault.text)
    quoted = f"'{text}'" if '"' in text else f'"{text}"'
    labels = [Label(Place(source, fault.span), words.label)]
    if fault.other is not None:
        labels.append(Label(Place(source, fault.other), words.other))
    headline, remedy = (line.format(text=text, quoted=quoted) for line in (words.headline, words.help))
    return Diagnostic(words.code or code, headline, tuple(labels), fault.remedy or remedy, _odd_blanks(text))


def _odd_blanks(text: str) -> tuple[str, ...]:
    """Name what looks like a blank, or like nothing, and is read as text."""
    odd = sorted({c for c in text if c > "\x7f" and not c.isprintable()})
    return tuple(f"it holds U+{ord(c):04X}, {unicodedata.name(c, 'a character')}, which is read as text" for c in odd)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
