"""Metrics: counted batch by batch, never holding all outputs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import torch
from torch import Tensor
from torchmetrics.classification import MulticlassStatScores

from specc.data.index import MISSING
from specc.plan.model import Operation, Plan
from specc.runtime.models.answers import Answer

Answers = Mapping[str, Answer]
Codes = Mapping[str, Tensor]


class Metric(Protocol):
    """Something that is counted over a split."""

    def update(self, outputs: Answers, labels: Codes) -> None:
        """Count one batch."""

    def compute(self) -> float:
        """Return the number over all batches. Units: a share from 0 to 1."""


class Top:
    """Share of samples whose true class is among the k likeliest; restricted to some classes if they are given."""

    def __init__(self, plan: Plan, args: Mapping[str, Any]) -> None:
        self.label, self.k = args["label"], int(args["k"])
        self.classes = _mask(plan, args)
        self.hits = self.seen = 0

    def update(self, outputs: Answers, labels: Codes) -> None:
        """Count one batch."""
        codes = labels[self.label]
        meant = _meant(codes, self.classes)
        ranked = outputs[self.label].likeliest(self.k)
        self.hits += int(((ranked == codes[:, None]).any(dim=1) & meant).sum())
        self.seen += int(meant.sum())

    def compute(self) -> float:
        """Return the share of hits."""
        return self.hits / self.seen if self.seen else float("nan")


class Counts:
    """Hits, wrong guesses and misses of each class, for means over classes, or over some of them."""

    def __init__(self, plan: Plan, args: Mapping[str, Any]) -> None:
        self.label, self.classes = args["label"], _mask(plan, args)
        count = len(plan.label(self.label).classes or ())
        self.scores = MulticlassStatScores(max(count, 2), average=None, ignore_index=MISSING, validate_args=False)

    def update(self, outputs: Answers, labels: Codes) -> None:
        """Count one batch."""
        predicted = outputs[self.label].predicted()
        self.scores.to(predicted.device).update(predicted, labels[self.label].long())

    def counted(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return hits, wrong guesses and misses. Shapes: (classes,)."""
        hits, wrong, _, missed, _ = self.scores.compute().cpu().double().unbind(dim=1)
        return hits, wrong, missed

    def mean(self, values: Tensor, known: Tensor) -> float:
        """Return the mean of the values of the classes that are meant and known."""
        known = known & self.classes if self.classes is not None else known
        return float(values[known].mean()) if bool(known.any()) else float("nan")


class MacroF1(Counts):
    """Unweighted mean of F1; a class that was neither present nor predicted does not count."""

    def compute(self) -> float:
        """Return the mean."""
        hits, wrong, missed = self.counted()
        amount = 2 * hits + wrong + missed
        return self.mean(2 * hits / amount.clamp(min=1), amount > 0)


class MacroRecall(Counts):
    """Unweighted mean of recall; a class that was not present does not count."""

    def compute(self) -> float:
        """Return the mean."""
        hits, _, missed = self.counted()
        return self.mean(hits / (hits + missed).clamp(min=1), hits + missed > 0)


class Cascade:
    """Share of samples with the parent and the child both right."""

    def __init__(self, plan: Plan, args: Mapping[str, Any]) -> None:
        del plan
        self.labels: Sequence[str] = args["path"]
        self.hits = self.seen = 0

    def update(self, outputs: Answers, labels: Codes) -> None:
        """Count one batch."""
        right = [outputs[name].predicted() == labels[name] for name in self.labels]
        present = [labels[name] != MISSING for name in self.labels]
        meant = torch.stack(present).all(dim=0)
        self.hits += int((torch.stack(right).all(dim=0) & meant).sum())
        self.seen += int(meant.sum())

    def compute(self) -> float:
        """Return the share of hits."""
        return self.hits / self.seen if self.seen else float("nan")


METRICS: Final[dict[str, Callable[[Plan, Mapping[str, Any]], Metric]]] = {
    "top": Top,
    "macro_f1": MacroF1,
    "macro_recall": MacroRecall,
    "cascade": Cascade,
}
"""Metrics by kind; `loss` is measured with every validation and stands in no table."""


def build_metrics(plan: Plan, operations: Mapping[str, Operation]) -> dict[str, Metric]:
    """Return fresh metrics by their text."""
    return {text: METRICS[metric.kind](plan, metric.args) for text, metric in operations.items()}


def _mask(plan: Plan, args: Mapping[str, Any]) -> Tensor | None:
    """Return which classes count; None when all do. Shapes: (classes,)."""
    if args["classes"] is None:
        return None
    mask = torch.zeros(len(plan.label(args["label"]).classes or ()), dtype=torch.bool)
    mask[args["classes"]] = True
    return mask


def _meant(codes: Tensor, classes: Tensor | None) -> Tensor:
    present = codes != MISSING
    return present if classes is None else present & classes.to(codes.device)[codes.clamp(min=0).long()]
