"""TOML to a Document: values by `tomli`, places by the scanner, words by us."""

import re
from typing import Any, Final

import tomli

from specc.diagnostics.model import Diagnostics
from specc.frontend.faults import Fault, Words, diagnostic, unreadable
from specc.frontend.scanner import Scan, scan
from specc.source import Document, Source, Span

_WORDS: Final[dict[str, Words]] = {
    "bad-boolean": Words("`{text}` is not a value in TOML", "write it in lower case"),
    "bad-date": Words("`{text}` is not a date or a time", "write it like 2026-01-31 or 07:30:00"),
    "bad-key": Words("`{text}` cannot be a key as it is", "put it in quotes: {quoted}"),
    "bad-number": Words(
        "`{text}` is not a number in TOML",
        "a number has no zeros in front, and digits on both sides of a point; put other text in quotes",
    ),
    "bare-text": Words("`{text}` is text without quotes", "put it in quotes: {quoted}"),
    "block": Words(
        "`{text}` opens a block, which TOML has not",
        "write a header such as `[data]`; a file of the other notation ends in .specc",
    ),
    "colon": Words("`{text}` is followed by `:` and not by `=`", "write `{text} = value`"),
    "last-comma": Words("the inline table ends with a comma", "remove the last comma"),
    "more-text": Words("the line goes on after its end: `{text}`", "write one `key = value` a line"),
    "no-equals": Words("`{text}` has no `=`", "write `key = value`, or begin a comment with `#`"),
    "no-null": Words("`{text}` is not a value in TOML", "leave the key out, or put the text in quotes"),
    "open-header": Words("the table header is not closed", "end it with `{text}`"),
    "open-inline-table": Words(
        "the inline table is not closed on its line",
        "end it with `}}` on the same line, or write a table with a header",
        label="opened here",
    ),
    "syntax": Words("this is not TOML", "write `key = value`, with text in quotes"),
    "two-meanings": Words("{text}", "keep one of them", other="first used here", code="duplicate-key"),
}


def parse(source: Source, problems: Diagnostics) -> Document | None:
    """Read a TOML text; None when something is wrong with it, which is then among `problems`."""
    faults = unreadable(source.text)
    result = Scan({}, faults) if faults else scan(source)
    tree = None if result.faults else _values(source, result)
    for fault in _of_a_block(result.faults) or result.faults:
        problems.add(diagnostic(source, fault, _WORDS, "toml-syntax"))
    return None if tree is None else Document(source, tree, result.origins)


def _of_a_block(faults: list[Fault]) -> list[Fault]:
    """Return the first line that opens a block: the text is of the other notation, and all else follows from that."""
    opening = [fault for fault in faults if fault.kind == "no-equals" and fault.text.endswith("{")]
    return [fault._replace(kind="block") for fault in opening[:1]]


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
