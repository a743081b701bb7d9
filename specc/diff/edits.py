"""Edits between two plans, as data.

Arrays of named things (stages, heads, labels, groups) are compared by name, so that an added stage shows as one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from specc.paths import KeyPath
from specc.plan.model import Plan, StagePlan

ORDER: Final = "(order)"
"""Key under which a named array keeps the order of its names."""


class Absent:
    """What stands on a side that has no value."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()


@dataclass(frozen=True)
class Edit:
    """One value that differs; `old` or `new` is `ABSENT` where there is none."""

    path: KeyPath
    old: Any
    new: Any


def edits(old: Plan, new: Plan) -> tuple[Edit, ...]:
    """Return what turns one plan into another; origins do not count.

    A stage that has another name in the new plan stands under its old one, so its name is one edit among others.
    """
    return tuple(_edits(tree(old), tree(new, matched(old, new)), KeyPath()))


def apply(changes: Sequence[Edit], old: Plan) -> Plan:
    """Return the plan that the edits lead to: `apply(edits(a, b), a) == b` but for origins."""
    result = tree(old)
    for edit in changes:
        _set(result, edit)
    return Plan.model_validate({**untree(result), "origins": {}})


def matched(old: Plan, new: Plan) -> dict[str, str]:
    """Return what each stage of the new plan is called in the old one, as far as it is there.

    Stages are the same by their names; of the others, those with one digest, and then those that are most alike.
    """
    before = {stage.name: stage for stage in old.stages}
    called = {stage.name: stage.name for stage in new.stages if stage.name in before}
    lost = [name for name in before if name not in called]
    digests = dict(zip(before, old.stage_digests, strict=True)) if lost else {}
    for stage, digest in zip(new.stages, new.stage_digests, strict=True) if lost else ():
        if stage.name in called or not lost:
            continue
        likest = max(lost, key=lambda name: (digests[name] == digest, _likeness(before[name], stage)))
        if digests[likest] == digest or _likeness(before[likest], stage) > len(_MARKS) / 2:
            called[stage.name] = likest
            lost.remove(likest)
    return called


_MARKS: Final = ("selector", "epochs", "steps", "batch_size", "optimizer", "texts", "start_from")
"""Fields by which a stage is known again under another name."""


def _likeness(one: StagePlan, other: StagePlan) -> int:
    return sum(getattr(one, mark) == getattr(other, mark) for mark in _MARKS)


def tree(plan: Plan, called: Mapping[str, str] = MappingProxyType({})) -> dict[str, Any]:
    """Return a plan as tables only, named arrays turned into tables by name; stages may be called otherwise."""
    result: dict[str, Any] = _by_name(plan.model_dump(mode="json", exclude={"origins"}))
    stages = result["stages"]
    if isinstance(stages, dict):
        names = {name: called.get(name, name) for name in stages[ORDER]}
        result["stages"] = {ORDER: [*names.values()], **{key: stages[name] for name, key in names.items()}}
    return result


def _by_name(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _by_name(item) for key, item in value.items()}
    if (
        isinstance(value, list)
        and value
        and all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in value)
    ):
        names = [item["name"] for item in value]
        if len({*names, ORDER}) == len(names) + 1:
            return {ORDER: names, **{item["name"]: _by_name(item) for item in value}}
    return value


def untree(value: Any) -> Any:
    """Undo `tree`."""
    if not isinstance(value, dict):
        return value
    if ORDER in value:
        return [untree(value[name]) for name in value[ORDER]]
    return {key: untree(item) for key, item in value.items()}


def _edits(old: Any, new: Any, path: KeyPath) -> Iterator[Edit]:
    if isinstance(old, dict) and isinstance(new, dict) and (ORDER in old) == (ORDER in new):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _edits(old.get(key, ABSENT), new.get(key, ABSENT), path.child(key))
    elif old is ABSENT or new is ABSENT or old != new:
        yield Edit(path, old, new)


def _set(result: dict[str, Any], edit: Edit) -> None:
    place: Any = result
    for part in edit.path[:-1]:
        place = place[part]
    if edit.new is ABSENT:
        del place[edit.path[-1]]
    else:
        place[edit.path[-1]] = edit.new
