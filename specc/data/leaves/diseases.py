"""Diseases of leaves: where lesions are, and what they look like.

A disease gives each point of a blade a distance: 0 in the middle of a lesion, 1 at its edge, more outside. Its look is
a table of colours over that distance, so that rings, rims and halos cost nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import cos, pi, sin
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from specc.data.leaves.blades import Anatomy
from specc.data.leaves.fields import Field, lattice, look_up, noise
from specc.data.randomness import stream

_FARTHEST: Final = 2.5
"""Distance at which no lesion shows any more."""

_ENTRIES: Final = 128

_CANDIDATES: Final = 12
"""Places that are drawn for each lesion; most are not on the blade."""

Ends = tuple[float, float]
"""What a light and what a severe case has. Units: of the blade's plane, where it is a length."""


class Ground(NamedTuple):
    """The blade that lesions are on."""

    x: Field
    y: Field
    anatomy: Anatomy
    holds: Callable[[Field, Field], NDArray[np.bool_]]
    """Says which points lie well within the blade."""


class Lesions(Protocol):
    """Where lesions are."""

    def distance(self, ground: Ground, draws: np.random.Generator, severity: float) -> Field:
        """Return how far each point is from the middle of a lesion; 1 is its edge."""


def _between(ends: Ends, share: float) -> float:
    return ends[0] + (ends[1] - ends[0]) * share


@dataclass(frozen=True)
class Spots:
    """Spots anywhere on the blade."""

    number: Ends
    radius: Ends
    is_angular: bool = False
    """Whether their sides are straight, as veins bound them."""

    def distance(self, ground: Ground, draws: np.random.Generator, severity: float) -> Field:
        """Return the distance from the nearest spot, in its radii."""
        number = round(_between(self.number, severity))
        x, y = draws.random((2, number * _CANDIDATES, 1, 1), np.float32) * 2.2 - 1.1
        chosen = np.flatnonzero(ground.holds(x, y))[:number]
        sizes = _between(self.radius, severity) * (0.6 + 0.8 * draws.random((number, 1, 1), np.float32))
        scale = 1 / sizes[: len(chosen)]
        right, up = (ground.x - x[chosen]) * scale, (ground.y - y[chosen]) * scale
        apart = np.maximum(np.abs(right), np.abs(up - right / 2)) if self.is_angular else np.hypot(right, up)
        nearest: Field = apart.min(0, initial=_FARTHEST)
        return nearest


@dataclass(frozen=True)
class Margin:
    """From the edge inwards, deeper on one side."""

    depth: Ends

    def distance(self, ground: Ground, draws: np.random.Generator, severity: float) -> Field:
        """Return the depth below the edge, in that of the lesion."""
        way = draws.uniform(0, 2 * pi)
        side = ground.x * cos(way) + ground.y * sin(way)
        depth = _between(self.depth, severity) * (side + 0.5).clip(0.1, 1.4)
        distance: Field = ground.anatomy.inside.clip(0) / depth
        return distance


@dataclass(frozen=True)
class Veins:
    """Along the veins."""

    share: Ends
    """How much of the way to the next vein."""

    def distance(self, ground: Ground, draws: np.random.Generator, severity: float) -> Field:
        """Return the distance from the nearest vein, in widths."""
        del draws
        from_side, from_main = ground.anatomy.gap / _between(self.share, severity), 20 * (0.02 - ground.anatomy.main)
        distance: Field = np.minimum(from_side, from_main.clip(0))
        return distance


@dataclass(frozen=True)
class Panels:
    """Between the veins, which keep their colour."""

    share: Ends
    """How much of what lies between two veins."""

    def distance(self, ground: Ground, draws: np.random.Generator, severity: float) -> Field:
        """Return the distance from the middle between two veins, in widths."""
        del draws
        from_middle, in_main = (1 - ground.anatomy.gap) / _between(self.share, severity), 40 * ground.anatomy.main
        distance: Field = np.maximum(from_middle, in_main + 1.3)
        return distance


@dataclass(frozen=True)
class Patches:
    """Patches of any form."""

    cell: Ends
    share: Ends
    """How readily noise becomes a patch, from 0 to 1."""

    def distance(self, ground: Ground, draws: np.random.Generator, severity: float) -> Field:
        """Return the depth below the crests of noise."""
        cell = _between(self.cell, severity)
        height = noise(lattice(draws), ground.x / cell, ground.y / cell)
        return (1 - height) / (2 * _between(self.share, severity))


Stop = tuple[float, tuple[float, float, float], float]
"""A distance, the colour there, and how much of it covers the blade."""


class Disease(NamedTuple):
    """What all leaves with a disease share."""

    name: str
    where: Lesions
    look: tuple[Stop, ...]
    ragged: float = 0.2
    """How much noise moves the edge of lesions."""


def lesions(number: int, ground: Ground, draws: np.random.Generator, rough: Field) -> tuple[Field, Field]:
    """Return the colour of a disease's lesions, and how much of the blade they cover."""
    kind = disease_at(number)
    distance = kind.where.distance(ground, draws, draws.random()) * (1 + kind.ragged * rough)
    colour = np.stack([look_up(column, distance, 0, _FARTHEST) for column in _table(kind.look)])
    return colour[:3], colour[3]


@lru_cache(maxsize=1024)
def _table(look: tuple[Stop, ...]) -> Field:
    """Tabulate a look over the distance. Shapes: red, green, blue and cover, each with its entries."""
    stops = [distance for distance, _, _ in look]
    values = np.array([(*colour, cover) for _, colour, cover in look])
    at = np.linspace(0, _FARTHEST, _ENTRIES)
    return np.array([np.interp(at, stops, column) for column in values.T], np.float32)


def disease_name(number: int) -> str:
    """Return what the disease of a number is called; 0 is none.

    >>> disease_name(0), disease_name(1), disease_name(KINDS + 1)
    ('healthy', 'rust', 'rust_2')
    """
    return disease_at(number).name if number else "healthy"


@lru_cache(maxsize=1024)
def disease_at(number: int) -> Disease:
    """Return a disease by its number, from 1; beyond those below, one of them in other colours and sizes."""
    again, first = divmod(number - 1, len(_KNOWN))
    known = _KNOWN[first]
    if not again:
        return known
    draws = stream(0, "leaves/disease", number)
    tint, scale = draws.uniform(0.5, 1.5, 3), draws.uniform(0.6, 1.5)
    look = tuple(
        (distance * scale, tuple(np.clip(colour * tint, 0, 1)), cover) for distance, colour, cover in known.look
    )
    return known._replace(name=f"{known.name}_{again + 1}", look=look)


_KNOWN: Final = (
    Disease(
        "rust",
        Spots((14, 45), (0.035, 0.055)),
        ((0, (0.45, 0.17, 0.03), 1), (0.5, (0.66, 0.30, 0.05), 1), (1, (0.80, 0.50, 0.10), 0.8),
         (1.4, (0.05, 0.20, 0.05), 0.3), (2.2, (0.05, 0.20, 0.05), 0)),
    ),
    Disease(
        "leaf_spot",
        Spots((4, 11), (0.07, 0.115)),
        ((0, (0.62, 0.50, 0.36), 1), (0.6, (0.50, 0.36, 0.22), 1), (0.85, (0.22, 0.12, 0.08), 1),
         (1.05, (0.25, 0.15, 0.08), 0.9), (1.2, (0.80, 0.75, 0.20), 0.5), (1.7, (0.80, 0.75, 0.20), 0)),
        ragged=0.15,
    ),
    Disease(
        "powdery_mildew",
        Patches((0.24, 0.3), (0.34, 0.5)),
        ((0, (0.80, 0.83, 0.77), 0.85), (0.8, (0.77, 0.81, 0.74), 0.75), (1.05, (0.60, 0.65, 0.58), 0.3),
         (1.4, (0.08, 0.18, 0.08), 0.4)),
    ),
    Disease(
        "blight",
        Margin((0.12, 0.32)),
        ((0, (0.36, 0.24, 0.13), 1), (0.8, (0.46, 0.31, 0.16), 1), (1, (0.55, 0.42, 0.18), 0.9),
         (1.15, (0.78, 0.72, 0.25), 0.7), (1.6, (0.78, 0.74, 0.25), 0)),
        ragged=0.45,
    ),
    Disease(
        "target_spot",
        Spots((1, 4), (0.15, 0.2)),
        ((0, (0.75, 0.66, 0.50), 1), (0.15, (0.35, 0.22, 0.12), 1), (0.32, (0.62, 0.48, 0.30), 1),
         (0.5, (0.33, 0.20, 0.11), 1), (0.68, (0.60, 0.46, 0.28), 1), (0.9, (0.28, 0.17, 0.09), 1),
         (1.05, (0.40, 0.30, 0.12), 0.8), (1.4, (0.75, 0.70, 0.25), 0)),
        ragged=0.1,
    ),
    Disease(
        "chlorosis",
        Panels((0.5, 0.75)),
        ((0, (0.76, 0.80, 0.36), 0.9), (0.7, (0.74, 0.79, 0.34), 0.8), (1.1, (0.60, 0.68, 0.28), 0.1),
         (1.5, (0.05, 0.20, 0.05), 0.4)),
    ),
    Disease(
        "scab",
        Spots((5, 14), (0.065, 0.105)),
        ((0, (0.13, 0.14, 0.07), 0.95), (0.7, (0.20, 0.20, 0.10), 0.9), (1, (0.30, 0.30, 0.13), 0.6),
         (1.3, (0.30, 0.32, 0.12), 0)),
        ragged=0.5,
    ),
    Disease(
        "vein_yellows",
        Veins((0.25, 0.45)),
        ((0, (0.82, 0.82, 0.28), 0.95), (0.7, (0.80, 0.81, 0.27), 0.8), (1.2, (0.60, 0.68, 0.24), 0.1),
         (1.8, (0.05, 0.20, 0.05), 0.4)),
    ),
    Disease(
        "mosaic",
        Patches((0.16, 0.2), (0.42, 0.52)),
        ((0, (0.80, 0.86, 0.40), 0.8), (0.75, (0.72, 0.82, 0.36), 0.75), (0.95, (0.60, 0.75, 0.30), 0.3),
         (1.1, (0.10, 0.25, 0.08), 0.25), (1.6, (0.05, 0.20, 0.06), 0.35)),
    ),
    Disease(
        "angular_spot",
        Spots((6, 15), (0.05, 0.08), is_angular=True),
        ((0, (0.42, 0.30, 0.16), 1), (0.8, (0.30, 0.20, 0.10), 1), (1, (0.22, 0.15, 0.08), 0.95),
         (1.12, (0.70, 0.68, 0.20), 0.4), (1.5, (0.70, 0.68, 0.20), 0)),
        ragged=0.1,
    ),
)  # fmt: skip

KINDS: Final = len(_KNOWN)
"""Diseases that are not a variety of another."""
