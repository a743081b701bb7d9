"""Transforms that torchvision has not, on 8-bit image tensors of (channels, rows, columns).

Those of albumentations keep the meaning of its parameters, and none of its code.
"""

import math
from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor
from torchvision.transforms import v2

Ends = Sequence[float]
"""Both ends of a range that is drawn from."""

CORNERS: Final = 5
"""Corners of a shadow. Source: albumentations, `shadow_dimension`."""


class RandomBlur:
    """Gaussian blur of a random odd kernel width; sigma as OpenCV derives it from the width."""

    def __init__(self, widths: Ends) -> None:
        self.widths = [width for width in range(math.ceil(widths[0]), math.floor(widths[1]) + 1) if width % 2]

    def __call__(self, image: Tensor) -> Tensor:
        """Blur with one of the widths."""
        width = self.widths[int(torch.randint(len(self.widths), ()))]
        blurred: Tensor = v2.functional.gaussian_blur(image, [width, width], [0.3 * ((width - 1) * 0.5 - 1) + 0.8])
        return blurred


class RandomNoise:
    """Gaussian noise of a random variance on the 0 to 255 scale, each pixel and channel on its own."""

    def __init__(self, variance: Ends) -> None:
        self.variance = variance

    def __call__(self, image: Tensor) -> Tensor:
        """Add the noise and clip."""
        deviation = _uniform(self.variance) ** 0.5
        return _to_8_bit(image.float() + torch.randn(image.shape) * deviation)


class RandomExposure:
    """Contrast as a factor on all values, then brightness as a share of white added to all.

    Source: albumentations, `RandomBrightnessContrast`. torchvision's `ColorJitter` multiplies for brightness, and
    changes contrast about the mean.
    """

    def __init__(self, brightness: float, contrast: float) -> None:
        self.brightness, self.contrast = brightness, contrast

    def __call__(self, image: Tensor) -> Tensor:
        """Change the exposure and clip."""
        factor = _uniform((1 - self.contrast, 1 + self.contrast))
        return _to_8_bit(image.float() * factor + 255 * _uniform((-self.brightness, self.brightness)))


class RandomCameraNoise:
    """A camera's noise: a Poisson draw lightens each pixel, a Gaussian one turns its hue.

    The rate of the first is the deviation of the image's lightness times `intensity`, on the 0 to 255 scale; the
    deviation of the second is `color_shift` of a circle times `intensity`. A grey image has no hue, and only lightens.

    Source: albumentations 1.3, `ISONoise`.
    """

    def __init__(self, intensity: Ends, color_shift: Ends) -> None:
        self.intensity, self.color_shift = intensity, color_shift

    def __call__(self, image: Tensor) -> Tensor:
        """Add the noise to an image of one or three channels."""
        intensity, color_shift = _uniform(self.intensity), _uniform(self.color_shift)
        hue, lightness, saturation = to_hls(image.expand(3, -1, -1) / 255)
        rate = 255 * intensity * lightness.std(correction=0)
        grains = torch.poisson(rate.expand(lightness.shape)) / 255
        lighter = (lightness + grains * (1 - lightness)).clamp(max=1)
        turned = hue + torch.randn(hue.shape) * color_shift * intensity
        return _to_8_bit(255 * to_rgb(turned, lighter, saturation)[: len(image)])


class RandomShadow:
    """Polygons of random corners within a region, each of which takes a share of the light.

    Source: albumentations 2.0, `RandomShadow`; version 1 halved the lightness in HLS, which makes pale colours garish.
    """

    def __init__(self, x: Ends, y: Ends, count: Ends, intensity: Ends) -> None:
        self.x, self.y, self.intensity = x, y, intensity
        self.fewest, self.most = math.ceil(count[0]), math.floor(count[1])

    def __call__(self, image: Tensor) -> Tensor:
        """Darken one polygon or several; where they overlap, each darkens."""
        rows, columns = image.shape[1:]
        light = torch.ones(rows, columns)
        for _ in range(int(torch.randint(self.fewest, self.most + 1, ()))):
            x, y = columns * _corners(self.x), rows * _corners(self.y)
            light[polygon(x, y, rows, columns)] *= 1 - _uniform(self.intensity)
        return _to_8_bit(image * light)


def to_hls(rgb: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return hue, lightness and saturation of an image. Units: shares, of a circle for the hue.

    >>> [round(float(part), 3) for part in to_hls(torch.tensor([0.2, 0.6, 0.4]).view(3, 1, 1))]
    [0.417, 0.4, 0.5]
    """
    red, green, blue = rgb
    high, low = rgb.amax(0), rgb.amin(0)
    chroma, lightness = high - low, (high + low) / 2
    side = torch.where(
        high == red, green - blue, torch.where(high == green, blue - red + 2 * chroma, red - green + 4 * chroma)
    )
    return side / (6 * _not_0(chroma)) % 1, lightness, chroma / _not_0(2 * torch.minimum(lightness, 1 - lightness))


def to_rgb(hue: Tensor, lightness: Tensor, saturation: Tensor) -> Tensor:
    """Return the image of three channels that has a hue, a lightness and a saturation.

    >>> to_rgb(torch.tensor([[5 / 12]]), torch.tensor([[0.4]]), torch.tensor([[0.5]])).flatten().tolist()
    [0.2..., 0.6..., 0.4...]
    """
    place = (12 * hue + torch.tensor([0.0, 8.0, 4.0]).view(3, 1, 1)) % 12
    wave = torch.minimum(place - 3, 9 - place).clamp(-1, 1)
    return lightness - saturation * torch.minimum(lightness, 1 - lightness) * wave


def polygon(x: Tensor, y: Tensor, rows: int, columns: int) -> Tensor:
    """Say of each pixel whether its middle lies in a polygon: an odd number of edges passes to its right.

    >>> polygon(torch.tensor([1.0, 3, 3, 1]), torch.tensor([0.0, 0, 1, 1]), 2, 4).int().tolist()
    [[0, 1, 1, 0], [0, 0, 0, 0]]
    """
    row, column = torch.arange(rows).unsqueeze(1) + 0.5, torch.arange(columns) + 0.5
    to_x, to_y = x.roll(-1), y.roll(-1)
    passes = (y > row) != (to_y > row)
    crossing = torch.where(passes, x + (row - y) * (to_x - x) / (to_y - y), -math.inf)
    return (column.unsqueeze(1) < crossing.unsqueeze(1)).sum(2) % 2 == 1


def _uniform(ends: Ends) -> float:
    return ends[0] + (ends[1] - ends[0]) * float(torch.rand(()))


def _corners(ends: Ends) -> Tensor:
    return ends[0] + (ends[1] - ends[0]) * torch.rand(CORNERS)


def _not_0(values: Tensor) -> Tensor:
    return values.clamp(min=1e-6)


def _to_8_bit(values: Tensor) -> Tensor:
    return values.round().clamp(0, 255).to(torch.uint8)
