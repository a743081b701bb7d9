"""Numbers over an image: where its pixels lie, smooth noise, soft edges."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field = NDArray[np.float32]
"""A number a pixel, or a number at each of some points."""

LATTICE = 16
"""Side of a lattice of noise; noise repeats after so many units."""


@lru_cache(maxsize=8)
def grid(size: int) -> tuple[Field, Field]:
    """Return where the pixels of a square image lie: to the right, and up. Units: half its side."""
    side = ((np.arange(size) + 0.5) * (2 / size) - 1).astype(np.float32)
    x, y = np.meshgrid(side, -side)
    return x, y


def look_up(table: Field, x: Field, low: float, high: float) -> Field:
    """Return a table's nearest entry at each x; the table goes from `low` to `high` and stays level outside."""
    scale = np.float32((len(table) - 1) / (high - low))
    index = ((x - np.float32(low)) * scale + np.float32(0.5)).astype(np.int32)
    return table.take(index, mode="clip")


def noise(lattice: Field, x: Field, y: Field) -> Field:
    """Return smooth noise between random numbers on a lattice (value noise). Shapes: `lattice` is LATTICE x LATTICE."""
    column, row = np.floor(x), np.floor(y)
    right, up = _eased(x - column), _eased(y - row)
    left, low = column.astype(np.int32) % LATTICE, row.astype(np.int32) % LATTICE
    here = low * LATTICE + left
    beside = low * LATTICE + (left + 1) % LATTICE
    rows = np.roll(lattice, -1, axis=0).ravel()
    flat = lattice.ravel()
    below = flat.take(here)
    below += (flat.take(beside) - below) * right
    above = rows.take(here)
    above += (rows.take(beside) - above) * right
    return below + (above - below) * up


def _eased(share: Field) -> Field:
    return share * share * (3 - 2 * share)


def clouds(draws: np.random.Generator, size: int, wide: int, high: int) -> Field:
    """Return noise over a whole image, so many cells wide and high. Units: 0 to 1."""
    cells = Image.fromarray(draws.random((high + 1, wide + 1), np.float32))
    return np.clip(np.asarray(cells.resize((size, size), Image.Resampling.BICUBIC)), 0, 1)


def covered(inside: Field, pixel: float) -> Field:
    """Return how much of each pixel lies inside a shape, from the depth below its edge. Units: as `pixel`."""
    return np.clip(inside * np.float32(1 / pixel) + np.float32(0.5), 0, 1)
