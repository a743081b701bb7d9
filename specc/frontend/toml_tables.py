"""What the keys of a TOML text name, and what is said when two of them disagree."""

from dataclasses import dataclass, field
from enum import StrEnum

from specc.frontend.toml_tokens import Key
from specc.paths import KeyPath
from specc.source import Span


class Kind(StrEnum):
    """What a key names so far; the words are for people."""

    VALUE = "a value"
    IMPLICIT = "the start of a table's name"
    HEADER = "a table"
    DOTTED = "the start of a dotted key"
    LIST = "a list of tables"


@dataclass(slots=True)
class Entry:
    """A key of the document, and what is under it; of a list of tables the last item and the number of them."""

    kind: Kind
    path: KeyPath
    span: Span
    children: dict[str, "Entry"] = field(default_factory=dict)
    last: "Entry | None" = None
    count: int = 0


def clash_kind(old: Kind, new: Kind) -> str:
    """Return the fault's kind when a key names two things."""
    if old is new is Kind.VALUE:
        return "key-twice"
    return "table-twice" if old is new is Kind.HEADER else "two-meanings"


def clash_text(entry: Entry, key: Key, new: Kind) -> str:
    """Return the text in question when a key names two things."""
    if entry.kind is new is Kind.VALUE:
        return key.name
    if entry.kind is new is Kind.HEADER:
        return str(entry.path)
    return f"`{key.name}` is {entry.kind} and {new}"
