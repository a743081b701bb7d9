"""What edits do to weights: nothing, other results from a stage on, or a model that old checkpoints do not fit.

What a stage's digest covers decides (`specc.plan.model`). Each edit is asked by itself whether it is covered, and the
answers agree with the digests: the first stage that an edit changes is the first whose digest differs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Any, Final

from specc.diff.edits import ORDER, Edit, edits, matched, tree
from specc.plan.model import Plan, StagePlan


class Effect(IntEnum):
    """What an edit does to weights, the least first."""

    NOTHING = 0
    RESULTS = 1
    MODEL = 2


SHARED: Final = {
    "format": (),
    "seed": (),
    "privacy": (),
    "augment": (),
    "data": ("location", "samples", "fingerprints"),
    "model": ("groups", "start_from"),
}
"""Rooms of a plan that every stage depends on, and the fields in them that none does, or that are asked otherwise."""

WITHOUT: Final = ("name", "expect", "selector", "trained_parameters", "train", "texts")
"""Fields of a stage that change no weight; what trains is asked otherwise."""

FITTING: Final = ("backbone", "architecture", "norm", "features", "heads", "groups")
"""Fields of the model by which it gets parameters of other names or shapes."""


@dataclass(frozen=True)
class Classed:
    """An edit and what it does; `first` is the place among the new stages from which results change, if any does.

    `first` may be one behind the last stage: then what the run ends in changes, and every stage stands.
    """

    edit: Edit
    effect: Effect
    first: int | None = None


@dataclass(frozen=True)
class Comparison:
    """Two plans side by side."""

    old: Plan
    new: Plan

    @cached_property
    def called(self) -> dict[str, str]:
        """What stages of the new plan are called in the old one."""
        return matched(self.old, self.new)

    @cached_property
    def edits(self) -> tuple[Classed, ...]:
        """Every edit with its one class."""
        return tuple(self._classed(edit) for edit in edits(self.old, self.new))

    @cached_property
    def trees(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Both plans as tables; stages of the new one stand under their old names."""
        return tree(self.old), tree(self.new, self.called)

    @property
    def effect(self) -> Effect:
        """The most that an edit does."""
        return max((it.effect for it in self.edits), default=Effect.NOTHING)

    @cached_property
    def first(self) -> int | None:
        """Where results change: the first place at which the digests of the stages differ; None when nowhere."""
        pairs = zip(self.old.stage_digests, self.new.stage_digests, strict=False)
        shorter = min(len(self.old.stages), len(self.new.stages))
        place = next((index for index, (one, other) in enumerate(pairs) if one != other), shorter)
        return place if place < max(len(self.old.stages), len(self.new.stages)) else None

    @property
    def kept(self) -> tuple[str, ...]:
        """The stages of the new plan whose results stand."""
        return tuple(stage.name for stage in self.new.stages[: self.first])

    @property
    def retrained(self) -> tuple[str, ...]:
        """The stages of the new plan that are trained again."""
        return () if self.first is None else tuple(stage.name for stage in self.new.stages[self.first :])

    @cached_property
    def fits(self) -> bool:
        """Whether the parameters of both models have the same names and shapes."""
        return _shapes(self.old) == _shapes(self.new)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {self.called.get(stage.name, stage.name): index for index, stage in enumerate(self.new.stages)}

    def _classed(self, edit: Edit) -> Classed:
        first = self._first(edit)
        if first is None:
            return Classed(edit, Effect.NOTHING)
        resized = edit.path[0] == "model" and edit.path[1] in FITTING
        relabelled = edit.path[:2] == ("data", "labels") or edit.path[:2] == ("data", "channels")
        return Classed(edit, Effect.MODEL if not self.fits and (resized or relabelled) else Effect.RESULTS, first)

    def _first(self, edit: Edit) -> int | None:
        """Return the place of the first stage whose weights an edit changes; None when it changes none's."""
        room, *rest = edit.path
        if room == "stages":
            return self._first_of_stages([str(part) for part in rest], edit)
        if room == "evaluate":
            return self._first_of_evaluation([str(part) for part in rest])
        if room not in SHARED:
            return None
        field = str(rest[0]) if rest else ""
        if field == "fingerprints":
            return 0 if len(rest) < 2 or rest[1] in ("train", "val") else None
        if room == "model" and field == "drop_path_rate":
            return next((i for i in range(len(self.new.stages)) if self.new.trains_backbone(i)), None)
        if room == "model" and field == "groups":
            return None if self.fits and _decay(self.old) == _decay(self.new) else 0
        return None if field in SHARED[room] else 0

    def _first_of_evaluation(self, path: list[str]) -> int | None:
        """Return where a change of what is measured matters: in what chooses the best weights, or ends a stage."""
        if path[0] in ("best", "every_epochs"):
            return 0
        if path[0] != "metrics":
            return None
        names = {path[1]} if len(path) > 1 else {*self.old.evaluate.metrics, *self.new.evaluate.metrics}
        if names & {self.old.evaluate.best.metric, self.new.evaluate.best.metric}:
            return 0
        stopped = (i for i, it in enumerate(self.new.stages) if it.stop and it.stop.monitor.metric in names)
        return next(stopped, None)

    def _first_of_stages(self, path: list[str], edit: Edit) -> int | None:
        if not path:
            return 0
        if path[0] == ORDER:
            return _first_difference(edit.old, edit.new)
        place = self._places.get(path[0])
        if place is None or len(path) < 2:
            return self._moved
        if path[1] == "train":
            return place if self._trains(self.old, path[0]) != self._trains(self.new, path[0]) else None
        described = (path[1:] == ["sampling", "text"] and self._weighed(path[0])) or path[1:3] == ["sampling", "moved"]
        return None if path[1] in WITHOUT or described else place

    @cached_property
    def _moved(self) -> int | None:
        """Return the first place that another stage has."""
        return _first_difference([stage.name for stage in self.old.stages], list(self._places))

    def _stage(self, plan: Plan, name: str) -> StagePlan:
        """Return a stage of either plan by its old name."""
        called = self.called if plan is self.new else {}
        return next(stage for stage in plan.stages if called.get(stage.name, stage.name) == name)

    def _trains(self, plan: Plan, name: str) -> dict[str, float]:
        """Return the parameters that a stage trains, and the factor of each."""
        members = {group.name: group.parameters for group in plan.model.groups}
        return {name: factor for group, factor in self._stage(plan, name).train.items() for name in members[group]}

    def _weighed(self, name: str) -> bool:
        """Say whether the weights of a stage's samples are known: they say all, and the words add nothing."""
        found = [self._stage(plan, name).sampling for plan in (self.old, self.new)]
        return all(sampling and sampling.weights is not None for sampling in found)


def compare(old: Plan, new: Plan) -> Comparison:
    """Return two plans side by side."""
    return Comparison(old, new)


def _first_difference(old: Iterable[Any], new: Iterable[Any]) -> int | None:
    before, after = list(old), list(new)
    pairs = zip(before, after, strict=False)
    place = next((i for i, (one, other) in enumerate(pairs) if one != other), min(len(before), len(after)))
    return place if place < max(len(before), len(after)) else None


def _shapes(plan: Plan) -> dict[str, object]:
    return {name: shape for group in plan.model.groups for name, shape in group.parameters.items()}


def _decay(plan: Plan) -> dict[str, bool]:
    return {name: group.decay for group in plan.model.groups for name in group.parameters}
