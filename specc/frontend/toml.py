"""TOML to a Document: values by `tomli`, places by the scanner, words by us."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Final

import tomli

from specc.diagnostics.model import Diagnostic, Diagnostics, Label
from specc.frontend.scanner import MAX_DEPTH, MAX_KEYS, MAX_PATHS, Fault, Scan, scan
from specc.source import Document, Place, Source, Span

MAX_CHARACTERS: Final = 1 << 20

_SHOWN: Final = 60
"""Longer texts are cut in messages."""

_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]|\r(?!\n)")


@dataclass(frozen=True, slots=True)
class _Words:
    """What is said of a kind of fault; `{text}` is the text in question, `{quoted}` the same in quotes."""

    headline: str
    help: str
    label: str = ""
    other: str = ""
    code: str = "toml-syntax"


_WORDS: Final[dict[str, _Words]] = {
    "bad-boolean": _Words("`{text}` is not a value in TOML", "write it in lower case"),
    "bad-character": _Words("`{text}` is the code of no character", "write the character itself"),
    "bad-date": _Words("`{text}` is not a date or a time", "write it like 2026-01-31 or 07:30:00"),
    "bad-escape": _Words(
        "`{text}` has no meaning inside double quotes",
        "write `\\\\` for a backslash, or put the text in single quotes",
    ),
    "bad-key": _Words("`{text}` cannot be a key as it is", "put it in quotes: {quoted}"),
    "bad-number": _Words(
        "`{text}` is not a number in TOML",
        "a number has no zeros in front, and digits on both sides of a point; put other text in quotes",
    ),
    "bare-text": _Words("`{text}` is text without quotes", "put it in quotes: {quoted}"),
    "closes-nothing": _Words("`{text}` closes nothing", "remove it, or open the bracket before it"),
    "colon": _Words("`{text}` is followed by `:` and not by `=`", "write `{text} = value`"),
    "control": _Words("the text holds {text}", "remove it, or write it as an escape in double quotes"),
    "curly-quotes": _Words("`{text}` is in typographic quotes", 'use straight quotes: "text"'),
    "integer-range": _Words(
        "`{text}` is too large for a whole number",
        "whole numbers reach from -9,223,372,036,854,775,808 to 9,223,372,036,854,775,807",
    ),
    "key-twice": _Words(
        "key `{text}` is set twice",
        "keep one of them",
        other="first set here",
        code="duplicate-key",
    ),
    "last-comma": _Words("the inline table ends with a comma", "remove the last comma"),
    "lone-return": _Words(
        "a line ends with a lone carriage return",
        "save the text with Unix or Windows line ends",
    ),
    "more-text": _Words("the line goes on after its end: `{text}`", "write one `key = value` a line"),
    "no-comma": _Words("a comma is missing", "put a comma between the two", label="before this"),
    "no-equals": _Words("`{text}` has no `=`", "write `key = value`, or begin a comment with `#`"),
    "no-key": _Words("a key is missing", "write a name here", label="a key belongs here"),
    "no-null": _Words("`{text}` is not a value in TOML", "leave the key out, or put the text in quotes"),
    "no-value": _Words("a value is missing", "write a value, or remove what asks for it", label="a value belongs here"),
    "open-array": _Words("the array is not closed", "end it with `]`", label="opened here"),
    "open-header": _Words("the table header is not closed", "end it with `{text}`"),
    "open-inline-table": _Words(
        "the inline table is not closed on its line",
        "end it with `}}` on the same line, or write a table with a header",
        label="opened here",
    ),
    "open-string": _Words("the string is not closed", "end it with `{text}`"),
    "syntax": _Words("this is not TOML", "write `key = value`, with text in quotes"),
    "table-twice": _Words(
        "table `{text}` is written twice",
        "put all its keys under one header",
        other="first written here",
        code="duplicate-key",
    ),
    "too-deep": _Words(
        f"keys, tables and arrays are nested more than {MAX_DEPTH} deep",
        "a spec needs five or six",
        code="too-deep",
    ),
    "too-large": _Words("the text is larger than 1 MiB", "a spec is a short text", code="too-large"),
    "too-many-keys": _Words(
        f"the text has more than {MAX_KEYS:,} keys",
        "keep long lists in a file of the data",
        code="too-many-keys",
    ),
    "too-many-items": _Words(
        f"the text has more than {MAX_PATHS:,} keys and items of arrays",
        "keep long lists in a file of the data",
        code="too-many-keys",
    ),
    "two-meanings": _Words("{text}", "keep one of them", other="first used here", code="duplicate-key"),
}


def parse(source: Source, problems: Diagnostics) -> Document | None:
    """Read a TOML text; None when something is wrong with it, which is then among `problems`."""
    faults = _unreadable(source.text)
    result = Scan({}, faults) if faults else scan(source)
    tree = None if result.faults else _values(source, result)
    for fault in result.faults:
        problems.add(_diagnostic(source, fault))
    return None if tree is None else Document(source, tree, result.origins)


def _unreadable(text: str) -> list[Fault]:
    """Find what no TOML text may hold; a character of a kind is reported once."""
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


def _values(source: Source, result: Scan) -> dict[str, Any] | None:
    """Read the values; what only `tomli` refuses becomes a fault of `result`."""
    # A blank for the byte order mark keeps the offsets.
    text = " " + source.text[1:] if source.text.startswith("\ufeff") else source.text
    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        offset = _offset(source, error.lineno, error.colno)
    except (ValueError, RecursionError, OverflowError):
        offset = 0
    result.faults.append(_refused(source, result, offset))
    return None


def _offset(source: Source, line: int, column: int) -> int:
    """Return an offset in the text; `tomli` counts in one without carriage returns."""
    lines = source.text.split("\n")
    return sum(len(text) + 1 for text in lines[: line - 1]) + column - 1


def _refused(source: Source, result: Scan, offset: int) -> Fault:
    for origin in result.origins.values():
        span = origin.value
        if origin.inside is None and span and span.start <= offset <= span.end:
            text = source.text[span.start : span.end]
            if re.match(r"[0-9]{4}-|[0-9]{2}:", text):
                return Fault("bad-date", span, text)
    return Fault("syntax", Span(offset, offset))


def _diagnostic(source: Source, fault: Fault) -> Diagnostic:
    words = _WORDS[fault.kind]
    text = _short(fault.text)
    quoted = f"'{text}'" if '"' in text else f'"{text}"'
    labels = [Label(Place(source, fault.span), words.label)]
    if fault.other is not None:
        labels.append(Label(Place(source, fault.other), words.other))
    headline, remedy = (line.format(text=text, quoted=quoted) for line in (words.headline, words.help))
    return Diagnostic(words.code, headline, tuple(labels), remedy, _odd_blanks(text))


def _odd_blanks(text: str) -> tuple[str, ...]:
    """Name what looks like a blank, or like nothing, and is not one for TOML."""
    odd = sorted({c for c in text if c > "\x7f" and not c.isprintable()})
    return tuple(
        f"it holds U+{ord(c):04X}, {unicodedata.name(c, 'a character')}, which TOML reads as text" for c in odd
    )


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
