"""What follows from a change: what is trained again, how much work that is, what its data's order is."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from specc.diff.effects import Comparison
from specc.plan.model import Plan, StagePlan


@dataclass(frozen=True)
class Work:
    """What a plan asks for. None where it depends on data that was not there."""

    steps: int | None
    samples: int | None
    """Samples that are trained on, repeats included."""
    parameters: int | None
    trained: tuple[tuple[str, int | None], ...]
    """Parameters that train, by stage."""


@dataclass(frozen=True)
class Consequences:
    """Both sides, and what the new one has to do."""

    old: Work
    new: Work
    left: Work
    """Of the new plan, what stages do that are trained again."""
    order: int | None
    """Place of the first stage that sees other samples, or the same in another order; None when there is none."""


def consequences(comparison: Comparison) -> Consequences:
    """Return what follows from a change."""
    new = comparison.new
    again = new.stages[comparison.first :] if comparison.first is not None else ()
    return Consequences(
        old=_work(comparison.old, comparison.old.stages),
        new=_work(new, new.stages),
        left=_work(new, again),
        order=_order(comparison),
    )


def _work(plan: Plan, stages: Iterable[StagePlan]) -> Work:
    chosen = list(stages)
    return Work(
        steps=_sum(stage.steps for stage in chosen),
        samples=_sum(samples_of(plan, stage) for stage in chosen),
        parameters=plan.parameter_count,
        trained=tuple((stage.name, stage.trained_parameters) for stage in chosen),
    )


def samples_of(plan: Plan, stage: StagePlan) -> int | None:
    """Return how many samples a stage trains on: whole epochs, and then the rest in batches."""
    total = (plan.data.samples or {}).get("train")
    if total is None or stage.steps is None or not stage.steps_per_epoch:
        return None
    epochs, rest = divmod(stage.steps, stage.steps_per_epoch)
    return epochs * total + rest * stage.batch_size


def _sum(numbers: Iterable[int | None]) -> int | None:
    found = list(numbers)
    return None if None in found else sum(number or 0 for number in found)


def _order(comparison: Comparison) -> int | None:
    """Return the first place where the samples differ, or their order.

    The order is a function of the seed, the stage's place, the rows, and how they are drawn.
    """
    before, after = _orders(comparison.old), _orders(comparison.new)
    pairs = zip(before, after, strict=False)
    return next((index for index, (one, other) in enumerate(pairs) if one != other), None)


def _orders(plan: Plan) -> list[Any]:
    """Return what the order of samples is a function of, by stage."""
    rows = (plan.data.fingerprints or {}).get("train") or plan.data.model_dump(mode="json")
    drawn = (stage.sampling for stage in plan.stages)
    return [(plan.seed, rows, it and (it.label, it.weights or it.text)) for it in drawn]
