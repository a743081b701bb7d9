"""Edits as a person would say them: one change for each key of the spec, with both values, where, and what it does."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from specc.diff.edits import ABSENT, ORDER
from specc.diff.effects import Classed, Comparison, Effect
from specc.diff.values import items_of, value_text
from specc.paths import KeyPath
from specc.plan.model import Plan
from specc.spec.units import number_text

_KEYS: Final = {"schedule": "lr", "sampling": "sample", "selector": "train"}
"""What a spec calls a field of a stage, where that is another word."""

_WORDED: Final = frozenset({"lr", "loss", "sample", "mix"})
"""Keys of a stage whose own words the plan keeps."""

_DERIVED: Final = frozenset(
    {
        "steps_per_epoch",
        "trained_parameters",
        "groups",
        "fingerprints",
        "samples",
        "classes",
        "counts",
        "parents",
        "features",
        "input_size",
        "normalize",
        "start_from_sha256",
    }
)
"""Fields that only follow from others."""

_NAMING: Final = frozenset({"seed", "fold"})
"""Numbers that are names: none is more than another."""

SHOWN: Final = 3
"""Stages that are named where many have a change alike."""

_NUMBER: Final = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e-?\d+)?(?![\w.])")
_RATIOS: Final = {2.0: "twice", 0.5: "half", 3.0: "three times", 10.0: "ten times", 0.1: "a tenth"}


@dataclass(frozen=True)
class Change:
    """One key that differs. `first` is the place among the new stages from which results change."""

    name: str
    """The key as a person says it: a stage's under the stage's name."""
    key: str
    stage: str | None
    """The stage that it is in, and its key there."""
    old: str | None
    new: str | None
    removed: tuple[str, ...]
    added: tuple[str, ...]
    """Of a list: the items that only one side has, and those in which a number moved."""
    ratio: str
    effect: Effect
    first: int | None
    places: tuple[str, str]
    """Where each side writes it, or who set it."""
    follows: bool
    """Whether nobody wrote it: it follows from other changes, or from the data."""


def changes(comparison: Comparison) -> list[Change]:
    """Return the changes, in the order of the plan; one that many stages have alike is one."""
    found: dict[KeyPath, list[Classed]] = {}
    for it in comparison.edits:
        found.setdefault(_key(it.edit.path), []).append(it)
    return _merged([_change(comparison, key, edits) for key, edits in found.items()], comparison)


def _merged(found: list[Change], comparison: Comparison) -> list[Change]:
    """Put together what several stages have alike."""
    alike: dict[Any, list[Change]] = {}
    for change in found:
        what = (change.key, change.old, change.new, change.effect) if change.stage else change.name
        alike.setdefault(what, []).append(change)
    return [_together(group, comparison) for group in alike.values()]


def _together(group: list[Change], comparison: Comparison) -> Change:
    first = min((it.first for it in group if it.first is not None), default=None)
    if len(group) == 1:
        return group[0]
    everywhere = len(group) == len(comparison.new.stages)
    names = "all stages" if everywhere else ", ".join(str(it.stage) for it in group[:SHOWN])
    more = "" if everywhere or len(group) <= SHOWN else f" and {len(group) - SHOWN:,} more"
    places = group[0].places if all(it.places == group[0].places for it in group) else ("", "")
    return replace(group[0], name=f"{group[0].key} of {names}{more}", first=first, places=places)


def _key(path: KeyPath) -> KeyPath:
    """Return the key of the spec that a field of the plan belongs to."""
    match path:
        case ("stages", stage, "texts", field):
            return KeyPath(("stages", stage, field))
        case ("stages", stage, field, *_):
            return KeyPath(("stages", stage, _KEYS.get(str(field), field)))
        case ("evaluate", "metrics" | "best" as field, *_):
            return KeyPath(("evaluate", field))
        case ("data", "rare", *rest):
            return KeyPath(("data", "labels", rest[0], "rare", *rest[1:]) if rest else path)
        case ("model", "heads", *_) | ("data", "labels", *_):
            return path
    inside = next((index for index, part in enumerate(path) if index and part in ("kind", "args")), len(path))
    return KeyPath(path[:inside])


def _change(comparison: Comparison, key: KeyPath, found: list[Classed]) -> Change:
    told = _worded(key, found)
    before, after = _sides(comparison, key, told)
    old, new = (None if side is ABSENT else value_text(key, side) for side in (before, after))
    removed, added = _items(before, after)
    affected = [it.first for it in found if it.first is not None]
    return Change(
        name=_name(comparison, key, found),
        key=str(KeyPath(key[2:] if key[0] == "stages" else key)),
        stage=str(_renamed(comparison, key)[1]) if key[0] == "stages" and len(key) > 2 else None,
        old=old,
        new=new,
        removed=removed,
        added=added,
        ratio="" if key[-1] in _NAMING else _ratio(old, new),
        effect=max(it.effect for it in found),
        first=min(affected, default=None),
        places=(_place(comparison.old, key), _place(comparison.new, _renamed(comparison, key))),
        follows=_follows(comparison, key, found),
    )


def _worded(key: KeyPath, found: list[Classed]) -> list[Classed]:
    """Return the edits that say a change best: the spec's own words, where the plan has them."""
    words = [it for it in found if it.edit.path[0] == "stages" and "texts" in it.edit.path]
    selectors = [it for it in found if it.edit.path[-1] == "selector"]
    return words or selectors or found


def _sides(comparison: Comparison, key: KeyPath, told: list[Classed]) -> tuple[Any, Any]:
    """Return both values of a key: what an edit says of it as a whole, or else what both plans have there."""
    if len(told) == 1 and told[0].edit.path[-1] in ("selector", key[-1]):
        return told[0].edit.old, told[0].edit.new
    return _found(comparison.trees[0], key), _found(comparison.trees[1], key)


def _found(tree: Any, key: KeyPath) -> Any:
    """Return what a plan has at a key; of metrics, their names."""
    fields = {"lr": "schedule", "sample": "sampling"}
    for depth, part in enumerate(key):
        name = fields.get(str(part), part) if key[0] == "stages" and depth == 2 else part
        if not isinstance(tree, dict) or name not in tree:
            return ABSENT
        tree = tree[name]
    return [*tree] if key[-1] == "metrics" else tree


def _items(old: Any, new: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the items that only one of two lists has."""
    before, after = items_of(old), items_of(new)
    if before is None or after is None:
        return (), ()
    removed, added = ([it for it in one if it not in other] for one, other in ((before, after), (after, before)))
    for old_item in list(removed):
        likeness = _NUMBER.sub("#", old_item)
        moved = next((it for it in added if _NUMBER.sub("#", it) == likeness), None)
        if moved:
            removed.remove(old_item)
            added[added.index(moved)] = f"{old_item} -> {moved}"
    return tuple(removed), tuple(added)


def _follows(comparison: Comparison, key: KeyPath, found: list[Classed]) -> bool:
    """Say whether nobody wrote a change."""
    fields = {str(part) for it in found for part in it.edit.path[1:]}
    if key[-1] == ORDER:
        return _same_order(found[0].edit.old, found[0].edit.new)
    if key[0] == "stages" and len(key) > 2 and key[2] in _WORDED:
        return "texts" not in fields
    if key[0] == "stages" and key[-1] == "train":
        return "selector" not in fields and all(it.effect is Effect.NOTHING for it in found)
    origins = comparison.old.origins.get(str(key)), comparison.new.origins.get(str(_renamed(comparison, key)))
    told = [origin for origin in origins if origin is not None]
    if told and all(origin.startswith(("default", "derived")) for origin in told):
        return True
    return all(_DERIVED.intersection(map(str, it.edit.path)) for it in found)


def _same_order(old: Any, new: Any) -> bool:
    """Say whether names that both sides have stand in one order; others are told by themselves."""
    if old is ABSENT or new is ABSENT:
        return True
    return [name for name in old if name in new] == [name for name in new if name in old]


def _name(comparison: Comparison, key: KeyPath, found: list[Classed]) -> str:
    """Say a key as a person would."""
    if key[-1] == ORDER:
        return f"the order of {' '.join(map(str, key[:-1]))}"
    if key[0] == "stages" and key[-1] == "train" and not any(it.edit.path[-1] == "selector" for it in found):
        return _name(comparison, key.parent.child("rates"), found)
    shown = _renamed(comparison, key) if key[-1] != "name" else key
    parts = shown[1:] if shown[0] == "stages" and len(shown) > 2 else shown
    return str(KeyPath(part for part in parts if part != ORDER))


def _renamed(comparison: Comparison, key: KeyPath) -> KeyPath:
    """Return a key with the name that its stage has in the new plan."""
    names = {before: name for name, before in comparison.called.items()}
    return KeyPath(("stages", names.get(str(key[1]), key[1]), *key[2:])) if key[0] == "stages" and key[1:] else key


def _place(plan: Plan, key: KeyPath) -> str:
    """Return where a plan's spec writes a key, or a key around it."""
    for path in _around(key):
        found = plan.origins.get(str(path))
        if found:
            return "" if found.startswith("derived") else found
    return ""


def _around(key: KeyPath) -> Iterator[KeyPath]:
    while key:
        yield key
        key = key.parent


def _ratio(old: str | None, new: str | None) -> str:
    """Say how many times as much the one number is in which two texts differ.

    >>> _ratio("1e-5", "2e-5"), _ratio("cosine(1e-3 -> 0)", "cosine(1.5e-3 -> 0)"), _ratio("1", "a")
    ('twice', 'x 1.5', '')
    """
    before, after = (_NUMBER.findall(text or "") for text in (old, new))
    differing = [(float(a), float(b)) for a, b in zip(before, after, strict=False) if float(a) != float(b)]
    same_words = _NUMBER.sub("#", old or "") == _NUMBER.sub("#", new or "")
    if not same_words or len(differing) != 1 or not differing[0][0]:
        return ""
    times = float(f"{differing[0][1] / differing[0][0]:.3g}")
    return _RATIOS.get(times, f"x {number_text(times)}")


def written(found: Iterable[Change]) -> list[Change]:
    """Return the changes that somebody wrote; where there are none, all of them."""
    every = list(found)
    return [change for change in every if not change.follows] or every


def stage_names(plan: Plan) -> Mapping[int, str]:
    """Return the stages' names by their places; behind the last there is the end of the run."""
    return {**{index: stage.name for index, stage in enumerate(plan.stages)}, len(plan.stages): "the end"}
