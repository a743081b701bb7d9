"""Metrics: counted batch by batch, never holding all outputs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

import torch
from torch import Tensor
from torch.nn import functional
from torchmetrics.classification import MulticlassStatScores

from specc.data.index import MISSING
from specc.plan.model import Operation, Plan, StagePlan
from specc.runtime.models.answers import Answer
from specc.runtime.tail import ClassScore, watched

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


def f1_of(hits: Tensor, wrong: Tensor, missed: Tensor) -> Tensor:
    """Return the harmonic mean of precision and recall of each class; 0 where neither is known."""
    return 2 * hits / (2 * hits + wrong + missed).clamp(min=1)


class MacroF1(Counts):
    """Unweighted mean of F1; a class that was neither present nor predicted does not count."""

    def compute(self) -> float:
        """Return the mean."""
        hits, wrong, missed = self.counted()
        return self.mean(f1_of(hits, wrong, missed), hits + wrong + missed > 0)


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


class Tail:
    """Counts the classes of a plan that some metric singles out, of the labels that a stage trains."""

    def __init__(self, plan: Plan, stage: StagePlan) -> None:
        trained = {term.loss.args["head"] for term in stage.loss}
        self.labels = [_LabelTail(plan, label, classes) for label, classes in watched(plan).items() if label in trained]

    def update(self, outputs: Answers, labels: Codes) -> None:
        """Count one batch, with routed heads going by the true parent."""
        for label in self.labels:
            label.update(outputs, labels)

    def compute(self) -> list[ClassScore]:
        """Return the scores of the classes that had samples."""
        return [score for label in self.labels for score in label.scored()]


class _LabelTail(Counts):
    def __init__(self, plan: Plan, label: str, classes: Sequence[int]) -> None:
        super().__init__(plan, {"label": label, "classes": classes})
        self.names, self.meant = plan.label(label).classes or (), classes
        self.losses = torch.zeros(len(self.names), dtype=torch.float64)

    def update(self, outputs: Answers, labels: Codes) -> None:
        super().update(outputs, labels)
        answer, codes = outputs[self.label], labels[self.label]
        losses = functional.cross_entropy(
            answer.logits, answer.columns(codes), ignore_index=MISSING, reduction="none"
        ).double()
        known = codes != MISSING
        self.losses.index_add_(0, codes[known].cpu(), losses[known].cpu())

    def scored(self) -> Iterable[ClassScore]:
        hits, wrong, missed = self.counted()
        samples = hits + missed
        losses, f1 = self.losses / samples.clamp(min=1), f1_of(hits, wrong, missed)
        for code in self.meant:
            if samples[code]:
                loss = float(losses[code])
                yield ClassScore(self.label, self.names[code], int(samples[code]), loss, float(f1[code]), loss)


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
