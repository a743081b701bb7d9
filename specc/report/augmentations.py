"""A picture of every augmentation of the language, for the documents.

python -m specc.report.augmentations docs/images/augmentations.png
"""

import sys
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Final, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from specc.compiler.lower import transforms
from specc.compiler.operations import operation
from specc.data.leaves.drawing import draw
from specc.data.leaves.photos import Photo
from specc.data.randomness import integer, stream
from specc.frontend.expressions import parse_call
from specc.report.drawing import COLORS, DPI, MUTED, png
from specc.report.sheet import Sheet, wrapped
from specc.runtime.data.transforms import build_transforms
from specc.runtime.mixing import MIXES, draw_mixture
from specc.runtime.rng import seed_sample

SIZE: Final = 108
LEAF: Final = Photo(seed=0, size=SIZE, species=6, disease=1, plant=0, number=0)
OTHER: Final = Photo(seed=0, size=SIZE, species=1, disease=2, plant=2, number=0)

SHOWN: Final = (
    (
        "random_resized_crop(108, scale = 0.6 -> 1, ratio = 0.75 -> 1.33)",
        "random_crop(108, padding = 16)",
        "hflip(p = 0.5)",
        "vflip(p = 0.5)",
        "rotate(45)",
        "translate(0.2)",
    ),
    (
        "color_jitter(0.3, 0.3, saturation = 0.3, hue = 0.1)",
        "brightness_contrast(brightness = 0.2, contrast = 0.2, p = 1)",
        "grayscale(p = 0.5)",
        "shadow(x = 0 -> 1, y = 0 -> 1, count = 1 -> 2, p = 1)",
    ),
    (
        "blur(3 -> 7)",
        "noise(10 -> 50)",
        "iso_noise(0.1 -> 1, color_shift = 0.01 -> 0.05)",
        "jpeg(10 -> 60)",
        "erase(p = 1)",
    ),
    (
        "one_of(blur(7), noise(500), iso_noise(0.5), p = 0.8)",
        "randaugment(2, 9, out_of = 10)",
        "randaugment(2, 9)",
        "trivial_augment()",
    ),
    ("mixup(1)", "cutmix(1)"),
)
"""Expressions by what they do; a probability below 1 shows that some images stay as they are."""

DRAWS: Final = 5
SIDE: Final = SIZE / DPI
"""Side of a picture: one pixel for each of its own. Units: inches, as all here."""

_GAP: Final = 8 / DPI
_WIDTH: Final = DRAWS * (SIDE + _GAP) - _GAP
_STRIP: Final = SIDE + 0.36
_MARGIN: Final = 0.2
_COLUMNS: Final = 2


class Strip(NamedTuple):
    """Some pictures under a line of words."""

    words: str
    pictures: Sequence[NDArray[np.uint8]]
    color: str


def augmentations_figure() -> Figure:
    """Draw a strip of pictures for every augmentation."""
    strips = list(_strips())
    rows = -(-len(strips) // _COLUMNS)
    sheet = Sheet(_COLUMNS * (_WIDTH + 2 * _MARGIN), rows * _STRIP + _MARGIN)
    for number, strip in enumerate(strips):
        column, row = divmod(number, rows)
        x, y = _MARGIN + column * (_WIDTH + 2 * _MARGIN), _MARGIN + row * _STRIP
        sheet.rule(x, y, _WIDTH, strip.color)
        sheet.write_code(x, y + 0.06, wrapped([strip.words], _WIDTH))
        for place, pixels in enumerate(strip.pictures):
            sheet.paste(x + place * (SIDE + _GAP), y + 0.24, SIDE, pixels)
    return sheet.figure


def _strips() -> Iterator[Strip]:
    leaf, other = (torch.from_numpy(draw(photo)).permute(2, 0, 1).contiguous() for photo in (LEAF, OTHER))
    yield Strip("a leaf, another to mix it with, and what is drawn from them", [_pixels(leaf), _pixels(other)], MUTED)
    for texts, color in zip(SHOWN, COLORS, strict=False):
        for text in texts:
            yield Strip(text, [_pixels(_drawn(text, leaf, other, number)) for number in range(DRAWS)], color)


def _drawn(text: str, leaf: Tensor, other: Tensor, number: int) -> Tensor:
    """Return one draw of an augmentation."""
    if text.startswith(tuple(MIXES)):
        mixture = draw_mixture(operation("mix", parse_call("mix", text)), 2, (SIZE, SIZE), stream(0, text, number))
        assert mixture is not None  # noqa: S101
        return mixture.images(leaf[None].float(), other[None].float())[0].round().to(torch.uint8)
    seed_sample(integer(0, text, number))
    return build_transforms(transforms((parse_call("transform", text),)))(leaf)


def _pixels(image: Tensor) -> NDArray[np.uint8]:
    return image.permute(1, 2, 0).numpy()


if __name__ == "__main__":
    with Image.open(BytesIO(png(augmentations_figure()))) as picture:
        picture.convert("RGB").save(sys.argv[1], optimize=True)
