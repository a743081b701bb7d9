"""What a head says of samples: logits over classes, of its label or of the sample's parent alone."""

from dataclasses import dataclass

import torch
from torch import Tensor

from specc.data.index import MISSING


@dataclass(frozen=True)
class Answer:
    """Logits of some samples. Shapes: logits (samples, columns), first (samples,) or nothing.

    Columns are classes, from the class `first` on where a sample has a parent; columns beyond the parent's classes hold
    minus infinity.
    """

    logits: Tensor
    first: Tensor | None = None

    def columns(self, codes: Tensor) -> Tensor:
        """Return the column of each class code; one outside of the sample's columns, or missing, is missing."""
        if self.first is None:
            return codes
        columns = codes - self.first
        known = (codes != MISSING) & (columns >= 0) & (columns < self.logits.shape[1])
        return torch.where(known, columns, MISSING)

    def codes(self, columns: Tensor) -> Tensor:
        """Return the class code of columns. Shapes: (samples,) or (samples, k)."""
        if self.first is None:
            return columns
        return columns + self.first.view(-1, *[1] * (columns.dim() - 1))

    def likeliest(self, count: int) -> Tensor:
        """Return the codes of the likeliest classes, the likeliest first. Shapes: (samples, count or fewer)."""
        return self.codes(self.logits.topk(min(count, self.logits.shape[1]), dim=1).indices)

    def predicted(self) -> Tensor:
        """Return the code of the likeliest class. Shapes: (samples,)."""
        return self.codes(self.logits.argmax(dim=1))

    def float(self) -> "Answer":
        """Return the same in single precision."""
        return Answer(self.logits.float(), self.first)
