"""Did you mean: the nearest name in the same scope, or the name that other tools use for the same thing."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from specc.diagnostics.spellings import ELSEWHERE, FOREIGN, TABLES

_OF_A_TABLE: Final = ("keys", "words", "arguments")
"""Nouns of what may have been written in the wrong place."""


def closest(word: str, scope: Iterable[str]) -> str | None:
    """Return the name in `scope` that was probably meant.

    >>> closest("epoch", ["epochs", "lr"])
    'epochs'
    >>> closest("learning-rate", ["epochs", "lr"])
    'lr'
    >>> closest("colour", ["epochs", "lr"]) is None
    True
    """
    names = list(scope)
    return _spelled(word, names) or next(iter(get_close_matches(_plain(word), names, n=1, cutoff=0.6)), None)


def did_you_mean(word: str, scope: Iterable[str], noun: str = "names") -> str:
    """Return a remedy: the nearest name, the place where the word belongs, or the names that there are.

    >>> did_you_mean("epoch", ["epochs", "lr"])
    'did you mean `epochs`?'
    >>> did_you_mean("img_size", ["train", "eval"], "keys")
    'a transform makes it: augment.train = ["random_resized_crop(224)", ...]'
    >>> did_you_mean("colour", ["lr", "epochs"], "keys")
    'known keys: epochs, lr'
    """
    names = sorted(scope)
    is_misplaced = noun in _OF_A_TABLE and not _spelled(word, names)
    if is_misplaced and (place := _home(_plain(word)) or ELSEWHERE.get(_plain(word))):
        return place
    if match := closest(word, names):
        return f"did you mean `{match}`?"
    if is_misplaced and (place := next(filter(None, map(_home, FOREIGN.get(_plain(word), ()))), None)):
        return place
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"known {noun}: {shown}" if names else f"there are no {noun} here"


def _plain(word: str) -> str:
    return word.strip().lower().replace("-", "_")


def _spelled(word: str, names: list[str]) -> str | None:
    """Return the name that the word is but for its case and its hyphens, or what the word is called elsewhere."""
    plain = _plain(word)
    return next((name for name in (plain, *FOREIGN.get(plain, ())) if name in names), None)


def _home(key: str) -> str | None:
    """Say which tables have a key.

    >>> _home("best"), _home("start_from"), _home("colour")
    ('`best` is a key of `[evaluate]`', '`start_from` is a key of `[model]`, or of `[defaults]` and each stage', None)
    """
    tables = [table for table, keys in TABLES.items() if key in keys.split()]
    return f"`{key}` is a key of {', or of '.join(tables)}" if tables else None
