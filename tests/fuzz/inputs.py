"""Inputs: texts of the repository, changed at random along their lines and words."""

import random
import re
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

BLOCK = re.compile(r"^```(toml|specc)[^\n]*\n((?:(?!```).*\n)*)```$", re.MULTILINE)
TOKEN = re.compile(
    r'"""|\'\'\'|"[^"\n]*"|\'[^\'\n]*\'|#[^\n]*|\n +|[ \t]+|[A-Za-z_][\w-]*|\d[\w.]*|->|[<>=]=|.', re.DOTALL
)

ODD: Final = (
    *"()[]{},.;:=#'\"\\\n\t*+-%<>~/$@&|!?`^ ",
    "\r\n", "\r", "\0", "\x1b", "\x7f", "\x85", "\xa0", "\ufeff", "\u2028", "\u200b", "\ud800", "é", "漢", "\U0001f600",
    '"""', "'''", '""', "''", "[[", "]]", "{}", "[]", "()", "{ ", " }", "{\n", "\n}\n", "\n\n", "  ",
    "# x\n", "//", "/*", "\\n", "\\u0041", "\\ud800", "\\U0010FFFF", "\\x41", '\\"', "\\\n", "\u201cx\u201d",
    "0", "-0", "007", "1_000", "0x1F", "0b2", "1e999", "1e-999", "nan", "-inf", "inf", ".5", "5.", "1.5.5", "+1",
    "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1" * 400, "1e400", "0." + "3" * 60,
    "1979-05-27", "1979-13-01", "07:32:00", "1979-05-27T07:32:00Z", "true", "false", "True", "null", "none",
    "x" * 300, "x.y.z", ".".join("x" * 70), "(" * 40, "[" * 80, "{a " * 70, ")" * 20, "../" * 10,
    "%s", "{0}", "__class__",
)  # fmt: skip
"""What is rare in specs, and common in trouble."""


@cache
def corpus(notation: str) -> tuple[str, ...]:
    """Return the texts of a notation in this repository: specs, tests, examples of diagnostics, and old findings."""
    texts = [path.read_text("utf-8") for path in sorted(_files(notation))]
    pages = [*(ROOT / "tests/cases").glob("*.md"), *(ROOT / "specc/diagnostics/codes").glob("*.md")]
    for page in sorted(pages):
        texts += [body for kind, body in BLOCK.findall(page.read_text("utf-8")) if kind == notation]
    return tuple(texts)


def _files(notation: str) -> list[Path]:
    folders = ("specs", "tests/specs", "tests/mistakes")
    found = [path for folder in folders for path in (ROOT / folder).glob(f"*.{notation}")]
    return found + [path for path in (ROOT / "tests/corpus" / notation).glob("*") if path.stat().st_size < 10_000]


@cache
def words(notation: str) -> tuple[str, ...]:
    """Return every word of the corpus once."""
    return tuple(sorted({token for text in corpus(notation) for token in TOKEN.findall(text)}))


@cache
def settings() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the paths and the values that are written in the corpus."""
    paths, values = set(), set()
    for text in corpus("toml"):
        table = ""
        for line in text.splitlines():
            if header := re.fullmatch(r"\[+([^\[\]]+)\]+", line):
                table = header[1] + "."
            elif assignment := re.fullmatch(r"([\w.-]+) = (.+)", line):
                paths.add(table + assignment[1])
                values.add(assignment[2])
    stages = [path.replace("stages.", f"stages.{name}.", 1) for path in paths for name in ("warmup", "polish", "0")]
    return tuple(sorted({*paths, *stages})), tuple(sorted(values))


def made_text(chance: random.Random, notation: str) -> bytes:
    """Return a text of a notation."""
    return encoded(changed(chance, chance.choice(corpus(notation)), notation))


def made_setting(chance: random.Random) -> bytes:
    """Return what may stand behind `--set`."""
    paths, values = settings()
    path, value = chance.choice(paths), chance.choice(values)
    if chance.random() < 0.3:
        path = _tokens_changed(chance, path, words("toml"))
    if chance.random() < 0.7:
        value = _tokens_changed(chance, value, words("toml"))
    return encoded(f"{path}={value}")


def encoded(text: str) -> bytes:
    """Return a text as an input, which is bytes."""
    return text.encode("utf-8", "surrogatepass")


def changed(chance: random.Random, text: str, notation: str) -> str:
    """Return a text with a few changes: often a part of it only, which is read faster."""
    if chance.random() < 0.8:
        lines = text.splitlines(keepends=True)
        start = chance.randrange(len(lines) + 1)
        text = "".join(lines[start : start + chance.randint(1, 12)])
    if chance.random() < 0.2:
        text = _spliced(chance, text, chance.choice(corpus(notation)))
    if chance.random() < 0.3:
        text = _lines_changed(chance, text)
    if chance.random() < 0.8:
        text = _tokens_changed(chance, text, words(notation))
    return text


def _spliced(chance: random.Random, text: str, other: str) -> str:
    lines, more = text.splitlines(keepends=True), other.splitlines(keepends=True)
    start, place = chance.randrange(len(more) + 1), chance.randrange(len(lines) + 1)
    lines[place:place] = more[start : start + chance.randint(1, 6)]
    return "".join(lines)


def _lines_changed(chance: random.Random, text: str) -> str:
    lines = text.split("\n")
    for _ in range(chance.randint(1, 3)):
        one, two = chance.randrange(len(lines)), chance.randrange(len(lines))
        change = chance.randrange(6)
        if change == 0:
            lines[one], lines[two] = lines[two], lines[one]
        elif change == 1:
            lines.insert(two, lines[one])
        elif change == 2:
            lines[one] = ""
        elif change == 3:
            lines[one] += chance.choice(["\r", " # behind", "#", " ", ",", ";"])
        elif change == 4:
            lines.insert(one, chance.choice(["# above", "", "    # in", "#", "  "]))
        else:
            lines[one] = lines[one].replace(" ", "\n", 1)
    return "\n".join(lines)


def _tokens_changed(chance: random.Random, text: str, known: tuple[str, ...]) -> str:
    tokens = TOKEN.findall(text)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        place = chance.randrange(len(tokens) + 1)
        change = chance.randrange(6)
        new = chance.choice(ODD if chance.random() < 0.4 else known)
        if change == 0:
            tokens.insert(place, new)
        elif change == 1:
            tokens[place : place + 1] = [new]
        elif change == 2:
            del tokens[place : place + chance.randint(1, 3)]
        elif change == 3:
            tokens[place:place] = tokens[place : place + chance.randint(1, 8)]
        elif change == 4 and place < len(tokens):
            at = chance.randrange(len(tokens[place]) + 1)
            tokens[place] = tokens[place][:at] + new + tokens[place][at:]
        else:
            other = chance.randrange(len(tokens) + 1)
            tokens[place : place + 1], tokens[other : other + 1] = tokens[other : other + 1], tokens[place : place + 1]
    return "".join(tokens)
