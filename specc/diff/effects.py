"""The effect of a change, read off the digests and not off a list of rules."""

from dataclasses import dataclass
from enum import StrEnum

from specc.diff.edits import Edit, edits
from specc.plan.model import Plan


class Effect(StrEnum):
    """What a change does to weights."""

    NOTHING = "no effect on weights"
    RESULT = "another result, from stages that stand"
    RETRAINS = "changes results"
    NEW_MODEL = "new model: checkpoints do not fit"


@dataclass(frozen=True)
class Comparison:
    """Two plans side by side."""

    old: Plan
    new: Plan
    edits: tuple[Edit, ...]
    effect: Effect
    first_stage: str | None
    """The first stage of the new plan that must be trained again."""

    @property
    def kept(self) -> tuple[str, ...]:
        """Return the stages of the new plan whose results stand."""
        names = [stage.name for stage in self.new.stages]
        return tuple(names[: names.index(self.first_stage)] if self.first_stage else names)


def compare(old: Plan, new: Plan) -> Comparison:
    """Return the edits between two plans and what they do.

    A stage's digest covers all that can change its weights, so the first digest that differs is where results change.
    """
    first = _first_difference(old, new)
    effect = Effect.RETRAINS if first else Effect.RESULT if len(new.stages) < len(old.stages) else Effect.NOTHING
    if _shapes(old) != _shapes(new):
        effect = Effect.NEW_MODEL
    return Comparison(old, new, edits(old, new), effect, first)


def _first_difference(old: Plan, new: Plan) -> str | None:
    for index, stage in enumerate(new.stages):
        if index >= len(old.stages) or old.stage_digests[index] != new.stage_digests[index]:
            return stage.name
    return None


def _shapes(plan: Plan) -> dict[str, object]:
    return {name: shape for group in plan.model.groups for name, shape in group.parameters.items()}
