"""Changes by chance to bytes and to JSON, whatever they mean."""

import copy
import math
import random
from collections.abc import Callable
from typing import Any, Final

NUMBERS: Final = (
    0, 1, 2, 3, 7, 8, 127, 128, 255, 256, 4096, 7071, 32767, 32768, 65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1,
    2**32, 2**53 + 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1,
)  # fmt: skip
"""Whole numbers at which something ends."""

TEXTS: Final = (
    "", " ", "nan", "-inf", "\\inf", "\0", "\n", "a\nb", "\r", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u202e", "\ufeff",
    "\ud800", "\udcff", "\ud83d\ude00", "\U0001f600", "é", "漢", "../../x", "/etc/passwd", "~/x", "x" * 300, "x" * 5000,
    "0" * 64, "f" * 64, "F32", "BOOL", "__metadata__", "(order)", "%s", "{0}", "null", "0", "-1", "1e999",
)  # fmt: skip
"""Texts that are rare in files, and common in trouble."""

VALUES: Final[tuple[Callable[[], Any], ...]] = (
    lambda: None, lambda: True, lambda: False, lambda: -1, lambda: -0.0, lambda: 0.5, lambda: 1.5, lambda: 1e308,
    lambda: 5e-324, lambda: math.nan, lambda: math.inf, lambda: -math.inf, lambda: 10**400, lambda: -(2**63) - 1,
    list, dict, lambda: [[]], lambda: [0], lambda: [None], lambda: ["x"], lambda: {"": 0}, lambda: {"name": "x"},
    lambda: [0] * 3000, lambda: nested(20), lambda: nested(64), lambda: nested(200), lambda: {"a": [1, {"b": "c"}]},
)  # fmt: skip
"""Makers of values that are no text: each gives a new one, since lists and tables are changed in place."""


def nested(depth: int) -> list[Any]:
    """Return a list in a list in a list."""
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def odd_value(chance: random.Random) -> Any:
    """Return some JSON value, or NaN."""
    kind = chance.randrange(3)
    if kind == 0:
        return chance.choice(NUMBERS)
    return chance.choice(TEXTS) if kind == 1 else chance.choice(VALUES)()


def json_changed(chance: random.Random, value: Any) -> Any:
    """Change a value inside a JSON value, in place; return the whole, which may be another."""
    places = list(_places(value))
    if not places:
        return odd_value(chance)
    holder, key = chance.choice(places)
    _change(chance, holder, key, places)
    return value


def _places(value: Any) -> Any:
    """Yield each place of a value: what holds it, and under which key."""
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        if isinstance(holder, dict | list):
            for key, item in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
                yield holder, key
                waiting.append(item)


def _change(chance: random.Random, holder: Any, key: Any, places: list[tuple[Any, Any]]) -> None:
    kind = chance.randrange(10)
    if kind < 4:
        holder[key] = _alike(chance, holder[key])
    elif kind < 6:
        holder[key] = odd_value(chance)
    elif kind == 6:
        del holder[key]
    elif kind == 7:
        other, place = chance.choice(places)
        if _has(other, place):
            # Copies, since one may be inside the other.
            holder[key], other[place] = copy.deepcopy(other[place]), copy.deepcopy(holder[key])
    elif isinstance(holder, list):
        holder[key:key] = [odd_value(chance)] if kind == 8 else holder[key : key + 3]
    else:
        name = chance.choice((*TEXTS, *(place for _, place in places if isinstance(place, str))))
        holder[name] = holder.pop(key) if kind == 8 else odd_value(chance)


def _has(holder: Any, key: Any) -> bool:
    return key in holder if isinstance(holder, dict) else isinstance(key, int) and key < len(holder)


def _alike(chance: random.Random, value: Any) -> Any:
    """Return another value of the same kind, which goes further than one of another."""
    match value:
        case bool():
            return not value
        case int():
            return chance.choice((value + 1, value - 1, -value, value * 2, *NUMBERS))
        case float():
            return chance.choice((-value, value * 2, 0.0, 1e-300, 1e300, math.nan, math.inf, 1.0))
        case str():
            place = chance.randrange(len(value) + 1)
            return chance.choice((value[:place], value[:place] + chance.choice(TEXTS) + value[place:], value * 2))
        case list() | dict():
            return type(value)()
        case _:
            return odd_value(chance)


def bytes_changed(chance: random.Random, data: bytes, others: tuple[bytes, ...] = ()) -> bytes:
    """Change some bytes; `others` lend theirs."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 12))):
        chance.choice(BYTE_CHANGES)(chance, changed)
    if others and chance.random() < 0.1:
        other = chance.choice(others)
        start, place = chance.randrange(len(other) + 1), chance.randrange(len(changed) + 1)
        changed[place:place] = other[start : start + chance.choice((4, 16, 100, 100_000))]
    return bytes(changed)


def _flip(chance: random.Random, data: bytearray) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _set(chance: random.Random, data: bytearray) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF, chance.randrange(256)))


def _number(chance: random.Random, data: bytearray) -> None:
    """Write a number over what is there: in files, numbers say where something is and how long."""
    width = chance.choice((1, 2, 2, 4, 4, 4, 8))
    place, number = chance.randrange(len(data) + 1), chance.choice(NUMBERS) % 2 ** (8 * width)
    data[place : place + width] = number.to_bytes(width, chance.choice(("little", "big")))


def _cut(chance: random.Random, data: bytearray) -> None:
    del data[chance.randrange(len(data) + 1) :]


def _delete(chance: random.Random, data: bytearray) -> None:
    place = chance.randrange(len(data) + 1)
    del data[place : place + chance.choice((1, 2, 4, 16, 64))]


def _repeat(chance: random.Random, data: bytearray) -> None:
    place = chance.randrange(len(data) + 1)
    data[place:place] = data[place : place + chance.choice((1, 4, 16, 300))] * chance.choice((1, 1, 2, 50))


def _insert(chance: random.Random, data: bytearray) -> None:
    place = chance.randrange(len(data) + 1)
    data[place:place] = chance.choice((b"\0", b"\xff", b"\n", b"\0" * 100, b"\xff" * 100, chance.randbytes(8)))


BYTE_CHANGES: Final = (_flip, _flip, _set, _set, _number, _number, _number, _cut, _delete, _repeat, _insert)
