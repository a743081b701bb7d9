"""Keys and texts in the quotes that both notations read."""

import re
from typing import Final

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES: Final = {"\n": "\\n", "\t": "\t", "\r": "\\r", "\\": "\\\\", '"': '\\"'}


def key_text(key: str | int) -> str:
    """Return a key, in quotes where it needs them.

    >>> key_text("lr"), key_text("leaf blight")
    ('lr', '"leaf blight"')
    """
    text = str(key)
    return text if _BARE_KEY.fullmatch(text) else quoted(text)


def quoted(text: str) -> str:
    r"""Return a text in quotes, on one line.

    >>> print(quoted('a "b"'), quoted("two\nlines"))
    'a "b"' "two\nlines"
    """
    plain = all(c.isprintable() or c == "\t" for c in text)
    if plain and not {'"', "\\"} & set(text):
        return f'"{text}"'
    if plain and "'" not in text:
        return f"'{text}'"
    return '"' + "".join(map(_escaped, text)) + '"'


def quoted_lines(text: str) -> str:
    """Return a text in quotes, each of its lines on one of its own."""
    lines = "".join("\n" if c == "\n" else _escaped(c) for c in text)
    return f'"""\n{lines}"""'


def _escaped(character: str) -> str:
    code = ord(character)
    if character in _ESCAPES or character.isprintable():
        return _ESCAPES.get(character, character)
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
