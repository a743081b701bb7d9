"""A document as TOML text."""

from specc.frontend.layout import WIDTH, Layout, key_text
from specc.paths import KeyPath, value_at

_INDENT = "  "


def write_toml(layout: Layout) -> str:
    """Return the TOML text of a document."""
    lines = [line for line in _table(layout, KeyPath(), "") if line is not None]
    end = layout.remark(KeyPath()).end
    lines += ["", *end] if end and lines else end
    while lines and not lines[0]:
        lines.pop(0)
    return "\n".join(lines) + "\n" if lines else ""


def _table(layout: Layout, path: KeyPath, header: str) -> list[str]:
    values, sections = layout.parts(path)
    remark = layout.remark(path)
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
    if isinstance(value_at(layout.tree, path), dict):
        without = tuple(path) == ("profiles",) and layout.is_dissolved(path)
        return _table(layout, path, "" if without else f"[{name}]")
    lines: list[str] = []
    for index in range(len(value_at(layout.tree, path))):
        lines += _stage(layout, path.child(index), f"[[{name}]]")
    return lines


def _stage(layout: Layout, path: KeyPath, header: str) -> list[str]:
    """Write a stage; what stands behind its line stands behind its name."""
    remark = layout.remark(path)
    named = next(iter(value_at(layout.tree, path)), None) == "name"
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
    remark = layout.remark(path)
    key = ".".join(key_text(key) for key in path[len(table) :])
    above = list(remark.before)
    if layout.is_repeated(path):
        above += layout.remark(path.child(0)).before
    text = f"{key} = {layout.statement(path)}"
    if not isinstance(layout.value(path), list) or (len(text) <= WIDTH and not _is_parted(layout, path)):
        return [*above, *_with(text, remark.behind).split("\n")]
    return [*above, _with(f"{key} = [", remark.behind), *_items(layout, path, _INDENT), "]"]


def _is_parted(layout: Layout, path: KeyPath) -> bool:
    """Say whether the entries of a list are remarked on, so that each has its line."""
    first = layout.remark(path.child(0))
    others = any(
        len(found) > len(path) and found[: len(path)] == path and found != path.child(0) for found in layout.remarks
    )
    alone = first.behind or first.end or (first.before and not layout.is_repeated(path))
    return bool(others or alone or layout.remark(path).end)


def _items(layout: Layout, path: KeyPath, indent: str) -> list[str]:
    lines: list[str] = []
    for index in range(len(layout.value(path))):
        item = path.child(index)
        remark = layout.remark(item)
        lines += [] if layout.is_repeated(path) and index == 0 else [indent + line for line in remark.before]
        if isinstance(layout.value(item), list) and _is_parted(layout, item):
            lines += [_with(f"{indent}[", remark.behind), *_items(layout, item, indent + _INDENT), f"{indent}],"]
        else:
            lines.append(_with(f"{indent}{layout.inline(item)},", remark.behind))
    return lines + [indent + line for line in layout.remark(path).end]


def _with(text: str, comment: str) -> str:
    return f"{text} {comment}" if comment else text
