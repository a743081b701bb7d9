"""Mixing the samples of a batch with partners from the same batch, on the device.

What a step mixes is a function of where it stands alone (specc.data.randomness), so resuming repeats it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from specc.data.randomness import stream
from specc.plan.model import Operation, Plan


@dataclass(frozen=True)
class Mixture:
    """How a batch is mixed.

    `partners` holds each sample's partner; `share` is what stays of the sample. A `box` (top, bottom, left, right) is
    taken from the partner whole; without one, images are blended.
    """

    partners: Tensor
    share: float
    box: tuple[int, int, int, int] | None = None

    def images(self, images: Tensor, others: Tensor) -> Tensor:
        """Return images mixed with those of their partners. Shapes: (samples, channels, rows, columns)."""
        if self.box is None:
            return torch.lerp(others, images, self.share)
        top, bottom, left, right = self.box
        mixed = images.clone()
        mixed[:, :, top:bottom, left:right] = others[:, :, top:bottom, left:right]
        return mixed


def mixture_at(plan: Plan, stage: int, step: int, samples: int, size: tuple[int, int]) -> Mixture | None:
    """Return how the batch of a step is mixed; None where it is not. Units: size in rows and columns."""
    return draw_mixture(plan.stages[stage].mix, samples, size, stream(plan.seed, "mix", stage, step))


def draw_mixture(
    operation: Operation | None, samples: int, size: tuple[int, int], generator: np.random.Generator
) -> Mixture | None:
    """Draw how a batch is mixed."""
    if operation is None or generator.random() >= operation.args.get("p", 1.0):
        return None
    if operation.kind == "one_of":
        choices = operation.args["of"]
        return draw_mixture(Operation(**choices[generator.integers(len(choices))]), samples, size, generator)
    share, box = MIXES[operation.kind](operation.args, size, generator)
    return Mixture(torch.from_numpy(generator.permutation(samples)), share, box)


def _mixup(args: Mapping[str, Any], size: tuple[int, int], generator: np.random.Generator) -> tuple[float, None]:
    """Blend by a share from Beta(alpha, alpha). Source: arXiv 1710.09412, eq. 1."""
    return float(generator.beta(args["alpha"], args["alpha"])), None


def _cutmix(
    args: Mapping[str, Any], size: tuple[int, int], generator: np.random.Generator
) -> tuple[float, tuple[int, int, int, int]]:
    """Take a box whose area is 1 - share, cut off at the borders. Source: arXiv 1905.04899, eq. 2 and algorithm A1."""
    side = (1 - generator.beta(args["alpha"], args["alpha"])) ** 0.5
    edges = []
    for length in size:
        centre, half = int(generator.integers(length)), int(length * side) // 2
        edges += [max(centre - half, 0), min(centre + half, length)]
    top, bottom, left, right = edges
    area = (bottom - top) * (right - left)
    return 1 - area / (size[0] * size[1]), (top, bottom, left, right)


MIXES: Final[dict[str, Callable[..., tuple[float, tuple[int, int, int, int] | None]]]] = {
    "mixup": _mixup,
    "cutmix": _cutmix,
}
"""Mixes by kind; `one_of` chooses among them."""
