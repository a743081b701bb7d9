"""What each code means, with a wrong and a right example: one Markdown file a code, in `codes/`.

A code is the name of a pattern, and it never changes.
"""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable


@cache
def codes() -> tuple[str, ...]:
    """Return every code, in alphabetical order."""
    names = (entry.name for entry in _folder().iterdir())
    return tuple(sorted(name.removesuffix(".md") for name in names if name.endswith(".md")))


def explanation(code: str) -> str:
    """Return the whole page of a code, which is one of `codes()`."""
    return _folder().joinpath(f"{code}.md").read_text(encoding="utf-8")


def meaning(code: str) -> str:
    """Return the first paragraph of a code's page, on one line."""
    return " ".join(explanation(code).split("\n\n")[1].split())


def _folder() -> Traversable:
    return files("specc.diagnostics").joinpath("codes")
