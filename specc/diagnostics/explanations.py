"""What each code means, with a wrong and a right example: one Markdown file a code, in `codes/`.

A code is the name of a pattern, and it never changes.
"""

from functools import cache
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).with_name("codes")


@cache
def codes() -> tuple[str, ...]:
    """Return every code, in alphabetical order."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.md")))


def explanation(code: str) -> str:
    """Return the whole page of a code, which is one of `codes()`."""
    return (_FOLDER / f"{code}.md").read_text(encoding="utf-8")


def meaning(code: str) -> str:
    """Return the first paragraph of a code's page, on one line."""
    return " ".join(explanation(code).split("\n\n")[1].split())
