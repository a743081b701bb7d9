"""Moves each remark to the one place where both notations can have it."""

from dataclasses import replace

from specc.frontend.comments import Remark, squeezed
from specc.frontend.layout import Layout, header_keys, inner
from specc.paths import KeyPath


def settle(layout: Layout) -> None:
    """Settle all remarks of a layout; lines that part nothing are dropped."""
    for path in layout.remarks:
        if (table := _table_on_a_line(layout, path)) is not None:
            _move(layout, path, table)
    for path in sorted(layout.remarks, key=len):
        if path in layout.remarks:
            _settle(layout, path)
    openings: dict[KeyPath, set[KeyPath]] = {}
    for path in sorted(layout.remarks, key=len, reverse=True):
        _trim(layout, path, openings)


def _table_on_a_line(layout: Layout, path: KeyPath) -> KeyPath | None:
    """Return the table that a path is, or is a part of, where that is one line: in a list, or empty in a profile."""
    for size in range(2, len(path) + 1):
        item = KeyPath(path[:size])
        is_item = isinstance(item[-1], int) and isinstance(layout.at(item), dict)
        if is_item and not layout.is_section(item.parent):
            return item
    return path if path[:1] == ("profiles",) and len(path) > 2 and layout.at(path) == {} else None


def _settle(layout: Layout, path: KeyPath) -> None:
    value, remark = layout.at(path), layout.remarks[path]
    if len(inner(path)) == 3 and inner(path)[0] == "stages" and path[-1] == "name":
        _move(layout, path, path.parent)
    elif layout.is_dissolved(path):
        keys = list(value) if isinstance(value, dict) else range(len(value))
        behind = (remark.behind,) if remark.behind else ()
        layout.remarks[path] = Remark(end=() if layout.is_repeated(path) else remark.end)
        _put_above(layout, path.child(keys[0]), (*remark.before, *behind))
        _settle(layout, path.child(keys[0]))
        if layout.is_repeated(path):
            _put_above(layout, path.child(keys[-1]), remark.end)
    if path and isinstance(value, dict):
        _lower_end(layout, path)


def _move(layout: Layout, path: KeyPath, target: KeyPath) -> None:
    """Put a remark on another path, all of it above."""
    remark, layout.remarks[path] = layout.remarks[path], Remark()
    old = layout.remarks[target]
    spare = (remark.behind,) if remark.behind and old.behind else ()
    before = squeezed((*old.before, *filter(None, (*remark.before, *remark.end)), *spare))
    layout.remarks[target] = replace(old, before=before, behind=old.behind or remark.behind)


def _put_above(layout: Layout, path: KeyPath, lines: tuple[str, ...]) -> None:
    old = layout.remarks[path]
    layout.remarks[path] = replace(old, before=squeezed((*lines, *old.before)))


def _lower_end(layout: Layout, path: KeyPath) -> None:
    """Move what ends a table to the end of its last section, where it will be found again."""
    remark = layout.remarks[path]
    if not remark.end:
        return
    values, sections = layout.parts(path)
    target = sections[-1] if sections else values[-1] if layout.is_dissolved(path) and values else None
    if target is None:
        return
    layout.remarks[path] = replace(remark, end=())
    value = layout.at(target)
    if isinstance(value, list) and layout.is_section(target):
        target = target.child(len(value) - 1)
        value = layout.at(target)
    if isinstance(value, dict | list):
        old = layout.remarks[target]
        layout.remarks[target] = replace(old, end=squeezed((*old.end, *remark.end)))
        if isinstance(value, dict):
            _lower_end(layout, target)
    else:
        _put_above(layout, target, remark.end)


def _trim(layout: Layout, path: KeyPath, openings: dict[KeyPath, set[KeyPath]]) -> None:
    """Drop the gaps that the layout makes by itself, or does not make."""
    remark = layout.remarks[path]
    before, end = list(remark.before), list(remark.end)
    while before and not before[0] and not _may_part(layout, path, openings):
        before.pop(0)
    if not path or (isinstance(path[-1], int) and path[:1] != ("stages",)):
        before = [line for line in before if line]
    if path:
        end = [line for line in end if line]
    while end and not end[0]:
        end.pop(0)
    while end and not end[-1]:
        end.pop()
    layout.remarks[path] = Remark(tuple(before), remark.behind, tuple(end))


def _may_part(layout: Layout, path: KeyPath, openings: dict[KeyPath, set[KeyPath]]) -> bool:
    """Say whether a gap may stand above a value: not above sections, entries of lists, and the first of a block."""
    if not path or isinstance(path[-1], int) or path.parent == ("augment",) or layout.is_section(path):
        return False
    if path.parent not in openings:
        openings[path.parent] = _opening(layout, path.parent)
    return path not in openings[path.parent]


def _opening(layout: Layout, table: KeyPath) -> set[KeyPath]:
    """Return the values of a table that stand in the line that opens its block, and the first behind it."""
    headed = {table.child(key) for key in header_keys(layout, table)}
    first = next((value for value in layout.parts(table)[0] if value not in headed), None)
    return headed if first is None else headed | {first}
