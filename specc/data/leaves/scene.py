"""What a leaf is photographed in: the ground behind it, the light, the camera.

Pictures have the shape (3, rows, columns) and go from 0 to 1.
"""

from math import cos, pi, sin
from typing import Final, NamedTuple

import numpy as np

from specc.data.leaves.fields import Field, clouds, covered, grid

Colour = tuple[float, float, float]


class Backdrop(NamedTuple):
    """A ground: noise between two colours, so many cells wide and high."""

    dark: Colour
    bright: Colour
    wide: int
    high: int
    leaves: int = 0
    """Other leaves that lie on it."""


_BACKDROPS: Final = (
    Backdrop((0.16, 0.11, 0.07), (0.45, 0.34, 0.24), 14, 14),  # soil
    Backdrop((0.13, 0.22, 0.06), (0.45, 0.58, 0.22), 28, 5),  # grass
    Backdrop((0.78, 0.76, 0.72), (0.93, 0.92, 0.90), 3, 3),  # paper
    Backdrop((0.35, 0.22, 0.12), (0.66, 0.47, 0.29), 3, 24),  # wood
    Backdrop((0.40, 0.40, 0.41), (0.68, 0.67, 0.65), 20, 20),  # stone
    Backdrop((0.05, 0.10, 0.04), (0.20, 0.32, 0.12), 6, 6, leaves=5),  # foliage
)

_GREENS: Final = ((0.62, 0.68, 0.16), (0.27, 0.52, 0.15), (0.18, 0.42, 0.30))
"""Yellowish, plain and bluish."""


def green(tone: float, light: float) -> Field:
    """Return a green, from yellowish at -1 to bluish at 1. Shapes: as a picture, of one pixel."""
    yellowish, plain, bluish = map(np.array, _GREENS)
    colour = plain + (yellowish - plain) * max(-tone, 0) + (bluish - plain) * max(tone, 0)
    return _pixel(colour * (0.55 + 0.8 * light))


def _pixel(colour: Field | Colour) -> Field:
    return np.array(colour, np.float32)[:, None, None]


def background(draws: np.random.Generator, size: int) -> Field:
    """Draw what lies behind a leaf."""
    backdrop = _BACKDROPS[int(draws.random() * len(_BACKDROPS))]
    wide, high = (backdrop.wide, backdrop.high)[:: 1 if draws.random() < 0.5 else -1]
    texture = 0.65 * clouds(draws, size, wide, high) + 0.35 * clouds(draws, size, 3 * wide, 3 * high)
    dark, bright = _pixel(backdrop.dark), _pixel(backdrop.bright)
    picture = (dark + (bright - dark) * texture) * _pixel(draws.uniform(0.85, 1.15, 3))
    for _ in range(backdrop.leaves):
        _lay_blurred_leaf(picture, draws)
    return picture


def _lay_blurred_leaf(picture: Field, draws: np.random.Generator) -> None:
    """Lay a leaf of no species on the ground, out of focus."""
    x, y = grid(picture.shape[-1])
    turn = draws.uniform(0, pi)
    right, up = x - draws.uniform(-1, 1), y - draws.uniform(-1, 1)
    across, along = cos(turn) * right + sin(turn) * up, cos(turn) * up - sin(turn) * right
    half = draws.uniform(0.2, 0.5) * (1 - np.square(along / draws.uniform(0.4, 0.8)))
    cover = covered(half - np.abs(across), draws.uniform(0.05, 0.2))
    colour = green(draws.uniform(-0.8, 0.8), draws.uniform(0, 0.5)) * (1 + 0.3 * (4 * across).clip(-1, 1))
    picture += cover * (colour - picture)


class Light(NamedTuple):
    """Where light comes from, and its colour."""

    x: float
    y: float
    colour: Field
    fall: float
    """How much of it is missing on the far side."""

    @classmethod
    def drawn(cls, draws: np.random.Generator) -> "Light":
        """Draw a light."""
        way, warmth, exposure = draws.uniform(0, 2 * pi), draws.uniform(-0.12, 0.12), draws.uniform(0.7, 1.25)
        colour = _pixel((exposure * (1 + warmth), exposure, exposure * (1 - warmth)))
        return cls(cos(way), sin(way), colour, draws.uniform(0, 0.35))

    def slope(self, height: Field) -> Field:
        """Return how much a relief rises towards the light."""
        down, right = map(np.asarray, np.gradient(height, 2 / len(height)))
        return (right * self.x - down * self.y).clip(-1, 1)

    def shine_on(self, picture: Field) -> None:
        """Light a whole picture."""
        x, y = grid(picture.shape[-1])
        picture *= (1 + self.fall * (x * self.x + y * self.y)) * self.colour


def cast_shadow(picture: Field, inside: Field, light: Light, draws: np.random.Generator) -> None:
    """Darken the ground where something keeps the light from it."""
    size = len(inside)
    distance = draws.uniform(0.02, 0.05) * size
    down = (np.arange(size) - round(light.y * distance)).clip(0, size - 1)
    right = (np.arange(size) + round(light.x * distance)).clip(0, size - 1)
    shadow = covered(inside, draws.uniform(0.1, 0.3)).take(down, 0).take(right, 1)
    picture *= 1 - draws.uniform(0.3, 0.6) * shadow


def photographed(picture: Field, draws: np.random.Generator) -> Field:
    """Return a picture as a camera takes it: a little out of focus, with noise."""
    share = draws.uniform(0, 0.24)
    blurred = _blurred(_blurred(picture, share, axis=1), share, axis=2)
    first, second = draws.random((2, *picture.shape), np.float32)
    taken: Field = blurred + (first + second - 1) * draws.uniform(0.01, 0.045)
    return taken


def _blurred(picture: Field, share: float, axis: int) -> Field:
    """Give each pixel a share of the one before it and of the one behind it."""
    last = picture.shape[axis] - 1
    before, after = np.arange(-1, last).clip(0), np.arange(1, last + 2).clip(None, last)
    neighbours = picture.take(before, axis) + picture.take(after, axis)
    blurred: Field = picture * (1 - 2 * share) + neighbours * share
    return blurred
