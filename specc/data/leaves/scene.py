"""What a leaf is photographed in: the ground behind it, the light, the camera.

Pictures have the shape (3, rows, columns) and go from 0 to 1.
"""

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

_NEAR: Final = np.float32(0.65)
"""Weight of coarse noise beside fine noise."""


def green(tone: float, light: float) -> Field:
    """Return a green. Shapes: one that a picture is multiplied with."""
    yellowish, plain, bluish = np.array([(0.62, 0.68, 0.16), (0.27, 0.52, 0.15), (0.18, 0.42, 0.30)])
    colour = plain + (yellowish - plain) * max(-tone, 0) + (bluish - plain) * max(tone, 0)
    return _planes(colour * (0.55 + 0.8 * light))


def _planes(colour: Field | Colour) -> Field:
    return np.asarray(colour, np.float32)[:, None, None]


def background(draws: np.random.Generator, size: int) -> Field:
    """Draw what lies behind a leaf."""
    backdrop = _BACKDROPS[int(draws.random() * len(_BACKDROPS))]
    wide, high = (backdrop.wide, backdrop.high)[:: 1 if draws.random() < 0.5 else -1]
    texture = clouds(draws, size, wide, high) * _NEAR + clouds(draws, size, 3 * wide, 3 * high) * (1 - _NEAR)
    dark, bright = _planes(backdrop.dark), _planes(backdrop.bright)
    picture = (dark + (bright - dark) * texture) * _planes(draws.uniform(0.85, 1.15, 3))
    for _ in range(backdrop.leaves):
        _lay_leaf(picture, draws)
    return picture


def _lay_leaf(picture: Field, draws: np.random.Generator) -> None:
    """Lay a leaf of no species on the ground, out of focus."""
    x, y = grid(picture.shape[-1])
    turn = draws.uniform(0, np.pi)
    right, up = x - np.float32(draws.uniform(-1, 1)), y - np.float32(draws.uniform(-1, 1))
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    across, along = cos * right + sin * up, cos * up - sin * right
    half = np.float32(draws.uniform(0.2, 0.5)) * (1 - np.square(along / np.float32(draws.uniform(0.4, 0.8))))
    cover = covered(half - np.abs(across), draws.uniform(0.05, 0.2))
    shade = 1 + np.float32(0.3) * np.clip(across * 4, -1, 1)
    picture += cover * (green(draws.uniform(-0.8, 0.8), draws.uniform(0, 0.5)) * shade - picture)


class Light(NamedTuple):
    """Where light comes from, and its colour."""

    x: np.float32
    y: np.float32
    colour: Field
    fall: np.float32
    """How much of it is missing on the far side."""

    @classmethod
    def drawn(cls, draws: np.random.Generator) -> "Light":
        """Draw a light."""
        way, warmth, exposure = draws.uniform(0, 2 * np.pi), draws.uniform(-0.12, 0.12), draws.uniform(0.7, 1.25)
        colour = _planes((exposure * (1 + warmth), exposure, exposure * (1 - warmth)))
        return cls(np.float32(np.cos(way)), np.float32(np.sin(way)), colour, np.float32(draws.uniform(0, 0.35)))

    def slope(self, height: Field) -> Field:
        """Return how much a relief rises towards the light."""
        down, right = np.gradient(height, np.float32(2 / len(height)))
        return np.clip(right * self.x - down * self.y, -1, 1)

    def shine_on(self, picture: Field) -> None:
        """Light a whole picture."""
        x, y = grid(picture.shape[-1])
        picture *= (1 + self.fall * (x * self.x + y * self.y)) * self.colour


def cast_shadow(picture: Field, inside: Field, light: Light, draws: np.random.Generator) -> None:
    """Darken the ground where something keeps the light from it."""
    size, distance = len(inside), draws.uniform(0.04, 0.1)
    at = np.arange(size)
    rows = np.clip(at - round(float(light.y) * distance * size / 2), 0, size - 1)
    columns = np.clip(at + round(float(light.x) * distance * size / 2), 0, size - 1)
    shadow = covered(inside, draws.uniform(0.1, 0.3))[rows][:, columns]
    picture *= 1 - np.float32(draws.uniform(0.3, 0.6)) * shadow


def photographed(picture: Field, draws: np.random.Generator) -> Field:
    """Return a picture as a camera takes it: a little out of focus, with noise."""
    blurred = _blurred(picture, np.float32(draws.uniform(0, 0.28)))
    first, second = draws.random((2, *picture.shape), np.float32)
    return blurred + (first + second - 1) * np.float32(draws.uniform(0.01, 0.06))


def _blurred(picture: Field, share: np.float32) -> Field:
    """Give each pixel a share of its neighbours, along both sides."""
    for axis in (1, 2):
        size = picture.shape[axis]
        before = picture.take(np.maximum(np.arange(size) - 1, 0), axis)
        after = picture.take(np.minimum(np.arange(size) + 1, size - 1), axis)
        picture = picture * (1 - 2 * share) + (before + after) * share
    return picture
