"""The rare classes, one by one: those that a metric singles out by their count, measured with every validation.

A mean over the tail hides the one class that diverges; a mean over everything hides the tail.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from specc.plan.model import LabelPlan, Plan

RISES: Final = 2
"""Validations in a row that must each be worse than the one before, so that the noise of few samples is no alarm."""


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class in one validation. Units: loss in nats a sample."""

    label: str
    name: str
    samples: int
    loss: float
    """Mean cross-entropy, whatever the stage's loss is, so that stages compare."""
    f1: float
    lowest: float
    """The lowest loss so far in the stage."""
    rises: int = 0
    """Validations in a row in which the loss rose."""
    diverges: bool = False


def watched(plan: Plan) -> dict[str, list[int]]:
    """Return the codes of the classes that metrics single out, by label."""
    found: dict[str, set[int]] = {}
    for metric in plan.evaluate.metrics.values():
        if metric.args.get("classes"):
            found.setdefault(metric.args["label"], set()).update(metric.args["classes"])
    return {label: sorted(codes) for label, codes in found.items()}


def followed(plan: Plan, before: Iterable[ClassScore], now: Iterable[ClassScore]) -> list[ClassScore]:
    """Compare a validation with the one before it in the stage.

    A class diverges when its loss is not finite; or has risen twice in a row to more than twice its lowest, and is
    above that of a guess among the classes that it has to be told from.
    """
    earlier = {(score.label, score.name): score for score in before}
    guesses = {name: _guesses(plan.label(name)) for name in watched(plan)}
    return [_followed(earlier.get((score.label, score.name)), score, guesses[score.label][score.name]) for score in now]


def _followed(before: ClassScore | None, now: ClassScore, guess: float) -> ClassScore:
    if before is None:
        return replace(now, diverges=not math.isfinite(now.loss))
    lowest = min(before.lowest, now.loss)
    rises = before.rises + 1 if now.loss > before.loss else 0
    worse = rises >= RISES and now.loss > max(2 * lowest, guess)
    return replace(now, lowest=lowest, rises=rises, diverges=worse or not math.isfinite(now.loss))


def _guesses(label: LabelPlan) -> dict[str, float]:
    """Return the loss of a uniform guess among the classes of the same parent, by class."""
    classes = label.classes or ()
    parents = label.parents or (0,) * len(classes)
    siblings = Counter(parents)
    return {name: math.log(siblings[parent]) for name, parent in zip(classes, parents, strict=True)}
