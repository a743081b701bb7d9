"""Numbers over an image: where its pixels lie, smooth noise, soft edges.

They are of single precision throughout, which halves the time of a drawing: a plain number leaves a field as it is,
one of numpy's own would widen it.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating]
"""A number a pixel, or a number at each of some points."""

CELLS: Final = 16
"""Cells of a lattice of noise, each way."""


@lru_cache(maxsize=8)
def grid(size: int) -> tuple[Field, Field]:
    """Return where the pixels of a square image lie: to the right, and up. Units: half its side."""
    side = ((np.arange(size) + 0.5) * (2 / size) - 1).astype(np.float32)
    x, y = np.meshgrid(side, -side)
    return x, y


def look_up(table: Field, x: Field, low: float, high: float) -> Field:
    """Return a table's nearest entry at each x; the table goes from `low` to `high`, and on as it ends.

    >>> look_up(np.array([5, 6, 7], np.float32), np.array([-9, 0.1, 0.6], np.float32), 0, 1)
    array([5., 5., 6.], dtype=float32)
    """
    entries = np.rint((x - low) * ((len(table) - 1) / (high - low)))
    found: Field = table.take(entries.astype(np.int32), mode="clip")
    return found


def lattice(draws: np.random.Generator) -> Field:
    """Draw the numbers that noise goes through. Units: -1 to 1."""
    return draws.random((CELLS, CELLS), np.float32) * 2 - 1


def noise(knots: Field, x: Field, y: Field) -> Field:
    """Return smooth noise at points (value noise); it repeats after `CELLS`. Units: -1 to 1."""
    left, low = np.floor(x), np.floor(y)
    right, up = _eased(x - left), _eased(y - low)
    column, row = left.astype(np.int32) % CELLS, low.astype(np.int32) % CELLS
    here, beside = row * CELLS + column, row * CELLS + (column + 1) % CELLS
    next_row = np.roll(knots, -1, axis=0)
    below = _mixed(knots.take(here), knots.take(beside), right)
    above = _mixed(next_row.take(here), next_row.take(beside), right)
    return _mixed(below, above, up)


def _eased(share: Field) -> Field:
    return share * share * (3 - 2 * share)


def _mixed(first: Field, second: Field, share: Field) -> Field:
    return first + (second - first) * share


def clouds(draws: np.random.Generator, size: int, wide: int, high: int) -> Field:
    """Return noise over a whole image, so many cells wide and high. Units: 0 to 1."""
    knots = draws.random((high + 1, wide + 1), np.float32)
    return _stretched(_stretched(knots, size).T, size).T


def _stretched(knots: Field, size: int) -> Field:
    """Return what lies between the columns of a lattice, at so many places."""
    at = ((np.arange(size) + 0.5) * ((knots.shape[1] - 1) / size)).astype(np.float32)
    left = np.floor(at)
    column = left.astype(np.int32)
    return _mixed(knots[:, column], knots[:, column + 1], _eased(at - left))


def covered(inside: Field, pixel: float) -> Field:
    """Return how much of each pixel a shape covers, from the depth below its edge. Units: 0 to 1.

    >>> covered(np.array([-1, 0, 0.25, 3], np.float32), 1)
    array([0.  , 0.5 , 0.75, 1.  ], dtype=float32)
    """
    return (inside / pixel + 0.5).clip(0, 1)
