"""How the text of an expression is spaced: as its canonical form is, with nothing added and nothing left out."""

import re
from functools import lru_cache
from typing import Final

from specc.frontend.expressions import parse
from specc.spec.fields import ExpressionError

_TOKEN: Final = re.compile(
    r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+|\[(?:-?\d+)?(?::(?:-?\d+)?)?\])*"
    r"|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
    r"|->|<=|>=|==|\S"
)


@lru_cache(maxsize=4096)
def spaced(kind: str, text: str) -> str:
    """Return an expression with one blank where blanks belong; a text that cannot be read stays as it is.

    >>> spaced("loss", "focal( species,gamma=2 )+0.7*focal(disease)")
    'focal(species, gamma = 2) + 0.7 * focal(disease)'
    """
    result = ""
    before: list[str] = []
    for token in _TOKEN.findall(text):
        result += " " * _parted(before, token) + token
        before.append(token)
    return result if _same(kind, text, result) else text


def _parted(before: list[str], token: str) -> bool:
    """Say whether a blank stands in front of a token."""
    if not before or before[-1] in ("(", "[") or token in (")", "]", ",", "%"):
        return False
    if before[-1] == "-" and (len(before) == 1 or before[-2] in ("(", "[", ",", "=", "->", ">=", "<=", "<", ">", "==")):
        return False
    is_call = token == "(" and re.match(r"[A-Za-z_]", before[-1]) is not None  # noqa: S105
    return not is_call


def _same(kind: str, text: str, result: str) -> bool:
    try:
        return parse(kind, text) == parse(kind, result)
    except ExpressionError:
        return False
