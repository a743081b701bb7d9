"""What transforms do to an image's size."""

from collections.abc import Sequence
from typing import Final

from specc.spec.expressions import Call

SIZED: Final = ("resize", "center_crop", "random_crop", "random_resized_crop")
"""Transforms that decide an image's size."""


def output_size(transforms: Sequence[Call]) -> tuple[int | None, int]:
    """Return the side that images have after all transforms, and which transform made it.

    Units: pixels; None when no transform says it.
    """
    sized = [(int(call.number("size")), i) for i, call in enumerate(transforms) if call.function in SIZED]
    return sized[-1] if sized else (None, 0)


STATISTICS: Final[dict[str, tuple[tuple[float, ...], tuple[float, ...]]]] = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "inception": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "clip": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "mnist": ((0.1307,), (0.3081,)),
}
"""Mean and deviation of each channel on the 0 to 1 scale, as torchvision, timm and open_clip have them."""
