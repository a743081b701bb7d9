"""Laws that hold the scanner to the reader of values."""

import re
import sys
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import tomli
from hypothesis import HealthCheck, given, settings, strategies as st

from specc.diagnostics.model import Diagnostics
from specc.frontend.scanner import scan
from specc.frontend.toml import parse
from specc.paths import KeyPath, value_at
from specc.source import Document, Source

ROOT = KeyPath()

few = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
many = settings(few, max_examples=300)

CHARACTERS = st.sampled_from([*"ab z.#=[]{}'\"\\,\n\t", "é", "漢", "\U0001f600", "\x00", "\x1b", "\u2028"])
TEXTS = st.text(CHARACTERS, max_size=8)
NAMES = st.one_of(st.sampled_from(["a", "lr", "top-1", "data_2", "3"]), TEXTS)
NUMBERS = ["0", "-17", "+1_000", "0xdead_beef", "0o17", "0b1", "1.5", "-0.0", "1e6", "6.02e-23", "inf", "-nan"]
MOMENTS = ["1979-05-27", "07:32:00.5", "1979-05-27T07:32:00Z", "1979-05-27 07:32:00-08:00"]
SCALARS = st.sampled_from([*NUMBERS, *MOMENTS, "true", "false"])
NOISE = st.sampled_from(
    ["\n", '"', "'", '"""', "[", "]", "{", "}", ",", "=", ".", "#", "\\", "x", "\r", "\0", "\ufeff"]
)
KEYS = ["a", "b", "a.b", "b.a", "\n"]
HEADERS = ["[a]\n", "[a.b]\n", "[b.a.a]\n", "[[a]]\n", "[[a.b]]\n"]
VALUES = [" = 1\n", " = {}\n", " = []\n", " = 'x'\n", " = x\n", " = {a = 1, b.a = 2}\n", " = [{a = 1}]\n"]
PIECES = st.sampled_from([*KEYS, *HEADERS, *VALUES])


def escaped(text: str, draw: Any, *, lines: bool) -> str:
    short = {'"': '\\"', "\\": "\\\\", "\t": "\\t", "\n": "\\n"}
    out = ""
    for char in text:
        if char == "\n" and lines and draw(st.booleans()):
            out += "\n"
        elif char in short:
            out += short[char]
        elif char < " " or draw(st.integers(0, 9)) == 0:
            out += f"\\U{ord(char):08x}" if ord(char) > 0xFFFF else f"\\u{ord(char):04X}"
        else:
            out += char
        if lines and draw(st.integers(0, 9)) == 0:
            out += "\\  \n\n  \\\n" if draw(st.booleans()) else "\\\n"
    return out


@st.composite
def strings(draw: Any, text: str | None = None, *, lines: bool = True) -> str:
    text = draw(TEXTS) if text is None else text
    plain = not re.search(r"[\x00-\x08\x0a-\x1f']", text)
    kinds = ["basic", *(["long"] if lines else []), *(["literal"] if plain else [])]
    kinds += ["long literal"] if lines and not re.search(r"[\x00-\x08\x0b-\x1f]|'''|'$", text) else []
    kind = draw(st.sampled_from(kinds))
    if kind == "basic":
        return f'"{escaped(text, draw, lines=False)}"'
    if kind == "literal":
        return f"'{text}'"
    if kind == "long literal":
        return f"'''\n{text}'''"
    return f'"""\n{escaped(text, draw, lines=True)}{draw(st.sampled_from(["", chr(34), chr(34) * 2]))}"""'


class Namer:
    """Keys that never clash, written in any way that TOML has."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.count = 0

    def key(self) -> str:
        self.count += 1
        name = f"{self.draw(NAMES)}{self.count}"
        bare = re.fullmatch(r"[A-Za-z0-9_-]+", name)
        return name if bare and self.draw(st.booleans()) else self.draw(strings(name, lines=False))

    def value(self, depth: int = 0) -> str:
        kind = self.draw(st.integers(0, 5 if depth < 3 else 3))
        if kind < 2:
            return self.draw(SCALARS)
        if kind < 4:
            return self.draw(strings())
        return self.array(depth) if kind == 4 else self.inline_table(depth)

    def array(self, depth: int) -> str:
        gap = self.draw(st.sampled_from(["", " ", "\n  ", " # a ] \n"]))
        items = [gap + self.value(depth + 1) + gap for _ in range(self.draw(st.integers(0, 3)))]
        last = "," if items and self.draw(st.booleans()) else ""
        return "[" + ",".join(items) + last + gap + "]"

    def inline_table(self, depth: int) -> str:
        return "{ " + ", ".join(self.assignments(self.draw(st.integers(0, 3)), depth + 1)) + " }"

    def assignments(self, count: int, depth: int = 0) -> list[str]:
        shared = self.key()
        lines = []
        for _ in range(count):
            parts = [self.key() for _ in range(self.draw(st.integers(1, 3)))]
            parts = [shared, *parts] if self.draw(st.booleans()) else parts
            lines.append(" . ".join(parts) + " = " + self.value(depth))
        return lines


@st.composite
def documents(draw: Any) -> str:
    namer = Namer(draw)
    lines = namer.assignments(draw(st.integers(0, 3)))
    headers = [""]
    for _ in range(draw(st.integers(0, 4))):
        around = draw(st.sampled_from(headers))
        name = around + ("." if around else "") + ".".join(namer.key() for _ in range(draw(st.integers(1, 2))))
        double = draw(st.booleans())
        for _ in range(draw(st.integers(1, 2)) if double else 1):
            lines += [f"  [[ {name} ]] # x" if double else f"[{name}]", *namer.assignments(draw(st.integers(0, 2)))]
        headers.append(name)
    end = draw(st.sampled_from(["\n", "\r\n", "  # comment = [\n"]))
    text = "\n".join(lines) + "\n" if "#" in end else "\n".join(lines)
    return draw(st.sampled_from(["", "\ufeff"])) + text.replace("\n", "\r\n" if end == "\r\n" else "\n")


@st.composite
def damaged(draw: Any) -> str:
    text = draw(documents())
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        text = text[:start] + draw(st.one_of(NOISE, st.just(""))) + text[start + draw(st.integers(0, 4)) :]
    return text


def read(text: str) -> tuple[Document | None, Diagnostics]:
    problems = Diagnostics()
    return parse(Source("x.toml", text), problems), problems


def accepted(text: str) -> Document:
    document, problems = read(text)
    assert document is not None, (text, problems.found)
    return document


def paths(tree: Any, path: KeyPath = ROOT) -> Iterator[KeyPath]:
    for part, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield path.child(part)
        if isinstance(value, dict | list):
            yield from paths(value, path.child(part))


def same(one: Any, other: Any) -> bool:
    return one == other or (one != one and other != other)  # noqa: PLR0124  (nan)


@few
@given(documents())
def test_the_scanner_and_the_reader_see_the_same_paths(text):
    document = accepted(text)
    assert set(document.origins) == set(paths(document.tree))


@few
@given(documents())
def test_every_span_lies_inside_the_text(text):
    for origin in accepted(text).origins.values():
        for span in (origin.key, origin.value):
            assert span is None or 0 <= span.start <= span.end <= len(text)


@few
@given(documents())
def test_a_key_span_reads_as_the_key(text):
    for path, origin in accepted(text).origins.items():
        named = next(part for part in reversed(path) if isinstance(part, str))
        if origin.key is not None:
            assert tomli.loads(text[origin.key.start : origin.key.end] + " = 1") == {named: 1}


@few
@given(documents())
def test_a_scalar_span_reads_as_the_value(text):
    document = accepted(text)
    for path, origin in document.origins.items():
        value = value_at(document.tree, path)
        if not isinstance(value, dict | list | str):
            written = text[origin.value.start : origin.value.end]
            assert same(tomli.loads(f"x = {written}")["x"], value)


@few
@given(documents())
def test_a_container_span_reads_as_the_value_where_it_is_written_inline(text):
    document = accepted(text)
    for path, origin in document.origins.items():
        written = text[origin.value.start : origin.value.end]
        if origin.value != origin.key and written[:1] in ("[", "{") and origin.inside is None:
            assert repr(tomli.loads(f"x = {written}")["x"]) == repr(value_at(document.tree, path))


@few
@given(documents())
def test_the_characters_of_a_string_stand_where_inside_says(text):
    document = accepted(text)
    for path, origin in document.origins.items():
        value = value_at(document.tree, path)
        if isinstance(value, str):
            assert len(origin.inside) == len(value) + 1
            assert origin.inside[-1] == origin.value.end
            assert all(a < b for a, b in zip(origin.inside, origin.inside[1:], strict=False))
            for index, char in enumerate(value):
                check_character(text[origin.inside[index] : origin.inside[index + 1]], char)


def check_character(written: str, char: str) -> None:
    if written[0] == "\\" and written != "\\":
        assert tomli.loads(f'x = """{written}"""')["x"] == char
    else:
        assert written[0] == char or (written.startswith("\r\n") and char == "\n")


@many
@given(st.one_of(damaged(), st.text(), st.text(CHARACTERS), st.lists(NOISE).map("".join)))
def test_any_text_gives_a_document_or_diagnostics(text):
    document, problems = read(text)
    assert (document is None) == bool(problems.errors)
    for diagnostic in problems.found:
        assert diagnostic.help
        assert diagnostic.labels
        for label in diagnostic.labels:
            assert 0 <= label.place.span.start <= label.place.span.end <= len(text)


@many
@given(st.one_of(damaged(), st.lists(PIECES, max_size=9).map("".join)))
def test_what_the_scanner_accepts_the_reader_accepts(text):
    _, problems = read(text)
    assert not any(d.headline == "this is not TOML" for d in problems.found)


@pytest.mark.skipif(sys.version_info >= (3, 15), reason="tomllib reads a later TOML")
@settings(many, max_examples=600)
@given(st.one_of(damaged(), st.lists(PIECES, max_size=9).map("".join)))
def test_what_the_standard_library_accepts_is_accepted(text):
    try:
        expected = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError:
        assert read(text)[0] is None
    else:
        assert repr(accepted(text).tree) == repr(expected)


@few
@given(documents())
def test_a_fault_does_not_hide_and_does_not_invent_another(text):
    """A broken line in front of a sound text is all that is reported."""
    broken = "broken = some words\n" + text.removeprefix("\ufeff")
    assert [fault.kind for fault in scan(Source("x.toml", broken)).faults] == ["bare-text"]
