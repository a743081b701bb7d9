"""What a terminal makes of characters."""

from unicodedata import category, east_asian_width


def printable(text: str) -> str:
    r"""Show control and direction characters as escapes, so that a message cannot drive a terminal.

    >>> printable("a\x1b[31m")
    'a\\x1b[31m'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def printable_lines(text: str) -> str:
    """Show the same as escapes; line ends stay."""
    return "\n".join(printable(line) for line in text.split("\n"))


def columns(text: str) -> int:
    """Return how many columns a printable text takes: East Asian characters two, marks on others none (UAX 11).

    >>> columns("abc"), columns("漢字"), columns("e" + chr(0x301))
    (3, 4, 1)
    """
    return sum(_width(c) for c in text)


def _width(character: str) -> int:
    if category(character) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1
