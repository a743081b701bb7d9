"""What transforms do to an image's size."""

from collections.abc import Sequence
from typing import Final

from specc.spec.expressions import Call

_SQUARE: Final = ("resize", "center_crop", "random_crop", "random_resized_crop")


def output_size(transforms: Sequence[Call]) -> tuple[int | None, int]:
    """Return the side that images have after all transforms, and which transform made it.

    Units: pixels; None when no transform says it.
    """
    sized = [(int(call.number("size")), i) for i, call in enumerate(transforms) if call.function in _SQUARE]
    return sized[-1] if sized else (None, 0)
