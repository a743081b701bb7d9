"""The linear layer that heads are made of."""

from torch import Tensor, nn


class Linear(nn.Linear):
    """A linear head that starts at zero bias and small weights, as timm's classifiers do."""

    def __init__(self, features: int, out: int, dropout: float) -> None:
        super().__init__(features, out)
        self.dropout = dropout
        nn.init.trunc_normal_(self.weight, std=0.02)
        nn.init.zeros_(self.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Return logits."""
        return super().forward(nn.functional.dropout(features, self.dropout, self.training))
