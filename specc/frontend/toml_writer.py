"""A document as TOML text."""

from specc.frontend.layout import WIDTH, Layout
from specc.frontend.quoting import key_text
from specc.paths import KeyPath

_INDENT = "  "


def write_toml(layout: Layout) -> str:
    """Return the TOML text of a document."""
    lines = _table(layout, KeyPath(), "")
    end = layout.remarks[KeyPath()].end
    lines += ["", *end] if end and lines else end
    while lines and not lines[0]:
        lines.pop(0)
    return "\n".join(lines) + "\n" if lines else ""


def _table(layout: Layout, path: KeyPath, header: str) -> list[str]:
    values, sections = layout.parts(path)
    remark = layout.remarks[path]
    lines: list[str] = []
    if header and (values or not sections or path in layout.remarks):
        lines += ["", *remark.before, _with(header, remark.behind)]
    for value in values:
        lines += _value(layout, value, path)
    for section in sections:
        lines += _section(layout, section)
    return lines + list(remark.end if path else ())


def _section(layout: Layout, path: KeyPath) -> list[str]:
    name = ".".join(key_text(key) for key in path if not isinstance(key, int))
    if isinstance(layout.at(path), dict):
        without = tuple(path) == ("profiles",) and layout.is_dissolved(path)
        return _table(layout, path, "" if without else f"[{name}]")
    lines: list[str] = []
    for index in range(len(layout.at(path))):
        lines += _stage(layout, path.child(index), f"[[{name}]]")
    return lines


def _stage(layout: Layout, path: KeyPath, header: str) -> list[str]:
    """Write a stage; what stands behind its line stands behind its name."""
    remark = layout.remarks[path]
    named = next(iter(layout.at(path)), None) == "name"
    lines = ["", *remark.before, _with(header, "" if named else remark.behind)]
    values, sections = layout.parts(path)
    for value in values:
        written = _value(layout, value, path)
        if named and value == values[0]:
            written[-1] = _with(written[-1], remark.behind)
        lines += written
    for section in sections:
        lines += _section(layout, section)
    return lines + list(remark.end)


def _value(layout: Layout, path: KeyPath, table: KeyPath) -> list[str]:
    """Write `key = value`, with what is remarked on it."""
    remark = layout.remarks[path]
    key = ".".join(key_text(key) for key in path[len(table) :])
    above = list(remark.before)
    if layout.is_repeated(path):
        above += layout.remarks[path.child(0)].before
    text = f"{key} = {layout.statement(path)}"
    if _is_parted(layout, path) or (isinstance(layout.at(path), list) and len(text) > WIDTH):
        return [*above, _with(f"{key} = [", remark.behind), *_items(layout, path, _INDENT), "]"]
    return [*above, *_with(text, remark.behind).split("\n")]


def _is_parted(layout: Layout, path: KeyPath) -> bool:
    """Say whether a list has a line for each entry; what stands above the first may stand above the list."""
    if not layout.is_repeated(path):
        return layout.is_parted(path)
    first = path.child(0)
    remark = layout.remarks[first]
    return layout.remarks.inside(path) > (first in layout.remarks) or bool(remark.behind or remark.end)


def _items(layout: Layout, path: KeyPath, indent: str) -> list[str]:
    lines: list[str] = []
    for index in range(len(layout.at(path))):
        item = path.child(index)
        remark = layout.remarks[item]
        lines += [] if index == 0 and layout.is_repeated(path) else [indent + line for line in remark.before]
        if _is_parted(layout, item):
            lines += [_with(f"{indent}[", remark.behind), *_items(layout, item, indent + _INDENT), f"{indent}],"]
        else:
            lines.append(_with(f"{indent}{layout.inline(item)},", remark.behind))
    return lines + [indent + line for line in layout.remarks[path].end]


def _with(text: str, comment: str) -> str:
    return f"{text} {comment}" if comment else text
