"""Transforms as a person writes them, and what they draw."""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from specc.compiler.lower import transforms
from specc.frontend.expressions import parse
from specc.runtime.data.transforms import build_transforms
from specc.runtime.rng import seed_sample


@cache
def built(*texts: str) -> Callable[[Tensor], Tensor]:
    """Build transforms from their texts."""
    return build_transforms(transforms(tuple(parse("transform", text) for text in texts)))


def noise_image(channels: int = 3, rows: int = 40, columns: int = 36) -> Tensor:
    """Return an image of which no two pixels are alike for long."""
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (channels, rows, columns), dtype=torch.uint8, generator=generator)


def seeded(transform: Callable[[Tensor], Tensor], image: Tensor, seed: int) -> Tensor:
    """Transform an image with what a seed draws."""
    seed_sample(seed)
    return transform(image)


def drawn(text: str, image: Tensor, count: int) -> list[Tensor]:
    """Return what a transform makes of an image with the seeds from 0 on."""
    return [seeded(built(text), image, seed) for seed in range(count)]
