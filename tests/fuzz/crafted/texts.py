"""Texts that are as large, as deep or as odd as a text can be."""

from collections.abc import Iterator
from itertools import permutations
from typing import Final

from specc.frontend.faults import MAX_CHARACTERS
from specc.frontend.statements import MAX_MARKS
from tests.fuzz.inputs import encoded

CHARACTERS: Final = "{}[](),.;\"'#=\\ \na"

LINES: Final = {
    "toml": ("a = 1\n", "a{} = 1\n", "[a{}]\n", "[[a]]\n", "a.b{} = 1\n", "[[stages]]\nname = 's{}'\n", "# {}\n"),
    "specc": ("a 1\n", "a{} 1\n", "a{} {{}}\n", "stage s{}\n", "a.b{} 1\n", "stage s{} {{ lr 1 }}\n", "# {}\n"),
}  # fmt: skip
"""Lines that are repeated; `{}` is their number."""

LISTS: Final = ("1, ", "'x', ", "x, ", "[1], ", "{ a = 1 }, ", "f(x, y), ", "[")
EXPRESSIONS: Final = (
    "one_of(" * 600 + ")" * 600,
    "cosine(" + "1 -> " * 800 + "1)",
    "all" + " + all" * 600,
    "(" * 4000,
    "a[" * 2000,
    "1" * 4000,
    "1e" + "9" * 4000,
    "focal(digit)" + " + 0.5 * focal(digit)" * 190,
    "5 where count(digit) < 50, " * 150 + "1 where count(digit) < 2",
    "é" * 4000,
    "x" * 5000,
)
NUMBERS: Final = ("9" * 5000, "-" + "9" * 5000, "0." + "3" * 100_000, "1e" + "9" * 5000, "0x" + "f" * 5000, "1_" * 5000)
KEYS: Final = ("a" * 100_000, "a." * 60 + "a", "a." * 70 + "a", '"' + "\\u0041" * 10_000 + '"', '""', "a.b" * 40_000)
STAGE: Final = {
    "toml": "[[stages]]\nname = 's{}'\nepochs = 2\ntrain = 'all'\nlr = 'cosine(1e-3 -> 0)' # {}\n",
    "specc": "stage s{} for 2 epochs {{\n  train all\n  lr cosine(1e-3 -> 0) # {}\n}}\n",
}
HEAD: Final = {
    "toml": 'extends = "quickstart.toml"\nname = "x"\n',
    "specc": 'extends "quickstart.toml"\nexperiment x\n',
    "set": "",
}


def texts(target: str) -> Iterator[bytes]:
    """Yield all hostile texts of a target."""
    yield from map(encoded, _texts(target))


def _texts(target: str) -> Iterator[str]:
    for unit in (*CHARACTERS, *map("".join, permutations(CHARACTERS, 2))):
        yield unit * (MAX_CHARACTERS // len(unit))
        yield unit * (MAX_MARKS // len(unit))
        yield f"a {unit * (MAX_MARKS // len(unit))}"
    for line in LINES.get(target, ()):
        yield "".join(map(line.format, range(MAX_MARKS // line.count("\n") - 1)))
        yield "".join(map(line.format, range(100_000)))
        yield "".join(map(line.format, range(9_000)))
    yield from _values(target)
    for count in (1000, 2500) if target in STAGE else ():
        yield HEAD[target] + "".join(STAGE[target].format(number, number) for number in range(count))


def _values(target: str) -> Iterator[str]:
    sign = {"toml": " = ", "specc": " ", "set": "="}[target]
    lists = [f"[{item * (20_000 // item.count(',') if ',' in item else 60)}" for item in LISTS]
    for value in (*lists, *(f"{each}]" for each in lists), *NUMBERS, "[" * 62 + "]" * 62, "[" * 70 + "]" * 70):
        yield f"a{sign}{value}"
    for key in KEYS:
        yield f"{key}{sign}1"
    for expression in EXPRESSIONS:
        for path in ("stages.polish.lr", "stages.polish.train", "defaults.loss", "stages.polish.sample"):
            value = f'"{expression}"' if target == "toml" else expression
            yield f"{HEAD[target]}{path}{sign}{value}"
    yield "\ud800" * 1000
    yield f'a{sign}"\\ud800"'
