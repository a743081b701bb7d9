"""A document as text of the .specc notation: the short forms where they say it all, `key value` where they do not."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from specc.diagnostics.model import Diagnostics
from specc.frontend.dsl import parse
from specc.frontend.forms import FLAGS, FORMS, HEAD_OPTIONS, LABEL_OPTIONS, Options, begins_option
from specc.frontend.layout import WIDTH, Layout, header_keys, inner
from specc.frontend.plain import scope
from specc.frontend.quoting import key_text, quoted
from specc.paths import KeyPath
from specc.source import Source
from specc.spec.shape import expression_at

_INDENT: Final = "  "
_QUOTES: Final = "\"'"
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its indent, the comment behind it, and how deep it stands."""

    text: str
    comment: str = ""
    depth: int = 0

    def __str__(self) -> str:
        text = f"{self.text} {self.comment}" if self.comment else self.text
        return _INDENT * self.depth + text if text else ""

    def deeper(self) -> "Line":
        """Return the line as it stands inside a block."""
        return Line(self.text, self.comment, self.depth + 1)


def write_dsl(layout: Layout) -> str:
    """Return the .specc text of a document."""
    lines = _body(layout, KeyPath())
    end = layout.remarks[KeyPath()].end
    text = [str(line) for line in lines] + (["", *end] if end and lines else list(end))
    while text and not text[0]:
        text.pop(0)
    return "\n".join(text) + "\n" if text else ""


def _body(layout: Layout, path: KeyPath, skip: Iterable[str] = ()) -> list[Line]:
    """Return the lines of a table's entries."""
    skipped = {path.child(key) for key in skip}
    values, sections = layout.parts(path)
    lines: list[Line] = []
    for child in (child for child in values if child not in skipped):
        lines += _value(layout, child, path)
    for child in sections:
        lines += _section(layout, child, apart=not path)
    return lines + [Line(text) for text in (layout.remarks[path].end if path else ())]


def _section(layout: Layout, path: KeyPath, *, apart: bool) -> list[Line]:
    kind = (scope(path.parent), path[-1])
    if kind in _GROUPS and layout.is_dissolved(path):
        return _group(layout, path, _GROUPS[kind], apart=apart)
    if isinstance(layout.at(path), list):
        return _group(layout, path, _stage_head, apart=apart)
    table = layout.at(path)
    keys = header_keys(layout, path)
    first = str(path[-1]) if tuple(path) in (("data",), ("model",)) else _key(path, path.parent)
    words = [first, *("pretrained" if table[key] is True else table[key] for key in keys)]
    is_complete = bool(keys) and tuple(path) == ("model",)
    return _gap(apart=apart) + _block(layout, path, " ".join(words), keys, bare=is_complete)


def _group(layout: Layout, path: KeyPath, head: "Head", *, apart: bool) -> list[Line]:
    """Return the lines of a table of named entries, or of a list of them."""
    value = layout.at(path)
    lines: list[Line] = []
    for key in range(len(value)) if isinstance(value, list) else value:
        child = path.child(key)
        text, keys, bare = head(layout, child)
        is_table = isinstance(value[key], dict)
        lines += _gap(apart=apart)
        if is_table or (head is _augment_head and _is_lines(value[key])):
            lines += _block(layout, child, text, keys, bare=bare)
        else:
            lines += _statement(layout, child, text)
    end = layout.remarks[path].end
    return lines + [Line(text) for text in end]


def _gap(*, apart: bool) -> list[Line]:
    return [Line("")] if apart else []


def _block(layout: Layout, path: KeyPath, head: str, keys: Iterable[str], *, bare: bool) -> list[Line]:
    """Return `head { ... }`; `bare` says that a head without a body is complete."""
    remark = layout.remarks[path]
    before = [Line(text) for text in remark.before]
    body = _items(layout, path) if isinstance(layout.at(path), list) else _body(layout, path, keys)
    if not body:
        return [*before, Line(head if bare else f"{head} {{}}", remark.behind)]
    short = f"{head} {{ {body[0].text} }}"
    if len(body) == 1 and not body[0].comment and not body[0].text.startswith("#") and len(short) <= WIDTH // 2:
        return [*before, Line(short, remark.behind)]
    return [*before, Line(f"{head} {{", remark.behind), *(line.deeper() for line in body), Line("}")]


def _items(layout: Layout, path: KeyPath) -> list[Line]:
    """Return the lines of a list that is written as a block."""
    lines: list[Line] = []
    for index in range(len(layout.at(path))):
        child = path.child(index)
        remark = layout.remarks[child]
        lines += [Line(text) for text in remark.before]
        lines.append(Line(_text(layout, child), remark.behind))
    return lines + [Line(text) for text in layout.remarks[path].end]


def _value(layout: Layout, path: KeyPath, table: KeyPath) -> list[Line]:
    """Return the lines of a value that is no section."""
    value = layout.at(path)
    key, is_own = _key(path, table), len(path) == len(table) + 1
    if layout.is_repeated(path) and is_own:
        word = {"metrics": "metric"}.get(str(path[-1]), str(path[-1]))
        return [line for index in range(len(value)) for line in _statement(layout, path.child(index), word)]
    if tuple(path) == ("name",) and isinstance(value, str):
        return _statement(layout, path, "experiment")
    if is_own and (scope(table), path[-1]) == ("stage", "augment") and _is_lines(value):
        return _block(layout, path, "augment", (), bare=False)
    if isinstance(value, dict) and value:
        return _block(layout, path, key, (), bare=False)
    return _statement(layout, path, key)


def _key(path: KeyPath, table: KeyPath) -> str:
    """Return the key of an entry of a table; one in quotes is never read as the beginning of a short form."""
    parts = path[len(table) :]
    is_form = len(parts) == 1 and (scope(table), str(parts[0])) in FORMS
    return f'"{parts[0]}"' if is_form else ".".join(key_text(part) for part in parts)


def _is_lines(value: Any) -> bool:
    """Say whether a value is a list that can be written as a block of lines."""
    return isinstance(value, list) and not any(isinstance(item, dict) for item in value)


def _statement(layout: Layout, path: KeyPath, key: str) -> list[Line]:
    """Return `key value`, over several lines where it is a list that does not fit or is remarked on."""
    remark = layout.remarks[path]
    before = [Line(text) for text in remark.before]
    text = _text(layout, path)
    line = f"{key} {layout.statement(path) if text[0] in _QUOTES else text}"
    is_list = isinstance(layout.at(path), list)
    if (is_list and len(line) > WIDTH) or layout.is_parted(path):
        opening = Line(f"{key} [", remark.behind)
        return [*before, opening, *(item.deeper() for item in _list_lines(layout, path)), Line("]")]
    first, *others = line.split("\n")
    if not others:
        return [*before, Line(first, remark.behind)]
    return [*before, Line(first), *map(_Raw, others[:-1]), _Raw(others[-1], remark.behind)]


class _Raw(Line):
    """A line inside a text in quotes, which must not be moved."""

    def deeper(self) -> Line:
        """Return the line as it is."""
        return self


def _list_lines(layout: Layout, path: KeyPath) -> list[Line]:
    lines: list[Line] = []
    for index in range(len(layout.at(path))):
        child = path.child(index)
        remark = layout.remarks[child]
        lines += [Line(text) for text in remark.before]
        if layout.is_parted(child):
            entries = (line.deeper() for line in _list_lines(layout, child))
            lines += [Line("[", remark.behind), *entries, Line("],")]
        else:
            lines.append(Line(f"{_text(layout, child, in_list=True)},", remark.behind))
    return lines + [Line(text) for text in layout.remarks[path].end]


def _text(layout: Layout, path: KeyPath, *, in_list: bool = False) -> str:
    """Return a value on one line."""
    value = layout.value(path)
    if isinstance(value, list):
        return f"[{', '.join(_text(layout, path.child(i), in_list=True) for i in range(len(value)))}]"
    if isinstance(value, dict):
        entries = (f"{key_text(key)} = {_text(layout, path.child(key), in_list=True)}" for key in value)
        return f"{{ {', '.join(entries)} }}" if value else "{}"
    if not isinstance(value, str):
        return layout.scalar(path)
    is_expression = expression_at(inner(path)) is not None
    is_bare = _is_word(value) or (is_expression and is_read_back(value, in_list=in_list))
    return value if is_bare else quoted(value)


@lru_cache(maxsize=4096)
def is_read_back(text: str, *, in_list: bool = False) -> bool:
    """Say whether a text without quotes is read as the same text.

    >>> is_read_back("cosine(1e-4 -> 0)"), is_read_back("5"), is_read_back("a, b", in_list=True)
    (True, False, False)
    """
    if not text.isprintable():
        return False
    wanted = [text] if in_list else text
    document = parse(Source("", f"x [{text}]" if in_list else f"x {text}"), Diagnostics())
    return document is not None and document.tree == {"x": wanted}


Head = Callable[[Layout, KeyPath], tuple[str, list[str], bool]]
"""What opens the block of an entry, the keys that it says, and whether it is complete without a block."""


def _stage_head(layout: Layout, path: KeyPath) -> tuple[str, list[str], bool]:
    table, keys = layout.at(path), header_keys(layout, path)
    if not keys:
        return "stage", [], False
    text = f"stage {_name(table['name'])}"
    for key in keys[1:]:
        unit = key[:-1] if table[key] == 1 else key
        text += f" for {layout.scalar(path.child(key))} {unit}"
    return text, keys, True


def _augment_head(layout: Layout, path: KeyPath) -> tuple[str, list[str], bool]:
    return f"augment {key_text(path[-1])}", [], False


def _profile_head(layout: Layout, path: KeyPath) -> tuple[str, list[str], bool]:
    return f"profile {key_text(path[-1])}", [], False


def _label_head(layout: Layout, path: KeyPath) -> tuple[str, list[str], bool]:
    return _entry_head(layout, path, "label", LABEL_OPTIONS)


def _input_head(layout: Layout, path: KeyPath) -> tuple[str, list[str], bool]:
    return _entry_head(layout, path, "input", LABEL_OPTIONS)


def _head_head(layout: Layout, path: KeyPath) -> tuple[str, list[str], bool]:
    return _entry_head(layout, path, "head", HEAD_OPTIONS)


def _entry_head(layout: Layout, path: KeyPath, word: str, options: Options) -> tuple[str, list[str], bool]:
    """Return `word NAME options` where the options say all; else the name alone, and everything in the block."""
    table = layout.at(path)
    general = f"{word} {_name(str(path[-1]))}"
    order = [key for key in options.values() if key in table]
    says_all = list(table) == order and all(_fits_head(layout, path.child(key)) for key in table)
    is_label = word == "label"
    if not says_all or (is_label and not {"column", "folder"} & table.keys()):
        return general, [], not is_label and not table
    names_column = is_label and not layout.remarks[path].end and table.get("column") == path[-1]
    shown = [key for key in order if not (names_column and key == "column")]
    words = [_option(layout, path.child(key), options) for key in shown]
    return " ".join([general, *words]), order, True


def _fits_head(layout: Layout, path: KeyPath) -> bool:
    value = layout.at(path)
    if path[-1] in FLAGS:
        is_word = value is True
    elif path[-1] == "kind":
        is_word = isinstance(value, str) and _is_word(value) and not begins_option(value, HEAD_OPTIONS)
    else:
        is_word = isinstance(value, str | int | float) and not isinstance(value, bool) and "\n" not in str(value)
    return is_word and path not in layout.remarks


def _option(layout: Layout, path: KeyPath, options: Options) -> str:
    word = next(word for word, key in options.items() if key == path[-1])
    text = _text(layout, path)
    if word in FLAGS:
        return word
    return f"{word} {text}" if word else text


def _name(text: str) -> str:
    return text if _is_word(text) and text != "for" else quoted(text)


def _is_word(text: str) -> bool:
    return _WORD.fullmatch(text) is not None and text not in ("true", "false")


_GROUPS: Final[dict[tuple[str, str | int], Head]] = {
    ("data", "labels"): _label_head,
    ("data", "input"): _input_head,
    ("model", "heads"): _head_head,
    ("spec", "augment"): _augment_head,
    ("spec", "profiles"): _profile_head,
}
"""Tables whose entries have a line or a block each, by the kind of the table around them."""
