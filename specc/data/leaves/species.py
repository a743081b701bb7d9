"""Species of leaves: outline, veins and colour.

A blade lies in a plane of its own: x across it, y from the base at -1 to the tip at about 1. Its outline is a table or
two over one coordinate, so that a point costs the same however many lobes and teeth there are.
"""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

import numpy as np

from specc.data.leaves.fields import Field, look_up
from specc.data.randomness import stream

_ENTRIES: Final = 1024


class Anatomy(NamedTuple):
    """What of a blade is where. Units: of the blade's plane."""

    inside: Field
    """How far a point lies within the outline; below 0 outside."""
    main: Field
    """How far it lies within a main vein; below 0 outside."""
    side: Field
    """How far it lies within a side vein; below 0 outside."""
    gap: Field
    """How far it lies from the nearest side vein. Units: 0 to 1, which is midway to the next."""
    relief: Field
    """How high it lies: a blade sinks towards its veins."""


@dataclass(frozen=True)
class Feathered:
    """A blade about a midrib, from which veins go off in pairs."""

    width: float
    base: float
    """How it narrows to its base: 0.3 bluntly, 1 like a wedge."""
    tip: float
    lobes: float = 0
    """Lobes of a side."""
    depth: float = 0
    """Share of the width that is missing between lobes."""
    teeth: float = 0
    bite: float = 0
    """Share of the width that is missing between teeth."""
    pairs: float = 7
    slope: float = 0.7
    """How steeply veins, lobes and teeth rise."""
    vein: float = 0.011
    """Half the width of a side vein."""
    parallel: int = 0
    """Veins of a side that run from base to tip, instead of pairs."""

    def anatomy(self, x: Field, y: Field) -> Anatomy:
        """Return what is at points of the plane."""
        across = np.abs(x)
        risen = y - np.float32(self.slope) * across * (1 - np.float32(0.35) * across)
        half = look_up(self._half, y, -1, 1) * look_up(self._margin, risen, -2, 2)
        inside = half - across - np.maximum(np.abs(y) - 1, 0)
        main = np.float32(0.026) - np.float32(0.009) * (y + 1) - across
        if self.parallel:
            between = np.maximum(half, np.float32(0.02)) / self.parallel
            turns = across / between
        else:
            between = np.float32(2 / self.pairs / np.hypot(1, self.slope))
            turns = risen * np.float32(self.pairs / 2)
        return Anatomy(inside, main, *_side_veins(self.vein, turns, between))

    @cached_property
    def _half(self) -> Field:
        """Tabulate half the width from base to tip: a power rises, another falls."""
        u = np.linspace(0, 1, _ENTRIES)
        widest = self.base / (self.base + self.tip)
        return (self.width * (u / widest) ** self.base * ((1 - u) / (1 - widest)) ** self.tip).astype(np.float32)

    @cached_property
    def _margin(self) -> Field:
        """Tabulate what lobes and teeth leave of the width."""
        risen = np.linspace(-2, 2, _ENTRIES)
        between_lobes = (1 + np.cos(np.pi * self.lobes * risen)) / 2
        between_teeth = np.mod(risen * self.teeth / 2, 1)
        return ((1 - self.depth * between_lobes) * (1 - self.bite * between_teeth)).astype(np.float32)

    def varied(self, draws: np.random.Generator) -> "Feathered":
        """Return another blade of this kind."""
        width, base, tip, slope = (float(draws.uniform(0.7, 1.4)) for _ in range(4))
        lobes, teeth, pairs = (float(draws.uniform(0.6, 1.6)) for _ in range(3))
        return replace(
            self,
            width=min(self.width * width, 0.8),
            base=self.base * base,
            tip=self.tip * tip,
            slope=self.slope * slope,
            lobes=self.lobes * lobes,
            teeth=self.teeth * teeth,
            pairs=self.pairs * pairs,
        )


@dataclass(frozen=True)
class Spread:
    """A blade about the end of its stalk, from which main veins spread. Units: degrees from the tip."""

    radii: tuple[float, ...]
    """Radius without lobes, at equal angles from the tip to the base."""
    rays: tuple[float, ...] = (0,)
    """Where main veins run."""
    lobes: tuple[float, ...] = ()
    """Radius at the end of each main vein's lobe."""
    breadth: float = 30
    """From the middle of a lobe to its side."""
    point: float = 1
    """Exponent of a lobe: 2 round, 1 pointed."""
    teeth: float = 0
    bite: float = 0
    """Share of the radius that is missing between teeth."""
    pairs: float = 5
    """Side veins of a main one."""
    slope: float = 0.8
    vein: float = 0.011
    below: float = 0.45
    """How far below the middle the stalk ends."""
    fan: float = 0
    """Fine veins that spread from the stalk, instead of main ones."""

    def anatomy(self, x: Field, y: Field) -> Anatomy:
        """Return what is at points of the plane."""
        up = y + np.float32(self.below)
        radius, angle = np.hypot(x, up), np.arctan2(np.abs(x), up)
        inside = look_up(self._radius, angle, 0, np.pi) - radius
        if self.fan:
            fine = _side_veins(self.vein, angle * np.float32(self.fan), radius * np.float32(1 / self.fan))
            return Anatomy(inside, np.full_like(x, -1), *fine)
        off = angle - look_up(self._ray, angle, 0, np.pi)
        along, across = radius * np.cos(off), np.abs(radius * np.sin(off))
        main = np.float32(0.028) - np.float32(0.014) * along - across
        between = np.float32(1.3 / self.pairs / np.hypot(1, self.slope))
        turns = (along - np.float32(self.slope) * across) * np.float32(self.pairs / 1.3)
        return Anatomy(inside, main, *_side_veins(self.vein, turns, between))

    @cached_property
    def _radius(self) -> Field:
        """Tabulate the outline: a cosine series through the radii, lobes over it, teeth on both."""
        angle = np.linspace(0, np.pi, _ENTRIES)
        order = np.arange(len(self.radii))
        series = np.linalg.solve(np.cos(np.outer(order, order) * (np.pi / order[-1])), np.array(self.radii))
        outline = np.cos(np.outer(angle, order)) @ series
        for ray, length in zip(self.rays, self.lobes, strict=False):
            off = np.minimum(np.abs(np.rad2deg(angle) - ray) / self.breadth, 1)
            outline = np.maximum(outline, length * (1 - off**self.point))
        between_teeth = np.abs(np.mod(angle * (self.teeth / np.pi) + 0.5, 1) * 2 - 1)
        return (outline * (1 - self.bite * between_teeth)).astype(np.float32)

    @cached_property
    def _ray(self) -> Field:
        """Tabulate the nearest main vein."""
        angle, rays = np.linspace(0, np.pi, _ENTRIES), np.deg2rad(self.rays)
        return rays[np.abs(angle[:, None] - rays).argmin(1)].astype(np.float32)

    def varied(self, draws: np.random.Generator) -> "Spread":
        """Return another blade of this kind."""
        breadth, point, slope = (float(draws.uniform(0.75, 1.3)) for _ in range(3))
        teeth, pairs = (float(draws.uniform(0.6, 1.6)) for _ in range(2))
        return replace(
            self,
            radii=tuple(radius * float(draws.uniform(0.85, 1.15)) for radius in self.radii),
            lobes=tuple(length * float(draws.uniform(0.8, 1.15)) for length in self.lobes),
            breadth=self.breadth * breadth,
            point=self.point * point,
            slope=self.slope * slope,
            teeth=self.teeth * teeth,
            pairs=self.pairs * pairs,
        )


def _side_veins(half: float, turns: Field, between: Field | np.float32) -> tuple[Field, Field, Field]:
    """Return `side`, `gap` and `relief` of an anatomy, whose side veins lie at whole turns, so far apart."""
    gap = 2 * np.abs(turns - np.rint(turns))
    relief = np.float32(-0.05) * np.cos(turns * np.float32(2 * np.pi)) * between
    return np.float32(half) - gap / 2 * between, gap, relief


class Species(NamedTuple):
    """What all leaves of a species share."""

    name: str
    blade: Feathered | Spread
    tone: float
    """Hue of the green: -1 yellowish, 1 bluish."""
    light: float
    """How light the green is, from 0 to 1."""
    gloss: float
    """How much it shines, from 0 to 1."""
    pale: float
    """How much paler than the blade the veins are; darker below 0."""


@lru_cache(maxsize=1024)
def species_at(number: int) -> Species:
    """Return a species by its number, from 0; beyond those below, a variety of one of them."""
    again, first = divmod(number, len(_KNOWN))
    known = _KNOWN[first]
    if not again:
        return known
    draws = stream(0, "leaves/species", number)
    blade, tone, light = known.blade.varied(draws), draws.uniform(-1, 1), draws.random()
    return known._replace(name=f"{known.name}_{again + 1}", blade=blade, tone=tone, light=light)


_KNOWN: Final = (
    Species(
        "maple",
        Spread((0.62, 0.6, 0.56, 0.5, 0.22), (0, 48, 100), (1.42, 1.25, 0.82), 34, 0.95, teeth=15, bite=0.15, pairs=6),
        tone=-0.3, light=0.55, gloss=0.2, pale=0.5,
    ),
    Species(
        "oak",
        Feathered(0.62, 0.95, 0.55, lobes=4, depth=0.42, pairs=8, slope=0.6),
        tone=0.1, light=0.35, gloss=0.2, pale=0.4,
    ),
    Species(
        "willow",
        Feathered(0.21, 0.6, 0.85, teeth=36, bite=0.1, pairs=18, slope=1.2),
        tone=0.5, light=0.6, gloss=0.3, pale=0.5,
    ),
    Species(
        "linden",
        Spread((1.35, 0.95, 0.8, 0.76, 0.76, 0.77, 0.76, 0.7, 0.4), (0, 42, 84, 130), teeth=40, bite=0.06, below=0.45),
        tone=-0.5, light=0.6, gloss=0.1, pale=0.4,
    ),
    Species(
        "ginkgo",
        Spread((0.95, 1.25, 1.2, 1.2, 1.0, 0.2, 0.02, 0.02, 0.02), below=0.75, fan=15, vein=0.008, teeth=34, bite=0.05),
        tone=-0.5, light=0.7, gloss=0.1, pale=-0.3,
    ),
    Species(
        "laurel",
        Feathered(0.36, 0.7, 0.8, pairs=7, slope=0.5, vein=0.006),
        tone=0.3, light=0.15, gloss=0.9, pale=0.6,
    ),
    Species(
        "ivy",
        Spread((0.75, 0.72, 0.7, 0.66, 0.4), (0, 55, 112), (1.35, 1.1, 0.85), 42, 1.1, pairs=4, vein=0.008),
        tone=0.6, light=0.15, gloss=0.6, pale=1.0,
    ),
    Species(
        "birch",
        Feathered(0.62, 0.36, 0.95, teeth=22, bite=0.16, pairs=7, slope=0.75),
        tone=-0.2, light=0.7, gloss=0.3, pale=0.35,
    ),
    Species(
        "plantain",
        Feathered(0.42, 0.75, 0.7, parallel=4, vein=0.012),
        tone=0.0, light=0.65, gloss=0.3, pale=0.6,
    ),
    Species(
        "fig",
        Spread((0.5, 0.5, 0.52, 0.5, 0.35), (0, 55, 115), (1.4, 1.2, 0.85), 27, 2.4, vein=0.012),
        tone=0.0, light=0.4, gloss=0.2, pale=0.7,
    ),
    Species(
        "holly",
        Feathered(0.52, 0.6, 0.6, lobes=4.5, depth=0.38, pairs=9, slope=-0.1),
        tone=0.4, light=0.1, gloss=1.0, pale=0.5,
    ),
    Species(
        "aspen",
        Spread((1.05, 0.94, 0.9, 0.88, 0.86), (0, 36, 74), teeth=30, bite=0.07, pairs=4, below=0.2),
        tone=-0.4, light=0.75, gloss=0.3, pale=0.3,
    ),
    Species(
        "elm",
        Feathered(0.5, 0.5, 0.75, teeth=30, bite=0.14, pairs=13, slope=0.5, vein=0.012),
        tone=0.2, light=0.45, gloss=0.1, pale=0.3,
    ),
)  # fmt: skip
