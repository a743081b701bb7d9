"""The .specc notation to a Document of the same shape that TOML gives."""

from typing import Final

from specc.diagnostics.model import Diagnostics
from specc.frontend.faults import MAX_FAULTS, Fault, Words, diagnostic, unreadable
from specc.frontend.forms import FORMS
from specc.frontend.plain import Reader
from specc.frontend.statements import MAX_MARKS, read_statements
from specc.paths import KeyPath
from specc.source import Document, Source

WORDS: Final[dict[str, Words]] = {
    "bad-key": Words("`{text}` cannot be a key", "keys are letters, digits, `_` and `-`; others stand in quotes"),
    "brace-below": Words("`{{` stands on a line of its own", "write it at the end of the line that names the block"),
    "colon": Words("`{text}` is followed by `:`", "write `{text} value`"),
    "equals": Words("`{text}` is followed by `=`", "write `{text} value`"),
    "header": Words("`{text}` is a header of TOML", "write `NAME {{ ... }}`"),
    "is-list": Words(
        "`{text}` is a list, and this line sets a key of it",
        "keep one of them: a list has entries, a table has keys",
        other="the list begins here",
    ),
    "is-table": Words(
        "`{text}` is a table, and this line adds an entry to it",
        "keep one of them: a list has entries, a table has keys",
        other="the table begins here",
    ),
    "last-comma": Words("the line ends with a comma", "remove it: a line ends by itself"),
    "more-text": Words(
        "the line goes on behind its block: `{text}`", "put it in front of `{{`, or on a line of its own"
    ),
    "more-words": Words("`{text}` means nothing here", "remove it, or put it inside the block"),
    "no-blank": Words("`{text}` is not followed by a blank", "write one between a key and its value"),
    "no-block": Words("`{text}` has no block", "write `{{` and `}}` around what belongs to it"),
    "no-comment": Words(
        "`{text}` begins no comment", "comments begin with `#`; a text that holds `{text}` stands in quotes"
    ),
    "no-equals": Words("`{text}` has no `=`", "inside an array, a table is `{{ key = value }}`"),
    "no-key-of-call": Words(
        "`{text}(...)` has no key in front of it",
        "write `KEY {text}(...)`; a list of transforms is `augment NAME {{ ... }}`",
    ),
    "no-name": Words("`{text}` has no name", "write `{text} NAME`"),
    "no-name-of-block": Words("a block has no name", "write one in front of `{{`", label="a name belongs here"),
    "no-table": Words("`{text}` is a value, and this line sets a part of it", "keep one of them", other="set here"),
    "no-unit": Words("`{text}` has no unit", "write `for {text} epochs` or `for {text} steps`"),
    "open-block": Words("the block is not closed: its `}}` is missing", "end it with `}}`", label="opened here"),
    "open-round": Words("`(` is never closed", "add `)`", label="opened here"),
    "partly-quoted": Words("the value is partly in quotes", "put all of it in quotes, or begin a line of its own"),
    "semicolon": Words("`;` stands outside quotes", "a line ends by itself; a text that holds `;` stands in quotes"),
    "table-twice": Words(
        "block `{text}` is written twice",
        "put all of it into one block",
        other="first written here",
        code="duplicate-key",
    ),
    "too-many-marks": Words(
        f"the text has more than {MAX_MARKS:,} brackets, commas, quotes and lines",
        "keep long lists in a file of the data",
        code="too-many-keys",
    ),
    "value-and-block": Words("`{text}` has both a value and a block", "keep one of them"),
}
"""What only this notation can get wrong."""


def parse(source: Source, problems: Diagnostics) -> Document | None:
    """Read a .specc text; None when something is wrong with it, which is then among `problems`."""
    reader = Reader(source, FORMS)
    faults = unreadable(source.text) or _read(reader)
    for found in faults[:MAX_FAULTS]:
        problems.add(diagnostic(source, found, WORDS, "specc-syntax"))
    return None if faults else Document(source, reader.tree, reader.origins)


def _read(reader: Reader) -> list[Fault]:
    """Read all statements; return what is wrong."""
    statements, faults = read_statements(reader.source.text)
    reader.body(statements, KeyPath())
    headers = [fault for fault in reader.faults if fault.kind == "header"]
    if headers:
        # The text is TOML: whatever else is wrong with it follows from that.
        return headers[:1]
    is_sound = all(fault.kind in HARMLESS for fault in faults)
    return [*faults, *(fault for fault in reader.faults if is_sound or fault.kind in LOCAL)]


HARMLESS: Final = ("brace-below", "no-name-of-block")
"""What is wrong with brackets, and leaves no doubt which block a line is in."""

LOCAL: Final = (
    "bad-key",
    "colon",
    "curly-quotes",
    "equals",
    "last-comma",
    "no-blank",
    "no-comment",
    "partly-quoted",
    "semicolon",
)
"""What is wrong with a line in whatever block it is, and can be told although the brackets are wrong."""
