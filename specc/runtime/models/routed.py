"""One linear head for each class of a parent label; a sample goes through its own parent's.

Each head is a layer of its own, as in an `nn.ModuleList`, so checkpoints load into plain PyTorch, and a head whose
parent is not in the batch gets no gradient. torch.optim leaves parameters without one alone: no decay, no momentum, no
step counted (https://docs.pytorch.org/docs/stable/optim.html, `zero_grad(set_to_none=True)`).
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from specc.runtime.models.answers import Answer
from specc.runtime.models.linear import Linear


class RoutedHeads(nn.ModuleList):
    """The heads of all parents, in the order of the parent's classes; `children` holds the classes of each."""

    def __init__(self, features: int, children: Sequence[int], dropout: float) -> None:
        super().__init__(Linear(features, count, 0.0) for count in children)
        self.dropout = dropout
        self.register_buffer("first", _starts(children), persistent=False)

    def forward(self, features: Tensor, routes: Tensor) -> Answer:
        """Return each sample's logits over the classes of its parent.

        `routes` holds the parent of each sample. Shapes: features (samples, width), routes (samples,).
        """
        features = nn.functional.dropout(features, self.dropout, self.training).float()
        order = torch.argsort(routes, stable=True)
        parents, sizes = torch.unique_consecutive(routes[order], return_counts=True)
        heads = [self[index] for index in parents.tolist()]
        parameters = [p for head in heads for p in (head.weight, head.bias)]
        width = max(len(head.bias) for head in heads)
        logits = _Grouped.apply(features[order], sizes.tolist(), width, *parameters)
        back = torch.empty_like(order)
        back[order] = torch.arange(len(order), device=order.device)
        assert isinstance(self.first, Tensor)  # noqa: S101
        return Answer(logits[back], self.first[routes])


class _Grouped(torch.autograd.Function):
    """Samples in the order of their heads, each group times the weights of its own head.

    Plain autograd would give the same numbers; here no head's slice of the outputs makes a gradient of full size.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, sizes: list[int], width: int, *parameters: Tensor) -> Tensor:
        """Return logits, filled up to `width` with minus infinity. Shapes: (samples, width)."""
        logits = features.new_full((len(features), width), -torch.inf)
        for rows, weight, bias in _groups(sizes, parameters):
            logits[rows, : len(bias)] = torch.addmm(bias, features[rows], weight.T)
        ctx.save_for_backward(features, *parameters)
        ctx.sizes = sizes
        return logits

    @staticmethod
    def backward(ctx: Any, *outputs: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of the features and of the heads that were used."""
        (slopes,) = outputs
        features, *parameters = ctx.saved_tensors
        wanted = ctx.needs_input_grad
        back = torch.zeros_like(features) if wanted[0] else None
        grads: list[Tensor | None] = []
        for rows, weight, bias in _groups(ctx.sizes, parameters):
            slope = slopes[rows, : len(bias)]
            if back is not None:
                back[rows] = slope @ weight
            grads += [slope.T @ features[rows], slope.sum(0)] if wanted[3] else [None, None]
        return back, None, None, *grads


def _groups(sizes: Sequence[int], parameters: Sequence[Tensor]) -> Any:
    """Yield the rows of each group with its weight and bias."""
    start = 0
    for size, weight, bias in zip(sizes, parameters[::2], parameters[1::2], strict=True):
        yield slice(start, start + size), weight, bias
        start += size


def _starts(children: Sequence[int]) -> Tensor:
    """Return the number of the first class of each parent, among the classes of all."""
    return torch.tensor([0, *children[:-1]]).cumsum(0)
