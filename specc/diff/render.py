"""A comparison for people, for a pull request, and for machines."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from specc.diff.changes import Change, changes, stage_names, written
from specc.diff.consequences import Consequences, Work, consequences
from specc.diff.edits import ABSENT
from specc.diff.effects import Comparison, Effect

SAME: Final = "no difference: the two specs are the same experiment"

MOST: Final = 12
"""Stages that are named one by one."""

FITS: Final = {
    Effect.NOTHING: "no effect on weights",
    Effect.RESULTS: "changes results",
    Effect.MODEL: "new model: checkpoints do not fit",
}


def as_text(comparison: Comparison, more: Sequence[str] = (), *, changes_too: bool = True) -> str:
    """Render in lines: each change as one would say it, then what follows, then what the caller has to add."""
    if not comparison.edits:
        return "\n".join([SAME, *more]) + "\n"
    told = written(changes(comparison)) if changes_too else ()
    lines = [line for change in told for line in _lines(change, comparison)]
    return "\n".join([*lines, "", *verdict(comparison), *more]) + "\n"


def as_table(comparison: Comparison) -> Any:
    """Render the changes in two columns, for a wide terminal."""
    from rich import box  # noqa: PLC0415  (not where lines are wanted)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table("", "before", "after", "effect", "where", box=box.SIMPLE_HEAD, pad_edge=False)
    for change in written(changes(comparison)):
        style = {Effect.NOTHING: "dim", Effect.RESULTS: "yellow", Effect.MODEL: "bold red"}[change.effect]
        before, after = (Text("\n".join(side)) for side in _columns(change))
        after.append(_comma(change.ratio))
        where = Text(_where(change).strip(" ()"), style="dim")
        table.add_row(Text(change.name), before, after, Text(does(change, comparison), style=style), where)
    return table


def as_json(found: Comparison | Mapping[str, Comparison]) -> str:
    """Render for machines: one comparison, or several by what they are called."""
    record = _record(found) if isinstance(found, Comparison) else {name: _record(it) for name, it in found.items()}
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def _record(comparison: Comparison) -> dict[str, Any]:
    """Return every edit of the plan, every change that a person would name, and what follows."""
    names = stage_names(comparison.new)
    follows = consequences(comparison)
    return {
        "effect": comparison.effect.name.lower(),
        "retrained": list(comparison.retrained),
        "kept": list(comparison.kept),
        "steps": [follows.old.steps, follows.new.steps, follows.left.steps],
        "samples": [follows.old.samples, follows.new.samples, follows.left.samples],
        "parameters": [follows.old.parameters, follows.new.parameters],
        "same_order_of_data": follows.order is None,
        "changes": [
            {
                "name": it.name,
                "old": it.old,
                "new": it.new,
                "effect": it.effect.name.lower(),
                "from_stage": None if it.first is None else names.get(it.first),
                "places": list(it.places),
            }
            for it in written(changes(comparison))
        ],
        "edits": [
            {
                "path": str(it.edit.path),
                "old": _json(it.edit.old),
                "new": _json(it.edit.new),
                "effect": it.effect.name.lower(),
            }
            for it in comparison.edits
        ],
    }


def as_markdown(comparison: Comparison, title: str, more: Sequence[str] = ()) -> str:
    """Render for a comment on a pull request (GitHub Flavored Markdown)."""
    if not comparison.edits:
        return "\n".join([f"#### {title}", "", SAME, *more]) + "\n"
    rows = [
        f"| `{it.name}` | {' | '.join(map(_cell, _columns(it)))}{_comma(it.ratio)} | {does(it, comparison)} |"
        for it in written(changes(comparison))
    ]
    head = ["| | before | after | effect |", "| --- | --- | --- | --- |"]
    lines = [f"- {line}" for line in (*verdict(comparison), *more)]
    return "\n".join([f"#### {title}", "", *head, *rows, "", *lines]) + "\n"


def does(change: Change, comparison: Comparison) -> str:
    """Say what a change does to weights."""
    if change.effect is not Effect.RESULTS or change.first is None:
        return FITS[change.effect]
    if change.first >= len(comparison.new.stages):
        return "the run ends in another stage"
    return f"{FITS[change.effect]} from {comparison.new.stages[change.first].name} on"


def verdict(comparison: Comparison) -> Iterator[str]:
    """Say what follows from all changes."""
    follows = consequences(comparison)
    if comparison.effect is Effect.MODEL:
        yield FITS[Effect.MODEL]
    yield f"trained again: {listed(comparison.retrained)}" if comparison.retrained else "nothing is trained again"
    if comparison.kept and comparison.effect is not Effect.NOTHING:
        yield f"results that stand: {listed(comparison.kept)}"
    if comparison.first == len(comparison.new.stages):
        yield f"the run ends after {comparison.new.stages[-1].name}"
    yield from _amounts(follows)
    if comparison.retrained and follows.order is None:
        yield "data: the same samples in the same order"
    elif follows.order is not None and follows.order < len(comparison.new.stages):
        yield f"data: other samples, or another order, from {comparison.new.stages[follows.order].name} on"


def listed(names: Sequence[str]) -> str:
    """Print names of stages in their order, many of them by the first and the last.

    >>> listed(["a", "b"]), listed([f"s{i}" for i in range(20)])
    ('a, b', 's0 to s19 (20 stages)')
    """
    return ", ".join(names) if len(names) <= MOST else f"{names[0]} to {names[-1]} ({len(names):,} stages)"


def _amounts(follows: Consequences) -> Iterator[str]:
    again = follows.left.steps if follows.left.steps and follows.left.steps != follows.new.steps else None
    rest = f", of which {again:,} are to be made" if again else ""
    yield from _amount("optimizer steps", follows.old.steps, follows.new.steps, rest)
    if follows.old.samples != follows.new.samples:
        yield from _amount("samples", follows.old.samples, follows.new.samples)
    if follows.old.parameters != follows.new.parameters:
        yield from _amount("parameters", follows.old.parameters, follows.new.parameters)
    before = dict(follows.old.trained)
    for name, count in _trained(follows.new):
        if before.get(name, count) != count:
            yield f"parameters that train in {name}: {before[name] or 0:,} -> {count:,}"


def _trained(work: Work) -> Iterator[tuple[str, int]]:
    yield from ((name, count) for name, count in work.trained if count is not None)


def _amount(what: str, old: int | None, new: int | None, rest: str = "") -> Iterator[str]:
    if old is not None and new is not None:
        yield f"{what}: {old:,} -> {new:,}{rest}" if old != new else f"{what}: {new:,}{rest}"


def _lines(change: Change, comparison: Comparison) -> Iterator[str]:
    """Yield the lines of a change: what it was and is, what it does, and where it is written."""
    sign = "+" if change.old is None else "-" if change.new is None else " "
    told = f"{sign} {change.name}: {_both(change)}{_comma(change.ratio)}"
    yield f"{told}   [{does(change, comparison)}]{_where(change)}"
    yield from (f"    - {item}" for item in change.removed)
    yield from (f"    {' ' if ' -> ' in item else '+'} {item}" for item in change.added)


def _both(change: Change) -> str:
    if change.removed or change.added:
        return "changed"
    return " -> ".join(side for side in (change.old, change.new) if side is not None)


def _where(change: Change) -> str:
    old, new = (place.split(" ", maxsplit=1)[0] if ":" in place else place for place in change.places)
    if not (old or new):
        return ""
    return f"   ({new or old})" if old == new or not (old and new) else f"   ({old} -> {new})"


def _comma(ratio: str) -> str:
    return f", {ratio}" if ratio else ""


def _columns(change: Change) -> tuple[Sequence[str], Sequence[str]]:
    """Return both sides of a change; of lists, what each has and the other has not."""
    if change.removed or change.added:
        return change.removed, change.added
    before, after = ([] if side is None else [side] for side in (change.old, change.new))
    return before, after


def _cell(values: Sequence[str]) -> str:
    return "<br>".join("`" + value.replace("|", "\\|").replace("`", "'") + "`" for value in values)


def _json(value: Any) -> Any:
    return None if value is ABSENT else value
