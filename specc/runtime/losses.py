"""Losses: from a head's outputs and its labels to a number."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional

from specc.data.index import MISSING
from specc.plan.model import LossTerm

Loss = Callable[[Tensor, Tensor], Tensor]
"""From logits (samples, classes) and codes (samples,) to one loss a sample; 0 where the label is missing."""

Objective = Callable[[Mapping[str, Tensor], Mapping[str, Tensor]], Tensor]
"""From outputs and labels to what is minimised: a mean over the batch."""


def objective(terms: Sequence[LossTerm]) -> Objective:
    """Return the weighted sum of a stage's losses."""
    parts = [(term.weight, term.loss.args["head"], LOSSES[term.loss.kind](term.loss.args)) for term in terms]

    def total(outputs: Mapping[str, Tensor], labels: Mapping[str, Tensor]) -> Tensor:
        losses = [
            weight * _mean(loss(outputs[head].float(), labels[head]), labels[head]) for weight, head, loss in parts
        ]
        return torch.stack(losses).sum()

    return total


def _mean(losses: Tensor, codes: Tensor) -> Tensor:
    """Average over the samples that have the label; a batch without any costs nothing."""
    return losses.sum() / (codes != MISSING).sum().clamp(min=1)


def _cross_entropy(args: Mapping[str, Any]) -> Loss:
    """Softmax cross-entropy. Source of the smoothing: arXiv 1512.00567, section 7."""

    def loss(logits: Tensor, codes: Tensor) -> Tensor:
        return functional.cross_entropy(
            logits, codes, ignore_index=MISSING, label_smoothing=args["label_smoothing"], reduction="none"
        )

    return loss


def _focal(args: Mapping[str, Any]) -> Loss:
    """Alpha (1 - p)^gamma cross-entropy, p the true class's probability. Source: arXiv 1708.02002, eq. 5."""

    def loss(logits: Tensor, codes: Tensor) -> Tensor:
        entropy = functional.cross_entropy(logits, codes, ignore_index=MISSING, reduction="none")
        focused: Tensor = args["alpha"] * (1 - torch.exp(-entropy)) ** args["gamma"] * entropy
        return focused

    return loss


def _binary_cross_entropy(args: Mapping[str, Any]) -> Loss:
    """Sigmoid per class, averaged over classes. Source: arXiv 2110.00476."""

    def loss(logits: Tensor, codes: Tensor) -> Tensor:
        present = codes != MISSING
        targets = functional.one_hot(codes.clamp(min=0), logits.shape[1]).to(logits.dtype)
        losses = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none").mean(dim=1)
        return losses * present

    return loss


LOSSES: Final[dict[str, Callable[[Mapping[str, Any]], Loss]]] = {
    "cross_entropy": _cross_entropy,
    "focal": _focal,
    "binary_cross_entropy": _binary_cross_entropy,
}
"""Losses by kind."""
