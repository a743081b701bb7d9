"""The grammars of the language, one file each, and the tables that lark makes of them.

python -m specc.frontend.grammars

A grammar is the only source. Its tables ship beside it, because making them takes longer than checking a spec; the
command above makes those anew that are not current. Tables of another grammar, or by another lark, are not used.
"""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any, Final

import lark
from lark import Lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

from specc.spec.fields import STARTS

OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "grammar": {"start": list(STARTS), "propagate_positions": True},
    "statements": {"start": ["document"]},
}
"""Every grammar of this folder, and what lark is told about it."""

_FOLDER: Final = Path(__file__).parent


@cache
def grammar(name: str) -> Lark:
    """Return the parser of a grammar of this folder."""
    tables = shipped_tables(name)
    return Lark.load(tables) if tables else built(name)


def built(name: str) -> Lark:
    """Make the parser of a grammar from its text."""
    return Lark(_text(name), parser="lalr", **OPTIONS[name])


def shipped_tables(name: str) -> dict[str, Any] | None:
    """Return the tables that ship with a grammar; None when they were made from something else."""
    path = _FOLDER / f"{name}.json"
    if not path.is_file():
        return None
    tables: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_numbered)
    return tables if tables["made_from"] == _origin(name) else None


def write_tables(name: str) -> None:
    """Make the tables of a grammar and put them beside it."""
    data, memo = built(name).memo_serialize([TerminalDef, Rule])
    tables = {"made_from": _origin(name), "data": data, "memo": memo}
    (_FOLDER / f"{name}.json").write_text(json.dumps(tables, separators=(",", ":")) + "\n", encoding="utf-8")


def _origin(name: str) -> dict[str, str]:
    """Return what the tables of a grammar depend on."""
    text = json.dumps([_text(name), OPTIONS[name]])
    return {"lark": lark.__version__, "sha256": hashlib.sha256(text.encode()).hexdigest()}


def _text(name: str) -> str:
    return (_FOLDER / f"{name}.lark").read_text(encoding="utf-8")


def _numbered(pairs: list[tuple[str, Any]]) -> dict[str | int, Any]:
    """Return an object of lark's tables; its numbers are keys there, which JSON has not.

    >>> _numbered([("0", "COMMA"), ("start", "rule")])
    {0: 'COMMA', 'start': 'rule'}
    """
    return {int(key) if key.isdecimal() else key: value for key, value in pairs}


if __name__ == "__main__":
    for each in OPTIONS:
        if shipped_tables(each) is None:
            write_tables(each)
