"""Species of leaves: outline, veins and colour.

A blade is described in its own plane: x across it, y from the base at -1 to the tip at about 1. Its outline is one
table over one coordinate, so that a point costs two or three look-ups however many lobes and teeth there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from specc.data.leaves.fields import Field, look_up
from specc.data.randomness import stream

_ENTRIES: Final = 1024
_DEGREE: Final = np.pi / 180


class Anatomy(NamedTuple):
    """What of a blade is where."""

    inside: Field
    """How far a point lies within the outline; below 0 outside."""
    vein: Field
    """How far it lies within a vein."""
    phase: Field
    """Where it lies between two secondary veins: whole numbers are veins."""


@dataclass(frozen=True)
class Feathered:
    """A blade about a midrib, from which veins go off in pairs. Units: of the blade's plane."""

    width: float
    base: float
    """How the blade narrows to its base: 0.3 bluntly, 1 like a wedge."""
    tip: float
    lobes: float = 0
    """Lobes on a side; half a one moves them."""
    depth: float = 0
    """Share of the width that lies between lobes."""
    teeth: int = 0
    bite: float = 0
    pairs: int = 7
    slope: float = 0.7
    """How steeply veins, lobes and teeth rise."""
    vein: float = 0.011
    parallel: int = 0
    """Veins on a side that run from base to tip, instead of pairs."""

    def anatomy(self, x: Field, y: Field) -> Anatomy:
        """Return what is at points of the blade's plane."""
        across = np.abs(x)
        along = y - np.float32(self.slope) * across * (1 - np.float32(0.35) * across)
        half = look_up(self._halves, y, -1, 1) * look_up(self._margin, along, -2, 2)
        beyond = np.maximum(np.abs(y) - 1, 0)
        inside = half - across - beyond
        midrib = np.float32(0.026) - np.float32(0.009) * (y + 1) - across
        if self.parallel:
            phase = across / np.maximum(half, np.float32(0.02)) * self.parallel
            spacing = half / self.parallel
        else:
            phase = along * np.float32(self.pairs / 2)
            spacing = np.float32(2 / self.pairs / np.hypot(1, self.slope))
        off = np.abs(phase - np.rint(phase)) * spacing
        return Anatomy(inside, np.maximum(midrib, np.float32(self.vein) - off), phase)

    @property
    def _halves(self) -> Field:
        return _halves(self.width, self.base, self.tip)

    @property
    def _margin(self) -> Field:
        return _margin(self.lobes, self.depth, self.teeth, self.bite)


@lru_cache(maxsize=4096)
def _halves(width: float, base: float, tip: float) -> Field:
    """Tabulate half the width over the length: a power rises from the base, another falls to the tip."""
    u = np.linspace(0, 1, _ENTRIES)
    widest = base / (base + tip)
    return (width * (u / widest) ** base * ((1 - u) / (1 - widest)) ** tip).astype(np.float32)


@lru_cache(maxsize=4096)
def _margin(lobes: float, depth: float, teeth: int, bite: float) -> Field:
    """Tabulate by how much lobes and teeth narrow the blade."""
    along = np.linspace(-2, 2, _ENTRIES)
    wave = (1 + np.cos(np.pi * lobes * along)) / 2
    saw = np.mod(along * teeth / 2, 1)
    return ((1 - depth * wave) * (1 - bite * saw)).astype(np.float32)


@dataclass(frozen=True)
class Spread:
    """A blade about the point where its stalk ends, from which main veins spread. Units: degrees from the tip."""

    radii: Sequence[float]
    """Radius of the blade without its lobes, at equal angles from the tip to the base."""
    rays: Sequence[float] = (0,)
    """Where main veins run."""
    lengths: Sequence[float] = ()
    """Radius at the tip of each ray's lobe."""
    breadth: float = 30
    """Angle from the middle of a lobe to its side."""
    point: float = 1
    """Exponent of a lobe: 2 round, 1 straight, 0.7 drawn out."""
    teeth: int = 0
    bite: float = 0
    pairs: int = 5
    slope: float = 0.8
    vein: float = 0.011
    below: float = 0.45
    """How far below the middle the stalk ends."""
    fan: int = 0
    """Fine veins that spread from the stalk, instead of main ones."""

    def anatomy(self, x: Field, y: Field) -> Anatomy:
        """Return what is at points of the blade's plane."""
        up = y + np.float32(self.below)
        radius = np.hypot(x, up)
        angle = np.arctan2(np.abs(x), up)
        edge = look_up(self._radius, angle, 0, np.pi)
        inside = edge - radius
        if self.fan:
            phase = angle * np.float32(self.fan)
            off = np.abs(phase - np.rint(phase)) * radius * np.float32(1 / self.fan)
            return Anatomy(inside, np.float32(self.vein) - off, phase)
        apart = angle - look_up(self._ray, angle, 0, np.pi)
        along, across = radius * np.cos(apart), np.abs(radius * np.sin(apart))
        main = np.float32(0.028) - np.float32(0.014) * along - across
        phase = (along - np.float32(self.slope) * across) * np.float32(self.pairs / 1.3)
        off = np.abs(phase - np.rint(phase)) * np.float32(1.3 / self.pairs / np.hypot(1, self.slope))
        return Anatomy(inside, np.maximum(main, np.float32(self.vein) - off), phase)

    @property
    def _radius(self) -> Field:
        return _radius(self)

    @property
    def _ray(self) -> Field:
        return _ray(tuple(self.rays))


@lru_cache(maxsize=4096)
def _radius(blade: Spread) -> Field:
    """Tabulate the outline: a cosine series through the radii, the lobes over it, teeth on both."""
    angle = np.linspace(0, np.pi, _ENTRIES)
    order = np.arange(len(blade.radii))
    knots = np.pi * order / order[-1]
    weights = np.linalg.solve(np.cos(np.outer(knots, order)), np.array(blade.radii))
    outline = np.cos(np.outer(angle, order)) @ weights
    for ray, length in zip(blade.rays, blade.lengths, strict=bool(blade.lengths)):
        off = np.abs(angle - ray * _DEGREE) / (blade.breadth * _DEGREE)
        outline = np.maximum(outline, length * np.maximum(1 - np.minimum(off, 1) ** blade.point, 0))
    saw = np.abs(np.mod(angle * blade.teeth / np.pi, 1) * 2 - 1)
    return (outline * (1 - blade.bite * saw)).astype(np.float32)


@lru_cache(maxsize=4096)
def _ray(rays: tuple[float, ...]) -> Field:
    """Tabulate the nearest main vein."""
    angle = np.linspace(0, np.pi, _ENTRIES)[:, None]
    known = np.array(rays) * _DEGREE
    return known[np.abs(angle - known).argmin(1)].astype(np.float32)


class Species(NamedTuple):
    """What all leaves of a species share."""

    name: str
    blade: Feathered | Spread
    tone: float
    """Hue of the green: -1 yellowish, 1 bluish."""
    light: float
    """How light the green is: 0 dark, 1 light."""
    gloss: float
    pale: float
    """How much paler than the blade the veins are; darker below 0."""


_KNOWN: Final = (
    Species(
        "maple",
        Spread((0.5, 0.5, 0.48, 0.45, 0.3), (0, 46, 98), (1.4, 1.2, 0.8), 29, 0.9, 26, 0.1, pairs=6),
        -0.3, 0.55, 0.2, 0.5,
    ),
    Species("oak", Feathered(0.62, 0.95, 0.55, 4, 0.42, pairs=8, slope=0.6), 0.1, 0.35, 0.2, 0.4),
    Species("willow", Feathered(0.21, 0.6, 0.85, teeth=36, bite=0.1, pairs=18, slope=1.2), 0.5, 0.6, 0.3, 0.5),
    Species(
        "linden",
        Spread((1.42, 0.86, 0.86, 0.82, 0.82, 0.84, 0.5), (0, 42, 84, 130), teeth=44, bite=0.06, pairs=6, below=0.35),
        -0.5, 0.6, 0.1, 0.4,
    ),
    Species(
        "ginkgo",
        Spread((0.95, 1.3, 1.25, 1.25, 0.1, 0.02, 0.02, 0.02, 0.02), fan=26, below=0.8, vein=0.008, teeth=40, bite=0.04),
        -0.9, 0.75, 0.1, -0.35,
    ),
    Species("laurel", Feathered(0.36, 0.7, 0.8, pairs=7, slope=0.5, vein=0.006), 0.3, 0.15, 0.9, 0.6),
    Species(
        "ivy",
        Spread((0.6, 0.66, 0.66, 0.62, 0.4), (0, 52, 105), (1.35, 1.1, 0.85), 34, 1.15, pairs=4, vein=0.008),
        0.6, 0.15, 0.6, 1.0,
    ),
    Species("birch", Feathered(0.62, 0.36, 0.95, teeth=22, bite=0.16, pairs=7, slope=0.75), -0.2, 0.7, 0.3, 0.35),
    Species("plantain", Feathered(0.42, 0.75, 0.7, parallel=4, vein=0.012), 0.0, 0.65, 0.3, 0.6),
    Species(
        "fig",
        Spread((0.45, 0.45, 0.5, 0.5, 0.4), (0, 55, 115), (1.4, 1.15, 0.85), 27, 2.4, pairs=5, vein=0.012),
        0.0, 0.4, 0.2, 0.7,
    ),
    Species("holly", Feathered(0.52, 0.6, 0.6, 4.5, 0.35, pairs=9, slope=-0.1), 0.4, 0.1, 1.0, 0.5),
    Species(
        "aspen",
        Spread((1.0, 0.9, 0.88, 0.86, 0.85), (0, 40, 80), teeth=26, bite=0.1, pairs=4, below=0.2),
        -0.4, 0.75, 0.3, 0.3,
    ),
    Species("elm", Feathered(0.5, 0.5, 0.75, teeth=30, bite=0.14, pairs=13, slope=0.5, vein=0.012), 0.2, 0.45, 0.1, 0.3),
)  # fmt: skip


def species(number: int) -> Species:
    """Return a species; beyond those that have a name of their own, a variety of one."""
    return _KNOWN[number % len(_KNOWN)]
