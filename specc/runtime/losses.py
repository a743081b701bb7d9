"""Losses: from a head's outputs and its labels to a number."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional

from specc.data.index import MISSING
from specc.plan.model import LossTerm
from specc.runtime.models.answers import Answer

Loss = Callable[[Tensor, Tensor], Tensor]
"""From logits (samples, columns) and columns (samples,) to one loss a sample; 0 where the label is missing.

Columns of minus infinity are no classes of the sample's (see Answer).
"""

CPU: Final = torch.device("cpu")

Answers = Mapping[str, Answer]
Codes = Mapping[str, Tensor]


class Objective:
    """The weighted sum of a stage's losses, each a mean over the samples that have its label.

    Sums and counts are told apart, so that the parts of a batch add up to the batch, and batches to a split.
    """

    def __init__(
        self,
        terms: Sequence[LossTerm],
        counts: Mapping[str, Sequence[int]] = MappingProxyType({}),
        device: torch.device = CPU,
    ) -> None:
        """Take a stage's terms, and the training samples of each class by label, for weights by class."""
        self.terms = [(term.weight, term.loss.args["head"], LOSSES[term.loss.kind](term.loss.args)) for term in terms]
        self.class_weights = [
            _balanced(counts[term.loss.args["head"]]).to(device) if term.loss.args.get("balanced") else None
            for term in terms
        ]

    def sums(self, outputs: Answers, labels: Codes) -> Tensor:
        """Return each term's weighted sum over samples. Shapes: (terms,)."""
        sums = []
        for (weight, head, loss), class_weights in zip(self.terms, self.class_weights, strict=True):
            answer, codes = outputs[head], labels[head]
            losses = loss(answer.logits.float(), answer.columns(codes))
            sums.append(weight * (losses if class_weights is None else losses * class_weights[codes]).sum())
        return torch.stack(sums)

    def counts(self, labels: Codes) -> Tensor:
        """Return what to divide the sums by: the samples that have each term's label, at least 1. Shapes: (terms,)."""
        return self.present(labels).clamp(min=1)

    def present(self, labels: Codes) -> Tensor:
        """Return the number of samples that have each term's label. Shapes: (terms,)."""
        return torch.stack([(labels[head] != MISSING).sum() for _, head, _ in self.terms])

    def __call__(self, outputs: Answers, labels: Codes) -> Tensor:
        """Return the loss of a whole batch."""
        return (self.sums(outputs, labels) / self.counts(labels)).sum()


def _balanced(counts: Sequence[int]) -> Tensor:
    """Return a weight for each class, so that all classes count alike and samples count 1 on average.

    Source: scikit-learn, `class_weight="balanced"`. A missing label, of code -1, finds the last class; its loss is 0.
    """
    known = torch.tensor(counts, dtype=torch.float32)
    return known.sum() / (len(counts) * known.clamp(min=1))


def _cross_entropy(args: Mapping[str, Any]) -> Loss:
    """Softmax cross-entropy. Source of the smoothing: arXiv 1512.00567, section 7."""
    smoothing = args["label_smoothing"]

    def loss(logits: Tensor, columns: Tensor) -> Tensor:
        if not smoothing or not torch.isneginf(logits).any():
            return functional.cross_entropy(
                logits, columns, ignore_index=MISSING, label_smoothing=smoothing, reduction="none"
            )
        return _smoothed(_entropies(logits), logits, columns, smoothing)

    return loss


def _focal(args: Mapping[str, Any]) -> Loss:
    """Alpha (1 - p)^gamma cross-entropy, p the true class's probability. Source: arXiv 1708.02002, eq. 5.

    Smoothed, it is that of every class, weighted by the smoothed target (Keras, CategoricalFocalCrossentropy).
    """
    smoothing = args["label_smoothing"]

    def focused(entropy: Tensor) -> Tensor:
        # Below a gamma of 1 the slope at a certainty of 1 has no bound, so the distance to it is kept above 0.
        missing = (-torch.expm1(-entropy)).clamp(min=1e-12)
        cost: Tensor = args["alpha"] * missing ** args["gamma"] * entropy
        return cost

    def loss(logits: Tensor, columns: Tensor) -> Tensor:
        if not smoothing:
            return focused(functional.cross_entropy(logits, columns, ignore_index=MISSING, reduction="none"))
        return _smoothed(focused(_entropies(logits)), logits, columns, smoothing)

    return loss


def _entropies(logits: Tensor) -> Tensor:
    """Return the cross-entropy that each column would have as the true one; 0 where it is no class."""
    return -functional.log_softmax(logits, dim=1).masked_fill(torch.isneginf(logits), 0.0)


def _smoothed(costs: Tensor, logits: Tensor, columns: Tensor, smoothing: float) -> Tensor:
    """Weigh the costs of all columns by a target that is smoothed over those that are classes."""
    own = costs.gather(1, columns.clamp(min=0)[:, None])[:, 0]
    uniform = costs.sum(dim=1) / (~torch.isneginf(logits)).sum(dim=1)
    return torch.lerp(own, uniform, smoothing) * (columns != MISSING)


def _binary_cross_entropy(args: Mapping[str, Any]) -> Loss:
    """Sigmoid per class, averaged over classes. Source: arXiv 2110.00476."""

    def loss(logits: Tensor, columns: Tensor) -> Tensor:
        is_class = ~torch.isneginf(logits)
        targets = functional.one_hot(columns.clamp(min=0), logits.shape[1]).to(logits.dtype)
        losses = functional.binary_cross_entropy_with_logits(
            logits.masked_fill(~is_class, 0.0), targets, weight=is_class.to(logits.dtype), reduction="none"
        )
        return losses.sum(dim=1) / is_class.sum(dim=1) * (columns != MISSING)

    return loss


LOSSES: Final[dict[str, Callable[[Mapping[str, Any]], Loss]]] = {
    "cross_entropy": _cross_entropy,
    "focal": _focal,
    "binary_cross_entropy": _binary_cross_entropy,
}
"""Losses by kind."""
