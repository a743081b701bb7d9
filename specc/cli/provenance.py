"""Who set a value: a place in a file, a flag, a profile, a default, or the pass that derived it."""

from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from specc.cli.derivations import Derivation, derivation
from specc.compiler.context import Context
from specc.diagnostics.suggest import did_you_mean
from specc.errors import UsageError
from specc.paths import KeyPath, value_at
from specc.source import Origin
from specc.spec.describe import descriptions
from specc.spec.shape import keys_at, model_at
from specc.spec.stages import StageDefaults

_IN_PLAN: Final = {"lr": "schedule", "sample": "sampling", "train": "selector"}
"""What a plan calls a key of a stage."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A value, who set it, and the paths that it was derived from."""

    value: Any
    by: str
    sources: tuple[KeyPath, ...] = ()


@dataclass(frozen=True)
class Inquiry:
    """A spec and the JSON of its plan, to be asked for values. Items of arrays are called by their names."""

    context: Context
    plan: dict[str, Any]

    def find(self, asked: KeyPath) -> KeyPath:
        """Return the path with every item called by its name.

        Raises: UsageError with a suggestion where there is no such value.
        """
        path = KeyPath()
        for part in asked:
            scope = self.scope(path)
            if part not in scope:
                raise UsageError(f"there is no `{path.child(part)}` in this spec", help=_nearby(part, scope))
            path = path.child(scope[part])
        return path

    def scope(self, path: KeyPath) -> dict[str | int, str | int]:
        """Return what may follow a path, and what that is called: what is written, other keys, what passes derive."""
        place = self._written(path)
        written = value_at(self.context.document.tree, place[0]) if place else None
        planned = {} if isinstance(written, list) else _children(_value(self.plan, path))
        derived = {part: name for part, name in planned.items() if derivation(path.child(name))}
        return _children(written) | {key: key for key in keys_at(path)} | derived

    def answer(self, path: KeyPath) -> Answer:
        """Say who set the value at a path that was found."""
        written = self._written(path)
        if written:
            place, around = written
            document = self.context.document
            return Answer(value_at(document.tree, place), _who(document.origin(place)) + around)
        default, found = _typed(self.context.spec, path), derivation(path)
        if not is_empty(default):
            return Answer(default, "default")
        sources = tuple(KeyPath.parse(source) for source in found.sources) if found else ()
        if found is None or (found.only_with_first and not self._written(sources[0])):
            return Answer(self.planned(path), "default")
        return Answer(self._derived(path, found), f"derived by {found.by}", sources)

    def planned(self, path: KeyPath) -> Any:
        """Return what the plan says at a path."""
        if len(path) == 3 and path[0] == "stages":
            path = path.parent.child(_IN_PLAN.get(str(path[2]), path[2]))
        return _value(self.plan, path)

    def _written(self, path: KeyPath) -> tuple[KeyPath, str] | None:
        """Return where a value is written, with a word if that is in `[defaults]`; None when it is nowhere."""
        place = path.resolve(self.context.document.tree)
        if place is not None:
            return place, ""
        if len(path) < 3 or path[0] != "stages" or path[2] not in StageDefaults.model_fields:
            return None
        row, stage = next(found for found in self.context.stages() if found[1].name == path[1])
        shared = KeyPath((*self.context.setting(row, stage, str(path[2]))[1], *path[3:]))
        place = shared.resolve(self.context.document.tree) if shared[0] == "defaults" else None
        return None if place is None else (place, " in [defaults]")

    def _derived(self, path: KeyPath, found: Derivation) -> Any:
        """Return what a pass wrote."""
        value, waits = self.planned(path), found.by != "lower" and not self.context.with_data
        return "not known without the data" if value is None and waits else value


def is_empty(value: Any) -> bool:
    """Say whether a value says nothing."""
    return value is None or value in ((), [], {})


def meaning(path: KeyPath) -> str:
    """Return the sentence under a key, or about what a pass derives, or about a table; else that of what is around."""
    around, table, derived = model_at(path.parent), model_at(path), derivation(path)
    sentence = descriptions(around).get(str(path[-1]), "") if around and path else ""
    heading = (table.__doc__ or "").partition(": ")[2] if table else ""
    found = sentence or (derived.meaning if derived else "") or heading[:1].upper() + heading[1:]
    return found if found or not path else meaning(path.parent)


def _nearby(part: str | int, scope: dict[str | int, str | int]) -> str:
    names = [name for name in scope if isinstance(name, str)]
    if scope and not names:
        return f"it has {len(scope)} items, counted from 0"
    return did_you_mean(str(part), names, "names")


def _value(tree: dict[str, Any], path: KeyPath) -> Any:
    """Return the value at a path whose items are called by their names; None when there is none."""
    place = path.resolve(tree)
    return None if place is None else value_at(tree, place)


def _children(value: Any) -> dict[str | int, str | int]:
    if isinstance(value, dict):
        return {key: key for key in value}
    found: dict[str | int, str | int] = {}
    for index, item in enumerate(value if isinstance(value, list) else ()):
        name = item.get("name", index) if isinstance(item, dict) else index
        found |= {index: name, name: name}
    return found


def _typed(value: Any, path: KeyPath) -> Any:
    """Return what a spec's own models hold at a path, defaults included."""
    for part in path:
        if isinstance(value, BaseModel):
            names = [name for name, f in type(value).model_fields.items() if part in (name, f.alias)]
            value = getattr(value, names[0]) if names else None
        elif isinstance(value, dict):
            value = value.get(part)
        else:
            items = value if isinstance(value, tuple) else ()
            value = next((item for i, item in enumerate(items) if part in (i, getattr(item, "name", None))), None)
    return value


def _who(origin: Origin) -> str:
    is_flag = origin.by == "flag --set" and origin.source is not None
    return f"flag --set {origin.source.text}" if is_flag and origin.source else str(origin)
