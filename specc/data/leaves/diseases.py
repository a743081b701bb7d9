"""Diseases of leaves: where lesions are, and what they look like.

A disease gives each point of a blade a distance: 0 in the middle of a lesion, 1 at its edge, more outside. Its look is
a table of colours over that distance, so that rings, rims and halos cost nothing.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from specc.data.leaves.fields import Field, look_up, noise
from specc.data.leaves.species import Anatomy

Stop = tuple[float, tuple[float, float, float], float]
"""A distance, the colour there, and how much of it covers the blade."""

FARTHEST: Final = 2.5
"""Distance at which no lesion shows any more."""

_ENTRIES: Final = 128


class Ground(NamedTuple):
    """The blade that lesions are on."""

    x: Field
    y: Field
    anatomy: Anatomy
    rough: Field
    """Smooth noise. Units: -1 to 1."""
    holds: Callable[[Field, Field], NDArray[np.bool_]]
    """Says whether points lie well within the blade."""


Spread = Callable[["Disease", Ground, np.random.Generator, float], Field]
"""Gives each point its distance, for a severity from 0 to 1."""


class Disease(NamedTuple):
    """What all leaves with a disease share."""

    name: str
    spread: Spread
    look: tuple[Stop, ...]
    number: tuple[float, float] = (0, 0)
    """Lesions of a light and of a severe case."""
    size: tuple[float, float] = (0.1, 0.1)
    """Their radius, or how deep or wide they are. Units: of the blade's plane."""
    ragged: float = 0.3


def _between(ends: tuple[float, float], share: float) -> float:
    return ends[0] + (ends[1] - ends[0]) * share


def _spots(disease: Disease, ground: Ground, draws: np.random.Generator, severity: float) -> Field:
    """Spots anywhere on the blade."""
    x, y, radius = _scattered(disease, ground, draws, severity)
    square = _square(ground.x, x) + _square(ground.y, y)
    square *= (1 / radius**2)[:, None, None]
    return np.sqrt(square.min(0)) * (1 + np.float32(disease.ragged) * ground.rough)


def _angles(disease: Disease, ground: Ground, draws: np.random.Generator, severity: float) -> Field:
    """Spots with straight sides, as veins bound them."""
    x, y, radius = _scattered(disease, ground, draws, severity)
    lean = np.float32(0.5)
    near = np.maximum(
        np.abs(ground.x - x[:, None, None]), np.abs(ground.y - y[:, None, None] - lean * np.abs(ground.x - x[:, None, None]))
    )
    near *= (1 / radius)[:, None, None]
    return near.min(0) * (1 + np.float32(disease.ragged) * ground.rough)


def _margin(disease: Disease, ground: Ground, draws: np.random.Generator, severity: float) -> Field:
    """From the edge inwards, deeper on one side."""
    way = draws.random() * 2 * np.pi
    side = ground.x * np.float32(np.cos(way)) + ground.y * np.float32(np.sin(way))
    depth = np.float32(_between(disease.size, severity)) * np.clip(side * np.float32(0.9) + np.float32(0.5), 0.1, 1.4)
    return np.maximum(ground.anatomy.inside, 0) / depth * (1 + np.float32(disease.ragged) * ground.rough)


def _veins(disease: Disease, ground: Ground, draws: np.random.Generator, severity: float) -> Field:
    """Along the veins."""
    del draws
    width = np.float32(_between(disease.size, severity))
    return np.maximum(np.float32(0.015) - ground.anatomy.vein, 0) / width * (1 + np.float32(disease.ragged) * ground.rough)


def _panels(disease: Disease, ground: Ground, draws: np.random.Generator, severity: float) -> Field:
    """Between the veins, which keep their colour."""
    del draws
    width = np.float32(_between(disease.size, severity))
    return 2 + np.float32(disease.ragged) * ground.rough + ground.anatomy.vein / width


def _patches(disease: Disease, ground: Ground, draws: np.random.Generator, severity: float) -> Field:
    """In patches of any form; the severity says how much of the blade they cover."""
    lattice = draws.random((16, 16), np.float32)
    cell = np.float32(1 / _between(disease.size, severity))
    patch = noise(lattice, ground.x * cell + 8, ground.y * cell + 8)
    return (1 - patch) * np.float32(1 / _between(disease.number, severity)) + np.float32(0.1) * ground.rough


def _square(points: Field, centres: Field) -> Field:
    apart = points - centres[:, None, None]
    apart *= apart
    return apart


def _scattered(
    disease: Disease, ground: Ground, draws: np.random.Generator, severity: float
) -> tuple[Field, Field, Field]:
    """Place lesions on the blade; return where they are, and their radii."""
    number = round(_between(disease.number, severity))
    x, y = (draws.random((2, 12 * number), np.float32) - np.float32(0.5)) * np.float32(2.2)
    chosen = np.flatnonzero(ground.holds(x, y))[:number]
    radius = _between(disease.size, severity) * (0.6 + 0.8 * draws.random(number, np.float32))
    return x[chosen], y[chosen], radius[: len(chosen)]


_KNOWN: Final = (
    Disease(
        "rust",
        _spots,
        ((0, (0.55, 0.22, 0.04), 1), (0.6, (0.80, 0.40, 0.06), 1), (1, (0.88, 0.62, 0.12), 0.8), (1.9, (0.85, 0.8, 0.2), 0)),
        (22, 60), (0.035, 0.055), 0.2,
    ),
    Disease(
        "leaf_spot",
        _spots,
        ((0, (0.62, 0.50, 0.36), 1), (0.6, (0.50, 0.36, 0.22), 1), (0.85, (0.22, 0.12, 0.08), 1), (1.05, (0.25, 0.15, 0.08), 0.9),
         (1.2, (0.8, 0.75, 0.2), 0.5), (1.7, (0.8, 0.75, 0.2), 0)),
        (5, 14), (0.08, 0.12), 0.25,
    ),
    Disease(
        "powdery_mildew",
        _patches,
        ((0, (0.93, 0.94, 0.92), 0.95), (0.8, (0.9, 0.92, 0.9), 0.85), (1.0, (0.85, 0.88, 0.85), 0.5), (1.35, (0.85, 0.88, 0.85), 0)),
        (0.42, 0.62), (0.28, 0.34),
    ),
    Disease(
        "blight",
        _margin,
        ((0, (0.36, 0.24, 0.13), 1), (0.8, (0.46, 0.31, 0.16), 1), (1, (0.55, 0.42, 0.18), 0.9), (1.15, (0.78, 0.72, 0.25), 0.7),
         (1.6, (0.78, 0.74, 0.25), 0)),
        size=(0.18, 0.4), ragged=0.55,
    ),
    Disease(
        "target_spot",
        _spots,
        ((0, (0.75, 0.66, 0.5), 1), (0.15, (0.35, 0.22, 0.12), 1), (0.32, (0.62, 0.48, 0.3), 1), (0.5, (0.33, 0.2, 0.11), 1),
         (0.68, (0.6, 0.46, 0.28), 1), (0.9, (0.28, 0.17, 0.09), 1), (1.05, (0.4, 0.3, 0.12), 0.8), (1.4, (0.75, 0.7, 0.25), 0)),
        (2, 5), (0.16, 0.21), 0.12,
    ),
    Disease(
        "chlorosis",
        _panels,
        ((0, (0.93, 0.88, 0.42), 0.9), (0.6, (0.9, 0.86, 0.38), 0.85), (1.3, (0.85, 0.84, 0.35), 0)),
        size=(0.045, 0.03), ragged=0.5,
    ),
    Disease(
        "scab",
        _spots,
        ((0, (0.13, 0.14, 0.07), 0.95), (0.7, (0.2, 0.2, 0.1), 0.9), (1, (0.3, 0.3, 0.13), 0.6), (1.3, (0.3, 0.32, 0.12), 0)),
        (7, 18), (0.07, 0.11), 0.8,
    ),
    Disease(
        "vein_yellows",
        _veins,
        ((0, (0.95, 0.88, 0.25), 1), (0.7, (0.93, 0.86, 0.25), 0.9), (1.3, (0.9, 0.85, 0.25), 0)),
        size=(0.035, 0.05), ragged=0.3,
    ),
    Disease(
        "mosaic",
        _patches,
        ((0, (0.8, 0.86, 0.4), 0.8), (0.75, (0.72, 0.82, 0.36), 0.75), (0.95, (0.6, 0.75, 0.3), 0.3), (1.1, (0.1, 0.25, 0.08), 0.25),
         (1.6, (0.05, 0.2, 0.06), 0.35)),
        (0.42, 0.52), (0.16, 0.2),
    ),
    Disease(
        "angular_spot",
        _angles,
        ((0, (0.42, 0.3, 0.16), 1), (0.8, (0.3, 0.2, 0.1), 1), (1, (0.22, 0.15, 0.08), 0.95), (1.12, (0.7, 0.68, 0.2), 0.4), (1.5, (0.7, 0.68, 0.2), 0)),
        (8, 18), (0.05, 0.08), 0.1,
    ),
)  # fmt: skip


@lru_cache(maxsize=1024)
def _table(look: tuple[Stop, ...]) -> Field:
    """Tabulate a look. Shapes: red, green, blue and cover, each over the distance."""
    at = np.linspace(0, FARTHEST, _ENTRIES)
    stops = np.array([stop[0] for stop in look])
    values = np.array([[*colour, cover] for _, colour, cover in look])
    table = np.array([np.interp(at, stops, column) for column in values.T])
    return table.astype(np.float32)


def lesions(disease: Disease, ground: Ground, draws: np.random.Generator, severity: float) -> tuple[list[Field], Field]:
    """Return the colour of lesions in three channels, and how much of the blade they cover."""
    distance = disease.spread(disease, ground, draws, severity)
    index = np.clip(distance * np.float32((_ENTRIES - 1) / FARTHEST), 0, _ENTRIES - 1).astype(np.int32)
    *colour, cover = (column.take(index) for column in _table(disease.look))
    return colour, cover


def disease(number: int) -> Disease:
    return _KNOWN[number % len(_KNOWN)]
