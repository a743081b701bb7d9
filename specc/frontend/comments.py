"""The comments of a text, and what each of them stands on. One reader serves both notations.

A comment on a line of its own belongs to what comes next; one behind something, to that; one before a closing bracket,
to the end of what is closed. Lines without anything part paragraphs, and are kept, one at a time.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from specc.frontend.statements import LEXEME
from specc.paths import KeyPath, value_at
from specc.source import Document, Origin


@dataclass(frozen=True, slots=True)
class Remark:
    """What a person wrote around a value; an empty line stands for a gap."""

    before: tuple[str, ...] = ()
    behind: str = ""
    end: tuple[str, ...] = ()


NOTHING = Remark()


class Remarks:
    """What is remarked on the values of a document, by path."""

    def __init__(self) -> None:
        self._found: dict[KeyPath, Remark] = {}
        self._inside = Counter[KeyPath]()
        self._inside_entries = Counter[KeyPath]()

    def __getitem__(self, path: KeyPath) -> Remark:
        return self._found.get(path, NOTHING)

    def __setitem__(self, path: KeyPath, remark: Remark) -> None:
        self._count(path, -1)
        if remark == NOTHING:
            self._found.pop(path, None)
        else:
            self._found[path] = remark
        self._count(path, 1)

    def __contains__(self, path: KeyPath) -> bool:
        return path in self._found

    def __iter__(self) -> Iterator[KeyPath]:
        return iter(tuple(self._found))

    def inside(self, path: KeyPath) -> int:
        """Count the remarks below a path and at its end: those that need lines inside it."""
        return self._inside[path]

    def inside_entries(self, path: KeyPath) -> int:
        """Count the remarks inside the entries of a path."""
        return self._inside_entries[path]

    def _count(self, path: KeyPath, step: int) -> None:
        if path in self._found:
            for size in range(len(path) + bool(self._found[path].end)):
                around = KeyPath(path[:size])
                self._inside[around] += step
                self._inside_entries[around.parent] += step


def read_remarks(document: Document) -> Remarks:
    """Return what is remarked on each path of a document that was read from one text."""
    return _Reader(document).remarks()


@dataclass
class _Lines:
    """What stands on the lines of a text, by number from 0."""

    texts: list[str]
    comments: dict[int, str] = field(default_factory=dict)
    """The comment that ends a line."""
    alone: set[int] = field(default_factory=set)
    """Lines that hold a comment, or nothing."""
    closers: dict[int, int] = field(default_factory=dict)
    """Lines that begin with a closing bracket, and the line of its opening one."""


class _Reader:
    def __init__(self, document: Document) -> None:
        self.document = document
        text = document.source.text
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.lines = self._read(text)
        self.anchors = self._anchors(document.origins)
        self.anchored = sorted(self.anchors)
        self.headers = [line for line in self.anchored if self.lines.texts[line].startswith("[")]
        self.found = Remarks()

    def remarks(self) -> Remarks:
        """Attach every comment and every gap."""
        for line, comment in self.lines.comments.items():
            if line not in self.lines.alone:
                self._behind(line, comment)
        for first, last in self._runs():
            self._before(first, last)
        return self.found

    def _read(self, text: str) -> _Lines:
        lines = _Lines([line.rstrip("\r") for line in text.split("\n")])
        words = [line.lstrip("\ufeff \t") for line in lines.texts]
        open_lines: list[int] = []
        inside: set[int] = set()
        for match in LEXEME.finditer(text):
            line, last = self._line(match.start()), self._line(match.end() - 1)
            inside.update(range(line, last + 1) if last > line else ())
            if match[0][0] == "#":
                lines.comments[line] = match[0].rstrip()
            elif match[0] in "([{":
                open_lines.append(line)
            elif match[0] in ")]}" and open_lines:
                opened = open_lines.pop()
                if self.starts[line] + len(lines.texts[line]) - len(words[line]) == match.start():
                    lines.closers[line] = opened
        lines.alone = {line for line, word in enumerate(words) if word[:1] in ("", "#") and line not in inside}
        return lines

    def _line(self, offset: int) -> int:
        return bisect_right(self.starts, offset) - 1

    def _anchors(self, origins: dict[KeyPath, Origin]) -> dict[int, KeyPath]:
        """Return for each line the path that it is about: the first value that begins there, or the innermost table."""
        by_line: dict[int, list[tuple[bool, int, int, KeyPath]]] = {}
        for path, origin in origins.items():
            span = origin.key or origin.value
            if span is None or origin.source is not self.document.source:
                continue
            is_value = origin.key != origin.value
            order = span.start if is_value else -span.start
            by_line.setdefault(self._line(span.start), []).append((not is_value, order, -len(path), path))
        return {line: min(found, key=lambda entry: entry[:3])[3] for line, found in by_line.items()}

    def _runs(self) -> Iterator[tuple[int, int]]:
        """Yield the first and last line of everything that stands between two lines of content."""
        first = None
        for line in range(len(self.lines.texts) + 1):
            if line in self.lines.alone:
                first = line if first is None else first
            elif first is not None:
                yield first, line - 1
                first = None

    def _behind(self, line: int, comment: str) -> None:
        path = self._subject(line)
        old = self.found[path]
        if old.behind:
            self._add(path, before=(comment,))
        else:
            self.found[path] = replace(old, behind=comment)

    def _subject(self, line: int) -> KeyPath:
        """Return what a line is about; a line inside an expression, or a closing one, is about what began before it."""
        line = self.lines.closers.get(line, line) if line not in self.anchors else line
        above = _last(self.anchored, line)
        return KeyPath() if above is None else self.anchors[above]

    def _before(self, first: int, last: int) -> None:
        """Attach the lines of a run to what follows it, or to the end of what it ends."""
        texts = [self.lines.comments.get(line, "") for line in range(first, last + 1)]
        following = last + 1
        is_end = following >= len(self.lines.texts)
        if is_end or self.lines.texts[following].startswith("["):
            texts = self._end_of_table(first, texts)
        if is_end:
            self._add(KeyPath(), end=texts)
        elif following in self.anchors:
            self._add(self.anchors[following], before=texts)
        elif following in self.lines.closers and self._is_open(self._subject(following)):
            self._add(self._subject(following), end=texts)
        else:
            self._add(self._subject(following), before=[text for text in texts if text])

    def _is_open(self, path: KeyPath) -> bool:
        """Say whether lines can stand at the end of a value: it is no expression."""
        return isinstance(value_at(self.document.tree, path), dict | list)

    def _end_of_table(self, first: int, texts: list[str]) -> list[str]:
        """Attach the lines right below a table's last value to the table's end; return the others."""
        count = texts.index("") if "" in texts else len(texts)
        header = _last(self.headers, first - 1)
        if not count or header is None or (count == len(texts) and first + count < len(self.lines.texts)):
            return texts
        self._add(self.anchors[header], end=texts[:count])
        return texts[count:]

    def _add(self, path: KeyPath, before: Sequence[str] = (), end: Sequence[str] = ()) -> None:
        old = self.found[path]
        self.found[path] = replace(old, before=squeezed((*old.before, *before)), end=squeezed((*old.end, *end)))


def _last(numbers: list[int], limit: int) -> int | None:
    """Return the last of sorted numbers up to a limit."""
    index = bisect_right(numbers, limit)
    return numbers[index - 1] if index else None


def squeezed(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Return lines with at most one empty line in a row.

    >>> squeezed(("", "", "# a", ""))
    ('', '# a', '')
    """
    return tuple(line for index, line in enumerate(lines) if line or index == 0 or lines[index - 1])
